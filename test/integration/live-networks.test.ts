import { expect, it } from 'vitest';
import { describeForBoth } from '../support/host.ts';
import { reboot } from '../support/reboot.ts';
import { webServer } from '../support/servers.ts';
import type { TestHost } from '../support/test-host.ts';

interface PodNetwork {
  readonly Networks: string[];
  readonly Attachments: { Network: string; Interface: string; Addresses: string[] }[];
  readonly Ports: { HostPort: number }[];
  readonly Drift: string[];
  readonly Missing: string[];
}

async function networkOf(host: TestHost, pod: string): Promise<PodNetwork> {
  return (await host.json<{ Network: PodNetwork }>('pod', 'inspect', pod)).Network;
}

/** `ifname address` of all interfaces but lo, by name. */
async function interfaces(host: TestHost, container: string): Promise<string[]> {
  const text = await host.ok('exec', container, 'ip', '-4', '-brief', 'address');
  return text
    .split('\n')
    .flatMap((line) => {
      const [name = '', , address = ''] = line.split(/\s+/);
      return name === 'lo' ? [] : [`${name.split('@')[0]} ${address}`];
    })
    .toSorted();
}

const nameServers = async (host: TestHost, container: string) =>
  (await host.ok('exec', container, 'cat', '/etc/resolv.conf'))
    .split('\n')
    .filter((line) => line.startsWith('nameserver'));

async function hostWithTwoNetworks(makeHost: () => Promise<TestHost>): Promise<TestHost> {
  const host = await makeHost();
  await host.ok('network', 'create', '--subnet', '10.91.1.0/24', 'front');
  await host.ok('network', 'create', '--subnet', '10.91.2.0/24', 'back');
  return host;
}

/** A pod `p` on both networks, called `b` on the second, with a web server in its member `m`. */
async function createOnBoth(host: TestHost): Promise<void> {
  const networks = ['--network', 'front', '--network', 'back:alias=b'];
  await host.ok('pod', 'create', '--name', 'p', ...networks, '-p', '18080:80');
  await host.ok('run', '-d', '--pod', 'p', '--name', 'm', 'host', ...webServer('p', 80));
}

describeForBoth('networks of running pods', (makeHost) => {
  it('C1, C4: a pod without a network gains interface, route and names, and loses them, while it runs', async () => {
    await using host = await hostWithTwoNetworks(makeHost);
    await host.ok('pod', 'create', '--name', 'p', '--network', 'none');
    await host.ok('run', '-d', '--pod', 'p', '--name', 'm', 'host', ...webServer('p', 80));
    await host.ok('run', '-d', '--network', 'front', '--name', 'friend', 'host', ...webServer('friend', 80));
    const alone = await host.ok('exec', 'm', 'cat', '/etc/resolv.conf');
    expect(await interfaces(host, 'm')).toEqual([]);

    await host.ok('network', 'connect', '--ip', '10.91.1.77', '--alias', 'nick', 'front', 'p');
    expect(await interfaces(host, 'm')).toEqual(['eth0 10.91.1.77/24']);
    expect(await host.ok('exec', 'm', 'ip', 'route')).toMatch(/^default via 10\.91\.1\.1 dev eth0/);
    expect(await nameServers(host, 'm')).toEqual(['nameserver 10.91.1.1']);
    expect(await host.ok('exec', 'm', 'cat', '/etc/hosts')).toContain('10.91.1.77\tp m');
    expect(await host.fetchFrom('friend', 'nick')).toBe('p');
    expect(await host.fetchFrom('m', 'friend')).toBe('friend');

    await host.ok('exec', 'm', 'sh', '-c', 'echo "# mine" >> /etc/resolv.conf');
    await host.ok('network', 'disconnect', 'front', 'p');
    expect(await interfaces(host, 'm')).toEqual([]);
    expect(await host.ok('exec', 'm', 'cat', '/etc/resolv.conf')).toBe(`${alone}\n# mine`);
    expect(await host.ok('exec', 'm', 'cat', '/etc/hosts')).not.toContain('10.91.1.77');
    // Traffic on lo has not noticed.
    expect(await host.fetchFrom('m', '127.0.0.1')).toBe('p');
    expect((await host.peapod('exec', 'friend', 'getent', 'hosts', 'nick')).exitCode).not.toBe(0);
  });

  it('C1: what cannot be connected or disconnected is told, and changes nothing', async () => {
    await using host = await hostWithTwoNetworks(makeHost);
    await host.ok('pod', 'create', '--name', 'p', '--network', 'front');
    await host.ok('run', '-d', '--pod', 'p', '--name', 'm', 'host', 'sleep', '1000');
    await host.ok(
      'run',
      '-d',
      '--name',
      'other',
      '--network',
      'back',
      '--ip',
      '10.91.2.9',
      'host',
      'sleep',
      '1000',
    );
    const before = JSON.stringify(await networkOf(host, 'p'));
    for (const [words, error] of [
      [['connect', 'front', 'p'], /^Error: pod p is already connected to network "front"/],
      [
        ['disconnect', 'back', 'p'],
        /^Error: pod p is not connected to network "back".*\nhint: it is on front/,
      ],
      [['connect', 'nowhere', 'p'], /^Error: unable to find network .*nowhere/],
      [['connect', 'back', 'nobody'], /^Error: no pod or container .*"nobody"/],
      [['connect', 'back', 'm'], /^Error: container m has the network of pod p\nhint: name the pod/],
      [['connect', '--ip', '10.91.2.9', 'back', 'p'], /^Error: 10\.91\.2\.9 of network "back" is taken/],
      [['connect', '--ip', '192.0.2.9', 'back', 'p'], /^Error: 192\.0\.2\.9 is not for network "back"/],
      [['connect', 'back'], /^Error: accepts 2 arg/],
    ] as const) {
      const { exitCode, stderr } = await host.peapod('network', ...words);
      expect(stderr).toMatch(error);
      expect(exitCode).toBe(125);
    }
    await host.ok('network', 'disconnect', '--force', 'back', 'p');
    expect(JSON.stringify(await networkOf(host, 'p'))).toBe(before);
    expect(await interfaces(host, 'm')).toEqual(['eth0 10.91.1.2/24']);

    // An attach that fails half-way: the interface that it wants is there already.
    const { Attachments } = await networkOf(host, 'p');
    await host.ok(
      'pod',
      'nsenter',
      'p',
      'ip',
      'link',
      'add',
      'eth1',
      'type',
      'veth',
      'peer',
      'name',
      'other',
    );
    const { exitCode, stderr } = await host.peapod('network', 'connect', 'back', 'p');
    expect(stderr).toMatch(/^Error: .*File exists/);
    expect(exitCode).toBe(125);
    expect((await networkOf(host, 'p')).Attachments).toEqual(Attachments);
    await host.ok('pod', 'nsenter', 'p', 'ip', 'link', 'delete', 'eth1');
    expect(JSON.stringify(await networkOf(host, 'p'))).toBe(before);
  });

  it('C1, C7: ports move to another network with the one that published them, and names follow', async () => {
    await using host = await hostWithTwoNetworks(makeHost);
    await createOnBoth(host);
    await host.ok('run', '-d', '--network', 'back', '--name', 'peer', 'host', ...webServer('peer', 80));
    expect(await interfaces(host, 'm')).toEqual(['eth0 10.91.1.2/24', 'eth1 10.91.2.2/24']);
    expect(await host.ok('exec', 'm', 'ip', 'route', 'show', 'default')).toMatch(
      /^default via 10\.91\.1\.1 dev eth0 *\ndefault via 10\.91\.2\.1 dev eth1 metric/,
    );
    expect(await host.fetchFrom('m', 'peer')).toBe('peer');
    expect(await host.fetchFrom('peer', 'b')).toBe('p');
    expect(await host.fetch(18080)).toBe('p');

    await host.ok('network', 'disconnect', 'front', 'p');
    expect(await host.fetch(18080)).toBe('p');
    expect(await host.ok('exec', 'm', 'ip', 'route', 'show', 'default')).toMatch(
      /^default via 10\.91\.2\.1 dev eth1/,
    );
    expect(await nameServers(host, 'm')).toEqual(['nameserver 10.91.2.1']);
    await host.ok('network', 'connect', 'front', 'p');
    const both = await interfaces(host, 'm');
    expect(both).toEqual([expect.stringMatching(/^eth0 10\.91\.1\./), 'eth1 10.91.2.2/24']);
    expect(await host.fetchFrom('m', 'peer')).toBe('peer');
    const { Networks, Attachments } = await networkOf(host, 'p');
    expect(Networks.toSorted()).toEqual(['back', 'front']);
    expect(Attachments.map(({ Interface }) => Interface).toSorted()).toEqual(['eth0', 'eth1']);

    // Both come back with a new start, and with their addresses.
    await host.ok('pod', 'stop', '--time', '0', 'p');
    await host.ok('run', '--rm', '--network', 'front', 'host', 'true');
    await host.ok('pod', 'start', 'p');
    expect(await interfaces(host, 'm')).toEqual(both);
    expect(await host.fetch(18080)).toBe('p');
  });

  it('C2: a pod whose second network cannot be had is not made, nor is anything on its first', async () => {
    await using host = await hostWithTwoNetworks(makeHost);
    await host.ok(
      'run',
      '-d',
      '--name',
      'holder',
      '--network',
      'back',
      '--ip',
      '10.91.2.9',
      'host',
      'sleep',
      '1000',
    );
    for (const networks of [
      ['--network', 'front', '--network', 'back:ip=10.91.2.9'],
      ['--network', 'front', '--network', 'nowhere'],
      ['--network', 'front', '--network', 'front'],
      ['--network', 'front', '--network', 'none'],
      ['--network', 'front', '--network', 'pasta'],
      ['--network', 'front,back', '--ip', '10.91.1.5'],
      ['--network', 'front:interface_name=x', '--network', 'back:interface_name=x'],
    ]) {
      const { exitCode, stderr } = await host.peapod('pod', 'create', '--name', 'p', ...networks);
      expect(stderr).toMatch(/^Error: /);
      expect(exitCode).toBe(125);
      expect(await host.ok('pod', 'ps', '-q')).toBe('');
    }
    // Taken only after it was created: the start undoes the first network's attachment.
    await host.ok('pod', 'create', '--name', 'p', '--network', 'front', '--network', 'back:ip=10.91.2.10');
    await host.ok(
      'run',
      '-d',
      '--name',
      'thief',
      '--network',
      'back',
      '--ip',
      '10.91.2.10',
      'host',
      'sleep',
      '1000',
    );
    expect((await host.peapod('pod', 'start', 'p')).stderr).toMatch(/10\.91\.2\.10 .* is taken/);
    expect((await networkOf(host, 'p')).Attachments).toEqual([]);
    const leases = await host.rootSh(`find ${host.dir} -path '*/front/10.91.1.*'`);
    expect(leases).toBe('');
  });

  it('C5: what a firewall reload or a person removed is told by inspect and put back by reload', async () => {
    await using host = await hostWithTwoNetworks(makeHost);
    await host.ok('pod', 'create', '--name', 'p', '--network', 'front', '-p', '18080:80');
    await host.ok('run', '-d', '--pod', 'p', '--name', 'm', 'host', ...webServer('p', 80));
    await host.ok('run', '-d', '--network', 'front', '--name', 'peer', 'host', ...webServer('peer', 80));
    expect(await host.fetch(18080)).toBe('p');
    expect((await networkOf(host, 'p')).Drift).toEqual([]);
    if (!host.rootless) {
      await host.rootSh('nft flush ruleset');
      const [drift = ''] = (await networkOf(host, 'p')).Drift;
      expect(drift).toMatch(/lacks .*the published port 0\.0\.0\.0:18080->80\/tcp/);
      expect(await host.ok('network', 'reload', 'p')).toMatch(/^[0-9a-f]{64}$/);
      expect((await networkOf(host, 'p')).Drift).toEqual([]);
      expect(await host.fetch(18080)).toBe('p');

      await host.rootSh('echo 0 >/proc/sys/net/ipv4/ip_forward');
      expect((await networkOf(host, 'p')).Drift).toEqual(['the network of p lacks net.ipv4.ip_forward=1']);
      await host.ok('network', 'reload', 'p');
      expect(await host.rootSh('cat /proc/sys/net/ipv4/ip_forward')).toBe('1');

      await host.rootSh('ip link delete $(ip -o link | grep -o "pea[0-9a-f]\\{12\\}" | head -n 1)');
      await host.rootSh('nft flush chain inet peapod publish');
      const ids = await host.ok('network', 'reload', '--all');
      expect(ids.split('\n')).toHaveLength(2);
      expect((await networkOf(host, 'p')).Drift).toEqual([]);
    }
    await host.ok('pod', 'nsenter', 'p', 'ip', 'address', 'flush', 'dev', 'eth0');
    expect((await networkOf(host, 'p')).Drift[0]).toMatch(/lacks .*the address 10\.91\.1\.2\/24/);
    await host.ok('network', 'reload', 'p');
    expect((await networkOf(host, 'p')).Drift).toEqual([]);
    expect(await interfaces(host, 'm')).toEqual(['eth0 10.91.1.2/24']);
    expect(await host.fetchFrom('peer', 'p')).toBe('p');
    expect(await host.fetch(18080)).toBe('p');
  });

  it('E4: pods come back from a reboot with their networks, addresses and names', async () => {
    await using host = await hostWithTwoNetworks(makeHost);
    await host.ok('run', '-d', '--network', 'front', '--name', 'first', 'host', 'sleep', '1000');
    await createOnBoth(host);
    await host.ok('network', 'connect', 'back', 'first');
    const before = await interfaces(host, 'm');
    expect(before).toEqual(['eth0 10.91.1.3/24', 'eth1 10.91.2.2/24']);
    await reboot(host);
    expect(await host.ok('pod', 'ps', '--format', '{{.Name}} {{.Status}}')).toBe('p Exited');
    await host.ok('pod', 'start', 'p');
    await host.ok('start', 'first');
    expect(await interfaces(host, 'm')).toEqual(before);
    expect(await interfaces(host, 'first')).toEqual(['eth0 10.91.1.2/24', 'eth1 10.91.2.3/24']);
    expect(await host.fetch(18080)).toBe('p');
    expect(await host.fetchFrom('first', 'p')).toBe('p');
    expect((await networkOf(host, 'p')).Missing).toEqual([]);
  });
});
