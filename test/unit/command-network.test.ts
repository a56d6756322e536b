import { describe, expect, it } from 'vitest';
import type { NetworkView } from '../../src/engine/views.ts';
import { PeapodError } from '../../src/errors.ts';
import { commandLine, now } from './command-line.ts';

const id = (digit: string) => digit.repeat(64);

const network = (more: Partial<NetworkView>): NetworkView => ({
  id: id('a'),
  name: 'web',
  driver: 'bridge',
  networkInterface: 'cni-podman1',
  createdAtMs: now - 60_000,
  subnets: [{ subnet: '10.89.0.0/24', gateway: '10.89.0.1', leaseRange: undefined }],
  routes: [],
  ipv6: false,
  internal: false,
  dnsEnabled: true,
  dnsServers: [],
  labels: {},
  options: {},
  ipamDriver: 'host-local',
  file: '/etc/cni/net.d/web.conflist',
  users: [],
  ...more,
});

const full = network({
  id: id('b'),
  name: 'full',
  subnets: [
    {
      subnet: '10.90.0.0/24',
      gateway: '10.90.0.254',
      leaseRange: { first: '10.90.0.129', last: '10.90.0.190' },
    },
    { subnet: 'fd00:90::/64', gateway: undefined, leaseRange: undefined },
  ],
  ipv6: true,
  internal: true,
  dnsServers: ['9.9.9.9'],
  labels: { tier: 'back', bare: '' },
  options: { mtu: '1400' },
  users: [
    {
      kind: 'pod',
      id: id('c'),
      name: 'front',
      members: [{ id: id('d'), name: 'srv' }],
      interfaces: [
        {
          ifname: 'eth0',
          addresses: ['10.90.0.130/24', 'fd00:90::2/64'],
          gateways: ['10.90.0.254'],
          macAddress: '0a:58:0a:5a:00:82',
        },
      ],
    },
    { kind: 'container', id: id('e'), name: 'alone', members: [], interfaces: [] },
  ],
});

const fullJson = {
  name: 'full',
  id: id('b'),
  driver: 'bridge',
  network_interface: 'cni-podman1',
  created: '2026-11-21T03:59:00Z',
  subnets: [
    {
      subnet: '10.90.0.0/24',
      gateway: '10.90.0.254',
      lease_range: { start_ip: '10.90.0.129', end_ip: '10.90.0.190' },
    },
    { subnet: 'fd00:90::/64' },
  ],
  ipv6_enabled: true,
  internal: true,
  dns_enabled: true,
  network_dns_servers: ['9.9.9.9'],
  labels: { tier: 'back', bare: '' },
  options: { mtu: '1400' },
  ipam_options: { driver: 'host-local' },
};

const listed = { 'networks.list': () => [full, network({})] };

describe('network ls [C5]', () => {
  it('prints podman’s columns', async () => {
    const { stdout } = await commandLine(['network', 'ls'], listed);
    expect(stdout).toBe(
      [
        'NETWORK ID    NAME        DRIVER',
        'bbbbbbbbbbbb  full        bridge',
        'aaaaaaaaaaaa  web         bridge',
        '',
      ].join('\n'),
    );
  });

  it.each([
    ['-q', 'full\nweb\n'],
    ['-q --no-trunc', 'full\nweb\n'],
    ['--noheading', 'bbbbbbbbbbbb  full        bridge\naaaaaaaaaaaa  web         bridge\n'],
    ['--format {{.ID}}|{{.Labels}}', 'bbbbbbbbbbbb|tier=back,bare=\naaaaaaaaaaaa|\n'],
    ['--no-trunc --format {{.ID}}', `${id('b')}\n${id('a')}\n`],
    ['--format {{.Internal}}{{.IPv6Enabled}}{{.DNSEnabled}}', 'truetruetrue\nfalsefalsetrue\n'],
  ])('network ls %s', async (typed, expected) => {
    expect((await commandLine(['network', 'ls', ...typed.split(' ')], listed)).stdout).toBe(expected);
  });

  it('prints netavark’s JSON', async () => {
    const { stdout } = await commandLine(['network', 'list', '--format', 'json'], listed);
    const parsed = JSON.parse(stdout);
    expect(parsed[0]).toEqual(fullJson);
    expect(Object.keys(parsed[0])).toEqual(Object.keys(fullJson));
    expect(parsed[1]).not.toHaveProperty('labels');
    expect(parsed[1]).not.toHaveProperty('options');
  });

  it('hands filters on, and tells of broken files on standard error', async () => {
    const outcome = await commandLine(['network', 'ls', '-f', 'name=a', '-f', 'label=b=c'], {
      'networks.list': (_filters: unknown, warn: (line: string) => void) => {
        warn('warning: /x.conflist: is not JSON');
        return [];
      },
    });
    expect(outcome.calls[0]?.[1]).toEqual({ name: ['a'], label: ['b=c'] });
    expect(outcome.stderr).toBe('warning: /x.conflist: is not JSON\n');
    expect(outcome.code).toBe(0);
  });
});

describe('network inspect [C5]', () => {
  const answers = { 'networks.inspect': () => full };

  it('adds who is on the network', async () => {
    const { stdout } = await commandLine(['network', 'inspect', 'full'], answers);
    const interfaces = {
      eth0: {
        subnets: [{ ipnet: '10.90.0.130/24', gateway: '10.90.0.254' }, { ipnet: 'fd00:90::2/64' }],
        mac_address: '0a:58:0a:5a:00:82',
      },
    };
    expect(JSON.parse(stdout)).toEqual([
      {
        ...fullJson,
        containers: { [id('d')]: { name: 'srv', interfaces }, [id('e')]: { name: 'alone', interfaces: {} } },
        pods: { [id('c')]: { name: 'front', interfaces } },
        config_file: '/etc/cni/net.d/web.conflist',
      },
    ]);
  });

  it.each([
    ['{{.Name}} {{.ID}} {{.Driver}}', `full ${id('b')} bridge`],
    ['{{range .Subnets}}{{.Subnet}} {{.Gateway}} {{.LeaseRange}};{{end}}', undefined],
    ['{{json .Subnets}}', JSON.stringify(fullJson.subnets)],
    ['{{.Created}}', '2026-11-21 03:59:00 +0000 UTC'],
    ['{{.Labels.tier}} {{.Labels.none}} {{.Options}}', 'back <no value> map[mtu:1400]'],
    ['{{len .Containers}} {{len .Pods}}', '2 1'],
  ])('a template sees Go’s fields: %s', async (format, expected) => {
    const { stdout } = await commandLine(['network', 'inspect', '-f', format, 'full'], answers);
    const ranges = '10.90.0.0/24 10.90.0.254 {10.90.0.129 10.90.0.190};fd00:90::/64  <nil>;';
    expect(stdout).toBe(`${expected ?? ranges}\n`);
  });

  it('prints what there is, and says in podman’s words what there is not', async () => {
    const outcome = await commandLine(['network', 'inspect', 'full', 'nope'], {
      'networks.inspect': (name: string) => {
        if (name === 'full') return full;
        throw new PeapodError('NOT_FOUND', 'unable to find network with name or ID nope: network not found');
      },
    });
    expect(JSON.parse(outcome.stdout)).toHaveLength(1);
    expect(outcome.stderr).toContain('unable to find network with name or ID nope: network not found');
    expect(outcome.code).toBe(125);
  });

  it('wants a name', async () => {
    const { stderr, code } = await commandLine(['network', 'inspect']);
    expect(stderr).toContain('requires at least 1 arg(s), only received 0');
    expect(code).toBe(125);
  });
});

describe('network create [C5]', () => {
  it('hands the words on as they were typed, and prints the name', async () => {
    const typed =
      'network create --subnet 10.90.0.0/24 --subnet fd00::/64 --gateway 10.90.0.9,fd00::9 --ip-range 10.90.0.0/25 --route 10.21.0.0/24,10.90.0.7 --ipv6 --internal --dns 9.9.9.9,8.8.8.8 --label a=b -o mtu=1400 --opt isolate=true --interface-name br1 --ignore --disable-dns -d bridge web';
    const { calls, stdout } = await commandLine(typed.split(' '), { 'networks.create': () => 'web' });
    expect(stdout).toBe('web\n');
    expect(calls).toEqual([
      [
        'networks.create',
        {
          name: 'web',
          driver: 'bridge',
          subnets: ['10.90.0.0/24', 'fd00::/64'],
          gateways: ['10.90.0.9', 'fd00::9'],
          ipRanges: ['10.90.0.0/25'],
          routes: ['10.21.0.0/24,10.90.0.7'],
          ipv6: true,
          internal: true,
          disableDns: true,
          dnsServers: ['9.9.9.9', '8.8.8.8'],
          labels: ['a=b'],
          options: ['mtu=1400', 'isolate=true'],
          interfaceName: 'br1',
          ignore: true,
        },
      ],
    ]);
  });

  it('takes one name at most', async () => {
    const { stderr, calls } = await commandLine(['network', 'create', 'a', 'b']);
    expect(stderr).toContain('accepts at most 1 arg(s), received 2');
    expect(calls).toEqual([]);
  });
});

describe('network rm [C5]', () => {
  const answers = {
    'networks.remove': (name: string) => {
      if (name === 'nope') throw new PeapodError('NOT_FOUND', 'network not found');
      if (name === 'used') throw new PeapodError('NETWORK_IN_USE', 'network is being used');
      return name;
    },
  };

  it.each([
    ['web', 0, 'web\n'],
    ['nope web', 1, 'web\n'],
    ['nope used web', 2, 'web\n'],
    ['--force nope', 0, ''],
    ['--time 3 web', 125, ''],
  ])('network rm %s exits with %i', async (typed, code, stdout) => {
    const outcome = await commandLine(['network', 'rm', ...typed.split(' ')], answers);
    expect([outcome.code, outcome.stdout]).toEqual([code, stdout]);
  });

  it('hands force and time on', async () => {
    const { calls } = await commandLine('network remove -f -t 3 web'.split(' '), answers);
    expect(calls).toEqual([['networks.remove', 'web', { force: true, timeoutSeconds: 3 }]]);
  });
});

describe('network prune [C5]', () => {
  it('prints the names of what is gone', async () => {
    const outcome = await commandLine('network prune -f --filter label=a'.split(' '), {
      'networks.prune': () => ['web', 'db'],
    });
    expect(outcome.stdout).toBe('web\ndb\n');
    expect(outcome.calls[0]?.[1]).toEqual({ label: ['a'] });
  });
});

describe('network exists [C5]', () => {
  it.each([
    [true, 0],
    [false, 1],
  ])('says %s by the exit code %i', async (there, code) => {
    const outcome = await commandLine(['network', 'exists', 'web'], { 'networks.exists': () => there });
    expect([outcome.code, outcome.stdout]).toEqual([code, '']);
  });
});
