import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commandLine } from './command-line.ts';

const noNetworkFlags = {
  dnsServers: [],
  dnsSearch: [],
  dnsOptions: [],
  addHosts: [],
  networks: [],
  networkAliases: [],
  ports: [],
  ip: undefined,
  ip6: undefined,
  macAddress: undefined,
  // A group of flags: command-container-flags.test.ts looks into those.
  userns: expect.any(Object),
};

const plainContainer = {
  ...noNetworkFlags,
  attach: [],
  image: 'host',
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
  // Groups of flags: command-container-flags.test.ts looks into them.
  passwd: expect.any(Object),
  resources: expect.any(Object),
  cgroup: expect.any(Object),
  namespaces: expect.any(Object),
  process: expect.any(Object),
  environment: expect.any(Object),
  deviceFlags: expect.any(Object),
  annotations: [],
  expose: [],
  mounts: [],
  volumesFrom: [],
  logOptions: [],
  noHosts: false,
  noHostname: false,
};

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'peapod-commands-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

describe('pod create', () => {
  it('without anything asks for podman defaults', async () => {
    const { calls, stdout } = await commandLine(['pod', 'create'], { 'pods.create': () => 'abc' });
    expect(stdout).toBe('abc\n');
    expect(calls).toEqual([
      [
        'pods.create',
        {
          ...noNetworkFlags,
          name: undefined,
          hostname: undefined,
          labels: [],
          labelFiles: [],
          share: undefined,
          podIdFile: undefined,
          exitPolicy: undefined,
          volumes: [],
          volumesFrom: [],
          devices: [],
          securityOptions: [],
          pid: undefined,
          uts: undefined,
          noHosts: false,
          sysctls: [],
          shmSize: undefined,
          limits: expect.any(Object),
          cgroupParent: undefined,
          replace: false,
        },
      ],
    ]);
  });

  it('A5: takes all flags as typed, also behind the name', async () => {
    const words =
      'pod create --name webservice -p 8080:80 -p 53:53/udp,[::1]:8443:443 --share +pid -h box -l a=b --label c --label-file f --net slirp4netns:mtu=1500,cidr=10.0.3.0/24 --network web --ip 10.88.0.9 --ip6 fd00::9 --mac-address 92:d0:c6:0a:29:33 --dns 1.1.1.1,9.9.9.9 --dns-search a.b --dns-opt ndots:2 --add-host x:1.2.3.4 --pod-id-file id --replace';
    const { calls } = await commandLine(words.split(' '));
    expect(calls[0]).toEqual([
      'pods.create',
      {
        name: 'webservice',
        ports: ['8080:80', '53:53/udp', '[::1]:8443:443'],
        share: '+pid',
        hostname: 'box',
        labels: ['a=b', 'c'],
        labelFiles: ['f'],
        networks: ['slirp4netns:mtu=1500,cidr=10.0.3.0/24', 'web'],
        networkAliases: [],
        ip: '10.88.0.9',
        ip6: 'fd00::9',
        macAddress: '92:d0:c6:0a:29:33',
        dnsServers: ['1.1.1.1', '9.9.9.9'],
        dnsSearch: ['a.b'],
        dnsOptions: ['ndots:2'],
        addHosts: ['x:1.2.3.4'],
        podIdFile: 'id',
        volumes: [],
        volumesFrom: [],
        userns: expect.any(Object),
        devices: [],
        securityOptions: [],
        noHosts: false,
        sysctls: [],
        limits: expect.any(Object),
        replace: true,
      },
    ]);
  });

  it('takes the name as an argument', async () => {
    const { calls } = await commandLine(['pod', 'create', 'web', '-p', '80']);
    expect(calls[0]?.[1]).toMatchObject({ name: 'web', ports: ['80'] });
  });
});

describe('run and create', () => {
  it.each([
    ['run', 'containers.run'],
    ['create', 'containers.create'],
    ['container run', 'containers.run'],
    ['container create', 'containers.create'],
    ['run -d', 'containers.runDetached'],
  ])('%s host asks for nothing but the image', async (typed, operation) => {
    const { calls } = await commandLine([...typed.split(' '), 'host'], { 'containers.run': () => 0 });
    expect(calls.map(([name]) => name)).toEqual([operation]);
    expect(calls[0]?.[1]).toEqual(
      typed.includes('create') ? plainContainer : { ...plainContainer, removeImage: false },
    );
  });

  it('takes all flags as typed; behind the image everything is the command', async () => {
    const words =
      'run -dit --rm --name web --pod new:front --share net -p 8080:80 -P -e A=b,c -e HOME --env-file f --env-host -v /a:/b:ro -v data:/data -w /srv -u 1000:1000 --entrypoint ["a","b"] -h box --label x=y --network none --ip 10.88.0.3 --restart no --pull always --cidfile cid --replace --read-only --privileged --cap-add NET_RAW,SYS_TIME --cap-drop ALL --security-opt seccomp=p.json --tmpfs /tmp:size=1m,mode=700 --add-host a:1.2.3.4 --stop-signal INT --stop-timeout 3 --tls-verify=false -q --detach-keys ctrl-a docker.io/library/nginx nginx -g daemon --rm -p';
    const { calls } = await commandLine(words.split(' '));
    expect(calls[0]?.[1]).toEqual({
      ...plainContainer,
      removeImage: false,
      image: 'docker.io/library/nginx',
      command: ['nginx', '-g', 'daemon', '--rm', '-p'],
      interactive: true,
      tty: true,
      remove: true,
      name: 'web',
      pod: 'new:front',
      share: 'net',
      ports: ['8080:80'],
      publishAll: true,
      env: ['A=b,c', 'HOME'],
      envFiles: ['f'],
      envHost: true,
      volumes: ['/a:/b:ro', 'data:/data'],
      workdir: '/srv',
      user: '1000:1000',
      entrypoint: '["a","b"]',
      hostname: 'box',
      labels: ['x=y'],
      networks: ['none'],
      networkAliases: [],
      ip: '10.88.0.3',
      restart: 'no',
      pull: 'always',
      cidFile: 'cid',
      replace: true,
      readOnly: true,
      privileged: true,
      capAdd: ['NET_RAW', 'SYS_TIME'],
      capDrop: ['ALL'],
      securityOptions: ['seccomp=p.json'],
      tmpfs: ['/tmp:size=1m,mode=700'],
      addHosts: ['a:1.2.3.4'],
      stopSignal: 'INT',
      stopTimeoutSeconds: 3,
      tlsVerify: false,
      detachKeys: 'ctrl-a',
    });
  });

  it('B2: --rootfs makes the first argument a directory', async () => {
    const { calls } = await commandLine(['run', '--rootfs', '/tree:O', 'ls', '/']);
    expect(calls[0]?.[1]).toMatchObject({ image: undefined, rootfs: '/tree:O', command: ['ls', '/'] });
  });

  it('run ends with the exit code of the container', async () => {
    expect((await commandLine(['run', 'host', 'false'], { 'containers.run': () => 3 })).code).toBe(3);
  });

  it('progress goes to standard error, and nowhere with -q', async () => {
    const answers = {
      'containers.create': (_: unknown, progress?: (line: string) => void) => {
        progress?.('Copying blob');
        return 'abc';
      },
    };
    expect(await commandLine(['create', 'x'], answers)).toMatchObject({
      stdout: 'abc\n',
      stderr: 'Copying blob\n',
    });
    expect(await commandLine(['create', '-q', 'x'], answers)).toMatchObject({ stdout: 'abc\n', stderr: '' });
  });

  it('--pod-id-file names the pod by the file, and not together with --pod', async () => {
    const file = join(directory, 'id');
    writeFileSync(file, 'abc123\n');
    const { calls } = await commandLine(['run', '--pod-id-file', file, 'host'], {
      'containers.run': () => 0,
    });
    expect(calls[0]?.[1]).toMatchObject({ pod: 'abc123' });
    expect((await commandLine(['run', '--pod-id-file', file, '--pod', 'x', 'host'])).stderr).toMatch(
      /^Error: cannot specify both --pod and --pod-id-file\n/,
    );
  });

  it.each(['--infra=false', '--rdt-class=gold'])('%s is not known yet', async (flag) => {
    const { code, stderr, opened } = await commandLine(['run', flag, 'host']);
    expect({ code, opened }).toEqual({ code: 125, opened: [] });
    expect(stderr).toMatch(/^Error: unknown flag: --/);
  });
});

describe('exec', () => {
  it('takes all flags; behind the container everything is the command', async () => {
    const words = 'exec -it -d -e A=b --env-file f -u root -w /tmp --privileged web ls -l'.split(' ');
    const { calls, code } = await commandLine(words, { 'containers.exec': () => 126 });
    expect(code).toBe(126);
    expect(calls).toEqual([
      [
        'containers.exec',
        'web',
        {
          command: ['ls', '-l'],
          env: ['A=b'],
          envFiles: ['f'],
          workdir: '/tmp',
          user: 'root',
          privileged: true,
          interactive: true,
          tty: true,
          detach: true,
          detachKeys: undefined,
          preserveFds: 0,
        },
        expect.any(Function),
      ],
    ]);
  });

  it('--latest takes the container that was created last', async () => {
    const list = () => [
      { id: 'old', createdAtMs: 1 },
      { id: 'new', createdAtMs: 3 },
      { id: 'mid', createdAtMs: 2 },
    ];
    const { calls } = await commandLine(['exec', '-l', 'ls'], {
      'containers.list': list,
      'containers.exec': () => 0,
    });
    expect(calls.at(-1)).toMatchObject(['containers.exec', 'new', { command: ['ls'] }, expect.any(Function)]);
  });
});
