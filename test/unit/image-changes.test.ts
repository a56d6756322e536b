import { describe, expect, it } from 'vitest';
import { applyChanges, type Settings } from '../../src/image/changes.ts';

function changed(changes: readonly string[], before: Settings = {}): Settings {
  const settings = { ...before };
  applyChanges(settings, changes);
  return settings;
}

describe('--change', () => {
  it.each<[string, Settings]>([
    ['CMD ["a", "b c"]', { Cmd: ['a', 'b c'] }],
    ['CMD=/bin/sh', { Cmd: ['/bin/sh', '-c', '/bin/sh'] }],
    ['cmd [ -f x ] && y', { Cmd: ['/bin/sh', '-c', '[ -f x ] && y'] }],
    ['ENTRYPOINT ["e"]', { Entrypoint: ['e'] }],
    ['ENV A=b C="d e" F=g\\ h', { Env: ['A=b', 'C=d e', 'F=g h'] }],
    ['ENV A b c', { Env: ['A=b c'] }],
    ['EXPOSE 80 53/UDP 8000-8010', { ExposedPorts: { '80/tcp': {}, '53/udp': {}, '8000-8010/tcp': {} } }],
    ["LABEL a='b c' d=", { Labels: { a: 'b c', d: '' } }],
    ['VOLUME ["/a b"]', { Volumes: { '/a b': {} } }],
    ['VOLUME /a /b', { Volumes: { '/a': {}, '/b': {} } }],
    ['USER app:app', { User: 'app:app' }],
    ['WORKDIR /w', { WorkingDir: '/w' }],
    ['STOPSIGNAL SIGINT', { StopSignal: 'SIGINT' }],
    ['ONBUILD RUN x', { OnBuild: ['RUN x'] }],
  ])('B1: %s', (change, expected) => {
    expect(changed([change])).toEqual(expected);
  });

  it('B1: what is there is added to, or replaced by its key', () => {
    const before = { Env: ['A=1', 'B=2'], Labels: { x: 'y' }, ExposedPorts: { '1/tcp': {} } };
    expect(changed(['ENV A=3', 'LABEL z=1', 'EXPOSE 2'], before)).toEqual({
      Env: ['B=2', 'A=3'],
      Labels: { x: 'y', z: '1' },
      ExposedPorts: { '1/tcp': {}, '2/tcp': {} },
    });
    expect(before.Env).toEqual(['A=1', 'B=2']);
  });

  it.each([
    ['RUN x', 'invalid instruction RUN'],
    ['constructor x', 'invalid instruction constructor'],
    ['CMD', 'it is no instruction with a value'],
    ['EXPOSE many', '"many" is no port'],
    ['ENV A', 'a value is missing'],
    ['', 'it is no instruction with a value'],
  ])('E6: %s is refused', (change, why) => {
    expect(() => changed([change])).toThrow(`invalid change "${change}" - ${why}`);
  });
});
