import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { eventually } from '../support/command.ts';
import { describeForRoot, rootHost } from '../support/host.ts';
import { internetAddresses, makeInternet } from '../support/internet.ts';
import { runContext } from '../support/run-context.ts';
import { inPodNetwork } from '../support/sandbox.ts';
import { clientAddressServer, getPage, webServer } from '../support/servers.ts';
import type { TestHost } from '../support/test-host.ts';

const addressFormat = '{{.NetworkSettings.IPAddress}}';
const explainedConflist = readFileSync(
  new URL('../fixtures/87-podman-bridge.conflist', import.meta.url),
  'utf8',
);

function addressOf(host: TestHost, container: string): Promise<string> {
  return host.ok('inspect', '-f', addressFormat, container);
}

/** A container that answers with the address it sees its client at. */
async function runAddressServer(host: TestHost, name: string, ...more: string[]): Promise<void> {
  const { flags, command } = clientAddressServer(runContext().binDir);
  await host.ok('run', '-d', '--name', name, ...more, ...flags, 'host', ...command);
  await eventually(async () => (await host.ok('logs', name)).includes('ready'));
}

describeForRoot('bridge networks of root', () => {
  it('A8: a container has an address of the subnet; the host and other pods reach it on any port', async () => {
    await using host = await rootHost();
    await host.ok('run', '-dt', '--name', 'db', 'host', ...webServer('rows', 5432, 80));
    const address = await addressOf(host, 'db');
    expect(address).toMatch(/^10\.88\.\d+\.\d+$/);
    expect(await host.fetch(`http://${address}:5432/`)).toBe('rows');
    expect(await host.fetch(`http://${address}/`)).toBe('rows');
    await host.ok('pod', 'create', '--name', 'app');
    await host.ok('run', '-d', '--pod', 'app', '--name', 'client', 'host', 'sleep', '1000');
    expect(await host.fetchFrom('client', address, 5432)).toBe('rows');
    const podAddress = await host.json<{ Addresses: string[] }[]>('pod', 'ps', '--format', 'json');
    expect(podAddress[0]?.Addresses[0]).toMatch(/^10\.88\./);
    expect(podAddress[0]?.Addresses[0]).not.toBe(address);
  });

  it('A9: the conflist of the text drives the default network unchanged', async () => {
    await using host = await rootHost();
    host.write('/etc/cni/net.d/87-podman-bridge.conflist', explainedConflist);
    await host.ok('run', '-dt', '--name', 'db', '-p', '18080:80', 'host', ...webServer('by conflist', 80));
    const address = await addressOf(host, 'db');
    expect(address).toMatch(/^10\.88\.\d+\.\d+$/);
    expect(await host.rootSh('ip -oneline -4 address show cni0')).toContain('inet 10.88.0.1/16');
    expect(await host.rootSh('cat /var/lib/cni/networks/podman/last_reserved_ip.0')).toBe(address);
    expect(await host.fetch(`http://${address}/`)).toBe('by conflist');
    expect(await host.fetch(18080)).toBe('by conflist');
  });

  it('A9: a conflist with another subnet and bridge is the default network instead', async () => {
    await using host = await rootHost();
    const changed = explainedConflist.replace('10.88.0.0/16', '10.123.45.0/24').replace('"cni0"', '"mybr"');
    host.write('/etc/cni/net.d/87-podman-bridge.conflist', changed);
    await host.ok('run', '-d', '--name', 'db', 'host', 'sleep', '1000');
    expect(await addressOf(host, 'db')).toMatch(/^10\.123\.45\./);
    expect(await host.rootSh('ip -oneline -4 address show mybr')).toContain('inet 10.123.45.1/24');
  });

  it('A10: gateway on the bridge, a veth pair a pod, a default route, forwarding on', async () => {
    await using host = await rootHost();
    const id = await host.ok('pod', 'create', '--name', 'routed');
    await host.ok('run', '-d', '--pod', 'routed', '--name', 'web', 'host', ...webServer('routed', 80));
    const address = await addressOf(host, 'web');
    const bridge = await host.rootSh(
      'ip -json -4 address show to 10.88.0.1/16 | grep -o \'"ifname":"[^"]*"\' | head -n 1',
    );
    const bridgeName = bridge.split('"')[3];
    expect(await inPodNetwork(host, id, 'ip -4 route show default')).toMatch(
      /^default via 10\.88\.0\.1 dev eth0/,
    );
    expect(await inPodNetwork(host, id, 'ip -oneline -4 address show eth0')).toContain(`${address}/16`);
    expect(await host.rootSh(`ip -oneline link show type veth master ${bridgeName}`)).toMatch(/^\d+: \S+@/);
    expect(await host.rootSh('cat /proc/sys/net/ipv4/ip_forward')).toBe('1');
    expect(await host.fetch(`http://${address}/`)).toBe('routed');
    expect(await host.ok('exec', 'web', 'cat', '/etc/resolv.conf')).toContain('nameserver 198.51.100.53');
  });

  it('A10: traffic to the internet is masqueraded, traffic between pods and from the host is not', async () => {
    await using host = await rootHost({ internet: true });
    await runAddressServer(host, 'server');
    await host.ok('run', '-d', '--name', 'client', 'host', 'sleep', '1000');
    const [server, client] = await Promise.all([addressOf(host, 'server'), addressOf(host, 'client')]);
    expect(await host.fetchFrom('client', internetAddresses.web)).toBe('internet, you are 203.0.113.11');
    expect(await host.fetchFrom('client', server)).toBe(`you are ${client}`);
    expect(await host.fetch(`http://${server}/`)).toBe('you are 10.88.0.1');
  });

  it("A10: published ports answer on localhost, on the host's address, to the pod itself and to others", async () => {
    await using internet = await makeInternet();
    await using host = await rootHost({ internet });
    await using other = await rootHost({ internet });
    await runAddressServer(host, 'server', '-p', '18080:80');
    await host.ok('run', '-d', '--name', 'client', 'host', 'sleep', '1000');
    expect(await host.fetch(18080)).toMatch(/^you are /);
    expect(await host.fetch('http://203.0.113.11:18080/')).toMatch(/^you are /);
    expect(await other.fetch('http://203.0.113.11:18080/')).toBe('you are 203.0.113.12');
    expect(await host.fetchFrom('client', '203.0.113.11', 18080)).toMatch(/^you are /);
    expect(await host.fetchFrom('server', '203.0.113.11', 18080)).toMatch(/^you are /);
    await host.ok('stop', '--time', '0', 'server');
    expect(await other.reachable('http://203.0.113.11:18080/')).toBe(false);
  });

  it('A10: set-up and teardown are idempotent, and nothing is left', async () => {
    await using host = await rootHost();
    for (const _ of [1, 2, 3]) {
      await host.ok('pod', 'create', '--name', 'again', '-p', '18080:80');
      await host.ok('pod', 'start', 'again');
      await host.ok('pod', 'start', 'again');
      await host.ok('run', '-d', '--pod', 'again', 'host', ...webServer('again', 80));
      expect(await host.fetch(18080)).toBe('again');
      await host.ok('pod', 'stop', '--time', '0', 'again');
      await host.ok('pod', 'stop', 'again');
      await host.ok('pod', 'rm', 'again');
      expect(await host.leftovers()).toEqual([]);
    }
  });

  it('A10: a pod whose interface was taken away is cleaned up all the same', async () => {
    await using host = await rootHost();
    const id = await host.ok('pod', 'create', '--name', 'broken', '-p', '18080:80');
    await host.ok('run', '-d', '--pod', 'broken', 'host', 'sleep', '1000');
    await inPodNetwork(host, id, 'ip link delete eth0');
    await host.rootSh('nft flush ruleset; rm -rf /var/lib/cni/networks');
    await host.ok('pod', 'rm', '--force', '--time', '0', 'broken');
    expect(await host.leftovers()).toEqual([]);
  });

  it('A11: a chosen address and MAC are what the pod gets', async () => {
    await using host = await rootHost();
    const mac = '02:42:0a:58:00:4d';
    const id = await host.ok('pod', 'create', '--name', 'fixed', '--ip', '10.88.0.77', '--mac-address', mac);
    await host.ok('run', '-d', '--pod', 'fixed', '--name', 'web', 'host', ...webServer('fixed', 80));
    expect(await host.fetch('http://10.88.0.77/')).toBe('fixed');
    expect(await addressOf(host, 'web')).toBe('10.88.0.77');
    expect(await inPodNetwork(host, id, 'ip -oneline link show eth0')).toContain(mac);
    await host.ok('run', '-d', '--name', 'alone', '--ip', '10.88.0.78', 'host', 'sleep', '1000');
    expect(await addressOf(host, 'alone')).toBe('10.88.0.78');
  });

  it.each([
    ['10.88.0.77', /10\.88\.0\.77.*(in use|taken|holds|allocated)/],
    ['10.99.0.5', /10\.99\.0\.5.*(10\.88\.0\.0\/16|subnet|network)/],
    ['10.88.0.1', /10\.88\.0\.1.*gateway/],
    ['10.88.0.0', /10\.88\.0\.0/],
    ['10.88.255.255', /10\.88\.255\.255/],
    ['10.88.0', /10\.88\.0/],
    ['banana', /banana/],
  ])('A11: --ip %s, taken, foreign, reserved or none at all, is an error', async (address, message) => {
    await using host = await rootHost();
    await host.ok('run', '-d', '--name', 'holder', '--ip', '10.88.0.77', 'host', 'sleep', '1000');
    const refused = await host.peapod(
      'run',
      '-d',
      '--name',
      'second',
      '--ip',
      address,
      'host',
      'sleep',
      '1000',
    );
    expect(refused.exitCode).toBe(125);
    expect(refused.stderr).toMatch(/^Error: /);
    expect(refused.stderr).toMatch(message);
    expect(await host.ok('ps', '-a', '--format', '{{.Names}}')).toBe('holder');
    expect(await host.ok('exec', 'holder', ...getPage('127.0.0.1', 9)).catch(() => 'refused')).toBe(
      'refused',
    );
  });

  it("A12: a container joins a namespace by path, another container's and the host's", async () => {
    await using host = await rootHost();
    await host.rootSh('ip netns add elsewhere');
    const elsewhere = await host.rootSh('ip netns exec elsewhere readlink /proc/self/ns/net');
    const look = (...flags: string[]) =>
      host.ok('run', '--rm', ...flags, 'host', 'readlink', '/proc/self/ns/net');
    expect(await look('--network', 'ns:/run/netns/elsewhere')).toBe(elsewhere);
    await host.ok('run', '-d', '--name', 'first', 'host', 'sleep', '1000');
    const first = await host.ok('exec', 'first', 'readlink', '/proc/self/ns/net');
    expect(await look('--network', 'container:first')).toBe(first);
    expect(await look('--network', 'host')).toBe(await host.sh('readlink /proc/self/ns/net'));
    await host.rootSh('ip netns del elsewhere; umount /run/netns');
  });
});
