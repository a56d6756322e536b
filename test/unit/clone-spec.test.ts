import { describe, expect, it } from 'vitest';
import { specOfClone, withImage, withMemberDefaults } from '../../src/engine/clone-spec.ts';
import type { ContainerRecord, ContainerSpec, ImageRecord } from '../../src/store/records.ts';

const image = (id: string, config: ImageRecord['config']['config']) =>
  ({ id, names: [`localhost/${id}:1`], config: { config } }) as unknown as ImageRecord;

const old = image('old', {
  Env: ['PATH=/bin', 'COLOUR=green'],
  Cmd: ['serve'],
  Entrypoint: ['app'],
  User: 'app',
  Labels: { version: '1', maker: 'us' },
  ExposedPorts: { '80/tcp': {} },
  Volumes: { '/data': {} },
  StopSignal: 'SIGINT',
});
const next = image('next', {
  Env: ['PATH=/usr/bin', 'NEW=1'],
  Cmd: ['serve', '--fast'],
  User: 'www',
  Labels: { version: '2' },
  ExposedPorts: { '8080/tcp': {} },
  Volumes: { '/data': {}, '/cache': {} },
});

const spec = {
  imageName: 'localhost/old:1',
  rootfs: { kind: 'image', imageId: 'old' },
  args: ['app', 'serve'],
  entrypoint: ['app'],
  command: ['serve'],
  env: { PATH: '/bin', COLOUR: 'red', OWN: 'x' },
  labels: { version: '1', maker: 'them' },
  user: 'app',
  workdir: '/work',
  hostname: 'abcdef012345',
  stopSignal: 2,
  exposedPorts: ['80/tcp', '99/udp'],
  mounts: [{ type: 'volume', source: 'kept', destination: '/data', options: [] }],
  cidFile: '/tmp/id',
  pidFile: '/tmp/pid',
  log: { driver: 'k8s-file', name: 'k8s-file', path: '/tmp/log' },
} as unknown as ContainerSpec;

describe('the spec of a clone (B1)', () => {
  it('has what its image had of the old one from the new one, and keeps what was asked for', () => {
    expect(withImage(spec, old, next, 'next')).toMatchObject({
      imageName: 'localhost/next:1',
      rootfs: { kind: 'image', imageId: 'next' },
      entrypoint: [],
      command: ['serve', '--fast'],
      args: ['serve', '--fast'],
      env: { PATH: '/usr/bin', NEW: '1', COLOUR: 'red', OWN: 'x' },
      labels: { version: '2', maker: 'them' },
      user: 'www',
      workdir: '/work',
      stopSignal: 15,
      exposedPorts: ['8080/tcp', '99/udp'],
      mounts: [{ source: 'kept' }, { type: 'volume', source: '', destination: '/cache' }],
    });
    const own = { ...spec, command: ['other'], user: '5' };
    expect(withImage(own, old, next, 'next')).toMatchObject({ args: ['other'], user: '5' });
    expect(() => withImage(spec, old, undefined, 'host')).toThrow('no command or entrypoint provided');
    expect(withImage(own, old, undefined, 'host')).toMatchObject({
      imageName: 'host',
      rootfs: { kind: 'host' },
    });
  });

  it('has a name of its own where the original had one of its id', () => {
    const of = (hostname: string) =>
      specOfClone({ id: 'abcdef0123456789', spec: { ...spec, hostname } } as ContainerRecord, 'f'.repeat(64));
    expect(of('abcdef012345').hostname).toBe('ffffffffffff');
    expect(of('chosen')).toMatchObject({ hostname: 'chosen' });
    expect(of('chosen')).not.toHaveProperty('cidFile');
    expect(of('chosen')).not.toHaveProperty('pidFile');
    expect(of('chosen').log).toEqual({ driver: 'k8s-file', name: 'k8s-file' });
  });

  it('has what its pod gives to its containers, where nothing else was asked for', () => {
    const members = {
      volumes: ['more:/more', 'other:/data'],
      inherited: [{ type: 'volume' as const, source: 'third', destination: '/third', options: ['ro'] }],
      securityOptions: ['no-new-privileges'],
      devices: ['/dev/null:/dev/nil'],
      pid: 'host',
      noHosts: true,
    };
    const joined = withMemberDefaults({ ...spec, namespaces: { pid: 'private' } }, members, false);
    expect(joined.mounts.map(({ source }) => source)).toEqual(['kept', 'more', 'third']);
    expect(joined).toMatchObject({
      noNewPrivileges: true,
      devices: [{ source: '/dev/null', destination: '/dev/nil' }],
      namespaces: { pid: 'private' },
      noHosts: true,
    });
    expect(withMemberDefaults(joined, members, false)).toEqual(joined);
  });
});
