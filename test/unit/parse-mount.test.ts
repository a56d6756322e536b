import { describe, expect, it } from 'vitest';
import { inheritedMounts, resolveMounts } from '../../src/engine/container-mounts.ts';
import { parseLog } from '../../src/engine/parse-log.ts';
import { parseMount, parseVolumesFrom } from '../../src/engine/parse-mount.ts';
import type { ContainerCreateRequest } from '../../src/engine/requests.ts';
import type { ContainerRecord, MountSpec } from '../../src/store/records.ts';

describe('--mount (B5)', () => {
  it.each([
    ['type=bind,source=/usr,target=/x,ro', 'bind', '/usr', '/x', ['ro']],
    ['type=bind,src=usr,dst=/x/', 'bind', '/usr', '/x', []],
    [
      'type=bind,src=/usr,destination=/x,readonly=false,bind-propagation=rshared,bind-nonrecursive,relabel=private,chown',
      'bind',
      '/usr',
      '/x',
      ['rw', 'rshared', 'bind', 'Z', 'U'],
    ],
    ['type=volume,source=data,target=/x,nosuid', 'volume', 'data', '/x', ['nosuid']],
    ['target=/x', 'volume', '', '/x', []],
    [
      'type=tmpfs,target=/x,tmpfs-size=1m,tmpfs-mode=1777,notmpcopyup',
      'tmpfs',
      '',
      '/x',
      ['size=1048576', 'mode=1777', 'notmpcopyup'],
    ],
    ['type=image,source=docker.io/x:1,target=/x', 'image', 'docker.io/x:1', '/x', ['ro']],
    ['type=image,source=x,target=/x,readwrite=true', 'image', 'x', '/x', ['rw']],
    ['type=devpts,target=/dev/pts,gid=5,mode=600', 'devpts', '', '/dev/pts', ['gid=5', 'mode=600']],
  ])('%s', (word, type, source, destination, options) => {
    expect(parseMount(word, '/')).toEqual({ type, source, destination, options });
  });

  it.each([
    ['type=foo,target=/x', 'invalid filesystem type "foo"'],
    ['type=image,source=x', 'must set source and destination for image volume'],
    ['type=image,source=x,target=/x,nosuid', 'nosuid: invalid mount option'],
    ['type=image,source=x,target=/x,rw=x', 'invalid rw value "x": invalid mount option'],
    ['type=bind,source=/usr', 'must set volume destination'],
    ['type=bind,target=/x', 'must set source for bind mounts'],
    ['type=bind,source=/none,target=/x', 'statfs /none: no such file or directory'],
    ['type=bind,source=/usr,target=x', 'must be an absolute path'],
    ['type=bind,source=/usr,target=/', "would cover the container's root"],
    ['type=bind,source=/usr,target=/x,foo=y', 'foo: invalid mount option'],
    ['type=bind,source=/usr,target=/x,ro=maybe', 'ro: invalid mount option'],
    ['type=tmpfs,target=/x,source=/y', 'source is not supported with tmpfs mounts'],
    ['type=tmpfs,target=/x,tmpfs-size=x', "invalid size: 'x'"],
    ['type=tmpfs,target=/x,tmpfs-mode=999', 'tmpfs-mode: invalid mount option'],
    ['type=devpts,target=/x,uid=me', 'uid: invalid mount option'],
  ])('%s is refused', (word, message) => {
    expect(() => parseMount(word, '/')).toThrow(message);
  });
});

describe('--volumes-from and volumes of the image (B5)', () => {
  const mounts: MountSpec[] = [
    { type: 'volume', source: 'v', destination: '/data', options: ['rw'] },
    { type: 'bind', source: '/usr', destination: '/cache', options: [] },
    { type: 'tmpfs', source: '', destination: '/tmp', options: [] },
  ];
  const donor = { spec: { mounts } } as unknown as ContainerRecord;
  const request = (more: object) =>
    ({ volumes: [], tmpfs: [], ...more }) as unknown as ContainerCreateRequest;

  it('what is mounted is inherited, a tmpfs is not, and read-only where it is to be', () => {
    expect(inheritedMounts(['donor'], () => donor)).toEqual(mounts.slice(0, 2));
    expect(inheritedMounts(['donor:ro'], () => donor).map(({ options }) => options)).toEqual([
      ['ro'],
      ['ro'],
    ]);
    expect(() => parseVolumesFrom('donor:x')).toThrow('invalid --volumes-from "donor:x"');
    expect(() => parseVolumesFrom('donor:ro,rw')).toThrow('cannot be both rw and ro');
  });

  it('flags win over what is inherited, and that over the image', () => {
    const found = resolveMounts(
      request({ volumes: ['mine:/data'] }),
      '/',
      ['/cache', '/srv'],
      mounts.slice(0, 2),
    );
    expect(found.map(({ source, destination }) => [source, destination])).toEqual([
      ['mine', '/data'],
      ['/usr', '/cache'],
      ['', '/srv'],
    ]);
  });

  it('--image-volume: anonymous ones, tmpfs, none', () => {
    const types = (imageVolume?: string) =>
      resolveMounts(request({ imageVolume }), '/', ['/a']).map(({ type }) => type);
    expect([types(), types('bind'), types('tmpfs'), types('ignore')]).toEqual([
      ['volume'],
      ['volume'],
      ['tmpfs'],
      [],
    ]);
    expect(() => types('foo')).toThrow('invalid image-volume type "foo"');
  });
});

describe('the log', () => {
  const here = { cwd: '/', tty: false };
  it('of a driver, with options', () => {
    expect(parseLog(undefined, [], here)).toEqual({});
    expect(parseLog('json-file', ['max-size=10kb', 'path=/tmp/x', 'tag=t'], here).log).toEqual({
      driver: 'k8s-file',
      name: 'json-file',
      maxSizeBytes: 10_240,
      path: '/tmp/x',
      tag: 't',
    });
    expect(parseLog('none', [], here).log?.driver).toBe('none');
  });

  it.each([
    ['foo', [], 'invalid log driver: invalid argument'],
    ['passthrough', ['max-size=1k'], 'path and max-size are for files'],
    ['', ['foo=1'], 'unknown log option "foo"'],
    ['', ['path'], 'invalid log option "path"'],
    ['', ['path=/none/at/all'], '/none/at is not a directory'],
    ['', ['max-size=x'], "invalid size: 'x'"],
  ])('%s %j is refused', (driver, options, message) => {
    expect(() => parseLog(driver, options, here)).toThrow(message);
  });
});
