import { describe, expect, it } from 'vitest';
import type { PodView } from '../../src/engine/views.ts';
import { commandLine, now } from './command-line.ts';

const id = (digit: string) => digit.repeat(64);

const pod = (more: Partial<PodView>): PodView => ({
  id: id('c'),
  name: 'front',
  status: 'Running',
  createdAtMs: now - 120_000,
  members: [{ id: id('b'), name: 'srv', status: 'running' }],
  backend: 'slirp4netns',
  networks: ['slirp4netns'],
  addresses: ['10.0.2.100'],
  networkMode: 'slirp4netns',
  attachments: [],
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
    ['--sort number --format {{range\t.Containers}}{{.Names}};{{end}}', '\nsrv;\n'],
    ['--sort name --format {{range\t.}}{{.Name}};{{end}}', 'back;front;\n'],
    ['--sort name --format {{range\t$i,$pod:=.}}{{$i}}{{$pod.Name}};{{end}}', '0back;1front;\n'],
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
