import { describe, expect, it } from 'vitest';
import type { ContainerView, ImageView, PodView } from '../../src/engine/views.ts';
import { PeapodError } from '../../src/errors.ts';
import { commandLine, now } from './command-line.ts';

const id = (digit: string) => digit.repeat(64);

const container = (more: Partial<ContainerView>): ContainerView => ({
  id: id('a'),
  name: 'web',
  imageId: id('f'),
  image: 'localhost/bb:latest',
  command: ['/bin/busybox', 'sleep', '1000'],
  createdAtMs: now - 65_000,
  startedAtMs: now - 3_500,
  finishedAtMs: undefined,
  state: 'running',
  exitCode: undefined,
  pid: 42,
  podId: undefined,
  podName: undefined,
  ports: [],
  exposedPorts: [],
  networks: ['podman'],
  addresses: ['10.88.0.2'],
  labels: {},
  mounts: [],
  ...more,
});

const containers = [
  container({
    id: id('b'),
    name: 'srv',
    podId: id('c'),
    podName: 'front',
    createdAtMs: now - 500,
    ports: [{ protocol: 'tcp', hostIp: '', hostPort: 8080, containerPort: 80, via: 'relay' }],
    labels: { x: 'y' },
  }),
  container({}),
  container({
    id: id('d'),
    name: 'done',
    state: 'exited',
    exitCode: 3,
    createdAtMs: now - 7_200_000,
    finishedAtMs: now - 300_000,
  }),
  container({ id: id('e'), name: 'new', state: 'created', startedAtMs: undefined, pid: 0, command: ['ls'] }),
];

const listed = { 'containers.list': () => containers };

const pod = (more: Partial<PodView>): PodView => ({
  id: id('c'),
  name: 'front',
  status: 'Running',
  createdAtMs: now - 120_000,
  members: [{ id: id('b'), name: 'srv', status: 'running' }],
  backend: 'slirp4netns',
  networks: ['slirp4netns'],
  addresses: ['10.0.2.100'],
  ports: [{ protocol: 'tcp', hostIp: '', hostPort: 8080, containerPort: 80, via: 'relay' }],
  labels: { tier: 'front' },
  cgroupParent: '/peapod',
  shared: ['ipc', 'net', 'uts'],
  missing: [],
  ...more,
});

const pods = {
  'pods.list': () => [
    pod({}),
    pod({
      id: id('9'),
      name: 'back',
      createdAtMs: now - 1,
      members: [],
      ports: [],
      status: 'Created',
      missing: ['slirp4netns'],
    }),
  ],
};

const image = (more: Partial<ImageView>): ImageView => ({
  id: id('1'),
  digest: `sha256:${id('2')}`,
  names: ['docker.io/library/nginx:latest', 'localhost:5000/nginx:v1'],
  createdAtMs: now - 86_400_000 * 20,
  sizeBytes: 187_000_000,
  containers: 2,
  labels: {},
  ...more,
});

const images = {
  'images.list': () => [image({}), image({ id: id('3'), names: [], createdAtMs: now, sizeBytes: 1_998_063 })],
};

describe('ps', () => {
  it('prints podman columns, oldest first', async () => {
    const { stdout, calls } = await commandLine(['ps', '-a'], listed);
    expect(calls).toEqual([['containers.list', {}]]);
    expect(stdout).toBe(
      [
        'CONTAINER ID  IMAGE                COMMAND               CREATED                 STATUS                    PORTS                 NAMES',
        'dddddddddddd  localhost/bb:latest  /bin/busybox slee...  2 hours ago             Exited (3) 5 minutes ago                        done',
        'aaaaaaaaaaaa  localhost/bb:latest  /bin/busybox slee...  About a minute ago      Up 3 seconds ago                                web',
        'eeeeeeeeeeee  localhost/bb:latest  ls                    About a minute ago      Created                                         new',
        'bbbbbbbbbbbb  localhost/bb:latest  /bin/busybox slee...  Less than a second ago  Up 3 seconds ago          0.0.0.0:8080->80/tcp  srv',
        '',
      ].join('\n'),
    );
  });

  it.each<[string, Record<string, string[]>]>([
    ['ps', { status: ['running'] }],
    ['ps -a', {}],
    ['ps -n 1', {}],
    ['ps --filter status=exited', { status: ['exited'] }],
    ['ps --filter name=web -f name=srv', { name: ['web', 'srv'], status: ['running'] }],
  ])('%s asks for %j', async (typed, filters) => {
    const { calls } = await commandLine(typed.split(' '));
    expect(calls).toEqual([['containers.list', filters]]);
  });

  it('A14: ps --pod shows the pod', async () => {
    const { stdout } = await commandLine(['ps', '-a', '--pod'], listed);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(/NAMES {7}POD ID {8}PODNAME$/);
    expect(lines[4]).toMatch(/srv {9}cccccccccccc {2}front$/);
    expect(lines[1]).toMatch(/done$/);
  });

  it.each([
    ['-a -q', 'dddddddddddd\naaaaaaaaaaaa\neeeeeeeeeeee\nbbbbbbbbbbbb\n'],
    ['-l -q', 'bbbbbbbbbbbb\n'],
    ['-n 2 -q', 'eeeeeeeeeeee\nbbbbbbbbbbbb\n'],
    ['-l -q --no-trunc', `${id('b')}\n`],
    ['-a --sort names --format {{.Names}}', 'done\nnew\nsrv\nweb\n'],
    [
      '-a --sort command --format {{.Command}} --no-trunc',
      '/bin/busybox sleep 1000\n/bin/busybox sleep 1000\n/bin/busybox sleep 1000\nls\n',
    ],
    [
      '-l --format {{.Pod}}|{{.PodName}}|{{.Labels}}|{{.State}}|{{.Networks}}|{{.Addresses}}',
      'cccccccccccc|front|map[x:y]|running|podman|10.88.0.2\n',
    ],
    ['-l --format {{.CreatedAt}}', '2026-11-21 03:59:59.5 +0000 UTC\n'],
    ['-l --noheading --format table\\t{{.ID}}', 'table\tbbbbbbbbbbbb\n'],
  ])('ps %s', async (typed, expected) => {
    expect((await commandLine(['ps', ...typed.split(' ')], listed)).stdout).toBe(expected);
  });

  it("prints podman's JSON", async () => {
    for (const format of ['json', '{{json .}}', ' {{ json }} ']) {
      const { stdout } = await commandLine(['ps', '-l', '--format', format], listed);
      expect(JSON.parse(stdout)).toEqual([
        {
          AutoRemove: false,
          Command: ['/bin/busybox', 'sleep', '1000'],
          CreatedAt: 'Less than a second ago',
          Exited: false,
          ExitedAt: -62135596800,
          ExitCode: 0,
          Id: id('b'),
          Image: 'localhost/bb:latest',
          ImageID: id('f'),
          IsInfra: false,
          Labels: { x: 'y' },
          Mounts: [],
          Names: ['srv'],
          Namespaces: {},
          Networks: ['podman'],
          Addresses: ['10.88.0.2'],
          Pid: 42,
          Pod: id('c'),
          PodName: 'front',
          Ports: [{ host_ip: '', container_port: 80, host_port: 8080, range: 1, protocol: 'tcp' }],
          Size: null,
          StartedAt: Math.trunc((now - 3500) / 1000),
          State: 'running',
          Status: 'Up 3 seconds ago',
          Created: Math.trunc((now - 500) / 1000),
        },
      ]);
    }
  });

  it('a wrong template is an error in the words of Go, and nothing else is printed', async () => {
    expect(await commandLine(['ps', '-a', '--format', '{{.Names}} {{.Nmaes}}'], listed)).toMatchObject({
      code: 125,
      stdout: '',
      stderr: `Error: template: ps:1:13: executing "ps" at <.Nmaes>: can't evaluate field Nmaes in type containers.psReporter\nhint: did you mean .Names?\n`,
    });
  });

  it('without containers prints the headings, and [] as JSON', async () => {
    expect((await commandLine(['ps'])).stdout).toBe(
      'CONTAINER ID  IMAGE       COMMAND     CREATED     STATUS      PORTS       NAMES\n',
    );
    expect((await commandLine(['ps', '--format', 'json'])).stdout).toBe('[]\n');
    expect((await commandLine(['ps', '--noheading'])).stdout).toBe('');
  });
});

describe('pod ps', () => {
  it.each([['ps'], ['ls'], ['list']])(
    'A14: pod %s shows status, backend, network, addresses, ports, members',
    async (verb) => {
      const { stdout } = await commandLine(['pod', verb], pods);
      expect(stdout).toBe(
        [
          'POD ID        NAME        STATUS                    CREATED                 BACKEND      NETWORK      ADDRESSES   PORTS                 # OF CONTAINERS',
          '999999999999  back        Created (no slirp4netns)  Less than a second ago  slirp4netns  slirp4netns  10.0.2.100                        0',
          'cccccccccccc  front       Running                   2 minutes ago           slirp4netns  slirp4netns  10.0.2.100  0.0.0.0:8080->80/tcp  1',
          '',
        ].join('\n'),
      );
    },
  );

  it.each([
    ['-q', `${id('9')}\n${id('c')}\n`],
    ['--latest -q', `${id('9')}\n`],
    ['--sort name --format {{.Name}}', 'back\nfront\n'],
    ['--sort number --format {{.Name}}={{.NumberOfContainers}}', 'back=0\nfront=1\n'],
    [
      '--format {{.ID}}|{{.Backend}}|{{.Addresses}}|{{.Ports}}|{{.ContainerNames}}|{{.Labels}}|{{.InfraID}}|{{.Created}} -l',
      '999999999999|slirp4netns|10.0.2.100|||map[tier:front]||Less than a second ago\n',
    ],
  ])('pod ps %s', async (typed, expected) => {
    expect((await commandLine(['pod', 'ps', ...typed.split(' ')], pods)).stdout).toBe(expected);
  });

  it('--ctr-… put the members in place of their number', async () => {
    const { stdout } = await commandLine(['pod', 'ps', '--ctr-ids', '--ctr-names', '--ctr-status'], pods);
    expect(stdout.split('\n')[0]).toMatch(/PORTS {17}IDS {11}NAMES {7}STATUS$/);
    expect(stdout.split('\n')[2]).toMatch(/80\/tcp {2}bbbbbbbbbbbb {2}srv {9}running$/);
  });

  it("prints podman's JSON, and peapod's own keys beside it", async () => {
    const { stdout } = await commandLine(['pod', 'ps', '--format', 'json'], pods);
    expect(JSON.parse(stdout)[1]).toEqual({
      Cgroup: '/peapod',
      Containers: [{ Id: id('b'), Names: 'srv', Status: 'running' }],
      Created: new Date(now - 120_000).toISOString(),
      Id: id('c'),
      InfraId: '',
      Name: 'front',
      Namespace: '',
      Networks: ['slirp4netns'],
      Status: 'Running',
      Labels: { tier: 'front' },
      Backend: 'slirp4netns',
      Addresses: ['10.0.2.100'],
      Ports: [{ host_ip: '', container_port: 80, host_port: 8080, range: 1, protocol: 'tcp' }],
      SharedNamespaces: ['ipc', 'net', 'uts'],
      MissingHelpers: [],
    });
  });
});

describe('images', () => {
  it.each([[['images']], [['image', 'ls']], [['image', 'list']]])(
    '%j: a line for each name, newest first',
    async (words) => {
      expect((await commandLine(words, images)).stdout).toBe(
        [
          'REPOSITORY               TAG         IMAGE ID      CREATED                 SIZE',
          '<none>                   <none>      333333333333  Less than a second ago  2 MB',
          'docker.io/library/nginx  latest      111111111111  2 weeks ago             187 MB',
          'localhost:5000/nginx     v1          111111111111  2 weeks ago             187 MB',
          '',
        ].join('\n'),
      );
    },
  );

  it.each([
    ['-q', '333333333333\n111111111111\n'],
    ['-q --no-trunc', `sha256:${id('3')}\nsha256:${id('1')}\n`],
    [
      '--sort repository --format {{.Repository}}:{{.Tag}}',
      '<none>:<none>\ndocker.io/library/nginx:latest\nlocalhost:5000/nginx:v1\n',
    ],
    ['--noheading --digests', new RegExp(`^<none> +<none> +sha256:${id('2')}  3{12} `)],
  ])('images %s', async (typed, expected) => {
    const { stdout } = await commandLine(['images', ...typed.split(' ')], images);
    if (expected instanceof RegExp) expect(stdout).toMatch(expected);
    else expect(stdout).toBe(expected);
  });

  it('a name narrows the list', async () => {
    expect((await commandLine(['images', 'nginx'])).calls[0]).toEqual([
      'images.list',
      { reference: ['nginx'] },
    ]);
  });

  it("prints podman's JSON, an image once", async () => {
    const parsed = JSON.parse((await commandLine(['images', '--format', 'json'], images)).stdout);
    expect(parsed).toHaveLength(2);
    expect(parsed[1]).toMatchObject({
      Id: id('1'),
      Names: ['docker.io/library/nginx:latest', 'localhost:5000/nginx:v1'],
      RepoDigests: [`docker.io/library/nginx@sha256:${id('2')}`, `localhost:5000/nginx@sha256:${id('2')}`],
      Size: 187_000_000,
      Containers: 2,
    });
  });
});

describe('inspect', () => {
  const missing = () => {
    throw new PeapodError('NOT_FOUND', 'no such thing');
  };
  const only = (part: string, data: unknown) => ({
    'containers.inspect': missing,
    'images.inspect': missing,
    'pods.inspect': missing,
    [`${part}.inspect`]: (name: string) => (name === 'nope' ? missing() : data),
  });

  it.each(['containers', 'images', 'pods'])('finds %s', async (part) => {
    const { stdout, code } = await commandLine(['inspect', 'x'], only(part, { Id: 'abc' }));
    expect(JSON.parse(stdout)).toEqual([{ Id: 'abc' }]);
    expect(code).toBe(0);
  });

  it('prints what there is, names what there is not, 125', async () => {
    const outcome = await commandLine(['inspect', 'x', 'nope'], only('containers', { Id: 'abc' }));
    expect(JSON.parse(outcome.stdout)).toEqual([{ Id: 'abc' }]);
    expect(outcome.stderr).toMatch(/^Error: no such object: "nope"\nhint: /);
    expect(outcome.code).toBe(125);
  });

  it('other errors are not taken for a missing object', async () => {
    const { stderr } = await commandLine(['inspect', 'x'], {
      'containers.inspect': () => {
        throw new PeapodError('INVALID_ARGUMENT', 'the prefix is ambiguous');
      },
    });
    expect(stderr).toBe('Error: the prefix is ambiguous\n');
  });

  it('a template sees maps, times and ids as in podman', async () => {
    const { stdout } = await commandLine(
      ['inspect', '-f', '{{.ID}} {{.Config.Labels.a}} {{.Config.Labels.b}} {{.Created}}', 'x', 'y'],
      only('containers', { Id: 'abc', Created: '2026-11-21T03:40:38.5Z', Config: { Labels: { a: '1' } } }),
    );
    const line = 'abc 1 <no value> 2026-11-21 03:40:38.5 +0000 UTC\n';
    expect(stdout).toBe(line + line);
  });

  it.each([
    ['container inspect x', 'containers.inspect'],
    ['image inspect x', 'images.inspect'],
    ['pod inspect x', 'pods.inspect'],
    ['inspect --type pod x', 'pods.inspect'],
  ])('%s looks nowhere else', async (typed, operation) => {
    const { calls } = await commandLine(typed.split(' '), { [operation]: () => ({}) });
    expect(calls).toEqual([[operation, 'x']]);
  });

  it('pod inspect of one pod is an object, of several an array', async () => {
    const answers = { 'pods.inspect': (name: string) => ({ Name: name }) };
    expect(JSON.parse((await commandLine(['pod', 'inspect', 'a'], answers)).stdout)).toEqual({ Name: 'a' });
    expect(JSON.parse((await commandLine(['pod', 'inspect', 'a', 'b'], answers)).stdout)).toEqual([
      { Name: 'a' },
      { Name: 'b' },
    ]);
    const none = await commandLine(['pod', 'inspect', 'nope'], only('pods', {}));
    expect(none).toMatchObject({ code: 125, stdout: '[]\n', stderr: 'Error: no such thing\n' });
  });
});

describe('port', () => {
  const answers = {
    'containers.ports': () => [
      { containerPort: '80/tcp', bindings: ['0.0.0.0:8080', '[::1]:8080'] },
      { containerPort: '53/udp', bindings: ['127.0.0.1:5353'] },
    ],
    'containers.list': () => [{ id: id('a'), createdAtMs: 1 }],
  };

  it.each([
    ['port web', '80/tcp -> 0.0.0.0:8080\n80/tcp -> [::1]:8080\n53/udp -> 127.0.0.1:5353\n'],
    ['port web 80', '0.0.0.0:8080\n[::1]:8080\n'],
    ['port web 53/udp', '127.0.0.1:5353\n'],
    ['port -l 80/tcp', '0.0.0.0:8080\n[::1]:8080\n'],
    [
      'port -a',
      'aaaaaaaaaaaa\t80/tcp -> 0.0.0.0:8080\naaaaaaaaaaaa\t80/tcp -> [::1]:8080\naaaaaaaaaaaa\t53/udp -> 127.0.0.1:5353\n',
    ],
  ])('%s', async (typed, expected) => {
    expect((await commandLine(typed.split(' '), answers)).stdout).toBe(expected);
  });

  it('a port that is not published is an error', async () => {
    expect(await commandLine(['port', 'web', '81'], answers)).toMatchObject({
      code: 125,
      stderr: `Error: failed to find published port "81"\nhint: 'peapod port web' prints those that are\n`,
    });
  });
});

describe('info, version and doctor', () => {
  const info = {
    'system.info': () => ({
      host: { arch: 'amd64', tools: ['crun'], text: 'a: b\nc' },
      version: { Version: '1' },
    }),
  };

  it('info is YAML that reads as podman prints it', async () => {
    expect((await commandLine(['info'], info)).stdout).toBe(
      'host:\n  arch: amd64\n  tools:\n  - crun\n  text: |-\n    a: b\n    c\nversion:\n  Version: "1"\n',
    );
  });

  it.each([
    ['json', '{\n  "host": {\n    "arch": "amd64",'],
    ['{{.Host.Arch}} {{.Version.Version}}', 'amd64 1\n'],
  ])('info --format %s', async (format, start) => {
    const { stdout } = await commandLine(['system', 'info', '--format', format], info);
    expect(stdout.startsWith(start)).toBe(true);
  });

  const version = {
    'system.version': () => ({ Client: { Version: '1.2.3', APIVersion: '1.2.3', OsArch: 'linux/amd64' } }),
  };

  it.each([
    [[], 'Client:       peapod\nVersion:      1.2.3\nAPI Version:  1.2.3\nOS/Arch:      linux/amd64\n'],
    [['--format', '{{.Client.Version}} {{.Version}}'], '1.2.3 1.2.3\n'],
    [['--format', 'json'], '{"Client":{"Version":"1.2.3","APIVersion":"1.2.3","OsArch":"linux/amd64"}}\n'],
  ])('version %j', async (words, expected) => {
    expect((await commandLine(['version', ...words], version)).stdout).toBe(expected);
  });

  const finding = {
    what: '/dev/net/tun',
    problem: 'cannot be opened',
    remedy: 'sudo chmod 666 /dev/net/tun',
    required: true,
  };

  it.each([
    [[], 0, 'Everything that peapod needs is here.\n'],
    [[finding], 1, 'missing: /dev/net/tun: cannot be opened\n  mend it: sudo chmod 666 /dev/net/tun\n'],
    [
      [{ ...finding, required: false }],
      0,
      'better with: /dev/net/tun: cannot be opened\n  mend it: sudo chmod 666 /dev/net/tun\n',
    ],
  ])('doctor with %j', async (findings, code, stdout) => {
    expect(await commandLine(['doctor'], { 'system.doctor': () => findings })).toMatchObject({
      code,
      stdout,
    });
  });

  it('doctor --format json', async () => {
    const outcome = await commandLine(['doctor', '--format', 'json'], { 'system.doctor': () => [finding] });
    expect(JSON.parse(outcome.stdout)).toEqual([finding]);
    expect(outcome.code).toBe(1);
  });

  it('system migrate', async () => {
    expect((await commandLine(['system', 'migrate'])).calls).toEqual([['system.migrate']]);
  });
});
