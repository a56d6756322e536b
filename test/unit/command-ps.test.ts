import { describe, expect, it } from 'vitest';
import type { ContainerView } from '../../src/engine/views.ts';
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
  networkMode: 'slirp4netns',
  attachments: [],
  labels: {},
  health: '',
  autoRemove: false,
  restart: { policy: 'no', count: 0, onBoot: false },
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
    ['ps', { status: ['running', 'restarting'] }],
    ['ps -a', {}],
    ['ps -n 1', {}],
    ['ps --filter status=exited', { status: ['exited'] }],
    ['ps --filter name=web -f name=srv', { name: ['web', 'srv'], status: ['running', 'restarting'] }],
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
