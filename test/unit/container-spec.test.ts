import { describe, expect, it } from 'vitest';
import { resolveContainerSpec } from '../../src/engine/container-spec.ts';
import type { ContainerCreateRequest } from '../../src/engine/requests.ts';
import type { ImageConfig, ImageRecord } from '../../src/store/records.ts';

const request = (more: Partial<ContainerCreateRequest> = {}): ContainerCreateRequest => ({
  networks: [],
  networkAliases: [],
  ports: [],
  dnsServers: [],
  dnsSearch: [],
  dnsOptions: [],
  addHosts: [],
  image: 'nginx',
  command: [],
  env: [],
  envFiles: [],
  envHost: false,
  volumes: [],
  secrets: [],
  tmpfs: [],
  labels: [],
  labelFiles: [],
  publishAll: false,
  interactive: false,
  tty: false,
  remove: false,
  health: { none: false },
  requires: [],
  readOnly: false,
  privileged: false,
  capAdd: [],
  capDrop: [],
  securityOptions: [],
  pull: 'missing',
  replace: false,
  ...more,
});

const image = (config: ImageConfig['config']): ImageRecord => ({
  id: 'f'.repeat(64),
  digest: 'sha256:0',
  names: ['docker.io/library/nginx:latest'],
  createdAtMs: 0,
  sizeBytes: 0,
  diffIds: [],
  blobs: [],
  config: { config: config ?? {}, rootfs: { type: 'layers', diff_ids: [] } },
});

function resolve(more: Partial<ContainerCreateRequest>, config: ImageConfig['config'] = {}, env = {}) {
  return resolveContainerSpec(request(more), { image: image(config), env, cwd: '/', hostname: 'box' });
}

describe('what a container is asked to be', () => {
  it.each([
    [{}, { Entrypoint: ['/entry'], Cmd: ['a', 'b'] }, ['/entry', 'a', 'b']],
    [{ command: ['x'] }, { Entrypoint: ['/entry'], Cmd: ['a'] }, ['/entry', 'x']],
    [{ entrypoint: '/mine' }, { Entrypoint: ['/entry'], Cmd: ['a'] }, ['/mine']],
    [{ entrypoint: '["/mine","-v"]', command: ['x'] }, { Cmd: ['a'] }, ['/mine', '-v', 'x']],
    [{ entrypoint: '', command: ['sh'] }, { Entrypoint: ['/entry'] }, ['sh']],
    [{ entrypoint: '[not json' }, {}, ['[not json']],
    [{}, { Entrypoint: null, Cmd: ['a'] }, ['a']],
  ])('B4: entrypoint and command: %j on %j', (more, config, args) => {
    expect(resolve(more, config).args).toEqual(args);
  });

  it('B4: without any command there is nothing to run', () => {
    expect(() => resolve({})).toThrow(/no command or entrypoint provided/);
  });

  it("B4: flags win over the image's environment, user, workdir, labels and stop signal", () => {
    const config = {
      Cmd: ['a'],
      Env: ['A=image', 'B=image'],
      User: 'www',
      WorkingDir: '/srv',
      Labels: { l: 'image', m: 'image' },
      StopSignal: 'SIGQUIT',
      ExposedPorts: { '80/tcp': {} },
    };
    expect(resolve({}, config)).toMatchObject({
      env: { A: 'image', B: 'image' },
      user: 'www',
      workdir: '/srv',
      stopSignal: 3,
      exposedPorts: ['80/tcp'],
    });
    const flags = { env: ['A=flag'], user: '5:6', workdir: '/w', labels: ['l=flag'], stopSignal: 'INT' };
    expect(resolve(flags, config)).toMatchObject({
      env: { A: 'flag', B: 'image' },
      user: '5:6',
      workdir: '/w',
      labels: { l: 'flag', m: 'image' },
      stopSignal: 2,
    });
  });

  it("B4: --env-host is the weakest, then the image's, then flags", () => {
    const spec = resolve(
      { envHost: true, env: ['C=flag'] },
      { Cmd: ['a'], Env: ['B=image'] },
      { A: 'h', B: 'h', C: 'h' },
    );
    expect(spec.env).toEqual({ A: 'h', B: 'image', C: 'flag' });
  });

  it('B5: volumes of the image stand unless a flag mounts something there', () => {
    const config = { Cmd: ['a'], Volumes: { '/data': {}, '/cache': {} } };
    const spec = resolve({ volumes: ['mine:/data'], tmpfs: ['/run'] }, config);
    expect(spec.mounts.map(({ type, source, destination }) => [type, source, destination])).toEqual([
      ['volume', 'mine', '/data'],
      ['tmpfs', '', '/run'],
      ['volume', '', '/cache'],
    ]);
    expect(() => resolve({ volumes: ['a:/data', 'b:/data'] }, config)).toThrow(/duplicate mount destination/);
  });

  it.each([
    [{ restart: 'always', remove: true }, /--rm option conflicts with --restart/],
    [{ workdir: 'relative' }, /must be absolute/],
    [{ capAdd: ['NOPE'] }, /NOPE/],
    [{ capAdd: ['NET_RAW'], capDrop: ['NET_RAW'] }, /cannot be dropped and added/],
    [{ securityOptions: ['label'] }, /invalid --security-opt/],
    [{ stopSignal: 'NOPE' }, /invalid signal/],
    [{ rootfs: '/nowhere/at/all' }, /no such directory/],
  ])('%j is refused', (more, words) => {
    expect(() => resolve({ command: ['x'], ...more })).toThrow(words);
  });

  it('security options', () => {
    const words = ['no-new-privileges', 'seccomp=unconfined'];
    expect(resolve({ command: ['x'], securityOptions: words })).toMatchObject({
      noNewPrivileges: true,
      seccompProfile: 'unconfined',
    });
    expect(resolve({ command: ['x'], securityOptions: ['no-new-privileges=false'] }).noNewPrivileges).toBe(
      false,
    );
  });

  it('B2: the root file system: the host, a directory, an image by its best name', () => {
    const inputs = { image: undefined, env: {}, cwd: '/', hostname: 'box' };
    const host = resolveContainerSpec(request({ image: 'host', command: ['x'] }), inputs);
    expect(host).toMatchObject({ imageName: 'host', rootfs: { kind: 'host' } });
    const directory = resolveContainerSpec(request({ rootfs: '/usr:O', command: ['x'] }), inputs);
    expect(directory).toMatchObject({
      imageName: '/usr',
      rootfs: { kind: 'directory', path: '/usr', overlay: true },
    });
    expect(resolve({ command: ['x'] })).toMatchObject({
      imageName: 'docker.io/library/nginx:latest',
      rootfs: { kind: 'image', imageId: 'f'.repeat(64) },
    });
  });
});
