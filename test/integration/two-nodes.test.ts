import { expect, it } from 'vitest';
import { eventually } from '../support/command.ts';
import { describeForRoot, rootHost } from '../support/host.ts';
import { type Internet, internetAddresses, makeInternet } from '../support/internet.ts';
import { runContext } from '../support/run-context.ts';
import { clientAddressServer, getPage } from '../support/servers.ts';
import type { TestHost } from '../support/test-host.ts';

/** A machine of its own on the same wire as the others, with a subnet for its pods. */
interface TestNode {
  readonly host: TestHost;
  readonly address: string;
  readonly subnet: string;
}

/** As a person would write it to /etc/cni/net.d of each node. */
function conflist(subnet: string, ipMasq: boolean): string {
  const ipam = { type: 'host-local', subnet, routes: [{ dst: '0.0.0.0/0' }] };
  const bridge = { type: 'bridge', bridge: 'br0', isGateway: true, ipMasq, ipam };
  const portmap = { type: 'portmap', capabilities: { portMappings: true } };
  return JSON.stringify({ cniVersion: '1.0.0', name: 'podman', plugins: [bridge, portmap] });
}

async function makeNode(internet: Internet, subnet: string, ipMasq: boolean): Promise<TestNode> {
  const host = await rootHost({ internet });
  host.write('/etc/cni/net.d/10-pods.conflist', conflist(subnet, ipMasq));
  const addresses = JSON.parse(await host.rootSh('ip -json -4 address show dev eth0'));
  return { host, address: addresses[0].addr_info[0].local, subnet };
}

/** A node is told where the other's pods are. */
async function route(one: TestNode, other: TestNode): Promise<void> {
  await one.host.rootSh(`ip route add ${other.subnet} via ${other.address}`);
}

/** A pod with an address of choice; its server answers with the address that it sees its client at. */
async function runPod({ host }: TestNode, name: string, address: string, ...flags: string[]): Promise<void> {
  await host.ok('pod', 'create', '--name', name, '--ip', address, ...flags);
  const server = clientAddressServer(runContext().binDir);
  const web = `${name}-web`;
  await host.ok('run', '-d', '--pod', name, '--name', web, ...server.flags, 'host', ...server.command);
  await host.ok('run', '-d', '--pod', name, '--name', `${name}-client`, 'host', 'sleep', '1000');
  await eventually(async () => (await host.ok('logs', web)).includes('ready'));
}

/** What the pod at `address` says to a container of a pod. */
async function ask(node: TestNode, pod: string, address: string): Promise<string> {
  return node.host.fetchFrom(`${pod}-client`, address);
}

async function isReachable(node: TestNode, pod: string, address: string): Promise<boolean> {
  return (await node.host.peapod('exec', `${pod}-client`, ...getPage(address))).stdout.startsWith('HTTP/');
}

const pod1a = '192.168.1.10';
const pod1b = '192.168.1.20';
const pod2 = '192.168.2.20';

describeForRoot('two nodes, each with a subnet of its own', () => {
  it('A16: pods of one node are neighbours; static routes let those of both reach each other by address', async () => {
    await using internet = await makeInternet();
    const node1 = await makeNode(internet, '192.168.1.0/24', true);
    await using _host1 = node1.host;
    const node2 = await makeNode(internet, '192.168.2.0/24', true);
    await using _host2 = node2.host;
    await Promise.all([
      runPod(node1, 'pod1a', pod1a),
      runPod(node1, 'pod1b', pod1b),
      runPod(node2, 'pod2', pod2, '-p', '18080:80'),
    ]);
    expect(await node1.host.rootSh('ip -oneline -4 address show br0')).toContain('inet 192.168.1.1/24');
    expect(await node2.host.rootSh('ip -oneline -4 address show br0')).toContain('inet 192.168.2.1/24');
    expect(await ask(node1, 'pod1a', pod1b)).toBe(`you are ${pod1a}`);
    expect(await isReachable(node1, 'pod1a', pod2)).toBe(false);
    expect(await isReachable(node2, 'pod2', pod1a)).toBe(false);

    await route(node1, node2);
    // What leaves a pod's subnet is masqueraded: the other side sees the node, and answers without a route.
    expect(await ask(node1, 'pod1a', pod2)).toBe(`you are ${node1.address}`);
    await route(node2, node1);
    expect(await ask(node2, 'pod2', pod1b)).toBe(`you are ${node2.address}`);
    expect(await node1.host.fetch(`http://${pod2}/`)).toBe(`you are ${node1.address}`);
    // A published port is reached on the node's own address, with or without routes.
    expect(await node1.host.fetch(`http://${node2.address}:18080/`)).toBe(`you are ${node1.address}`);
    expect(await ask(node1, 'pod1a', internetAddresses.web)).toBe(`internet, you are ${node1.address}`);
  });

  it('A16: without ipMasq pods see the addresses of pods on the other node, and a rule lets them out', async () => {
    await using internet = await makeInternet();
    const node1 = await makeNode(internet, '192.168.1.0/24', false);
    await using _host1 = node1.host;
    const node2 = await makeNode(internet, '192.168.2.0/24', false);
    await using _host2 = node2.host;
    await Promise.all([runPod(node1, 'pod1a', pod1a), runPod(node2, 'pod2', pod2)]);
    await route(node1, node2);
    await route(node2, node1);
    expect(await ask(node1, 'pod1a', pod2)).toBe(`you are ${pod1a}`);
    expect(await ask(node2, 'pod2', pod1a)).toBe(`you are ${pod2}`);
    expect(await isReachable(node1, 'pod1a', internetAddresses.web)).toBe(false);

    await node1.host.rootSh(`nft -f - <<'END'
      table ip cluster {
        chain postrouting {
          type nat hook postrouting priority srcnat;
          ip saddr 192.168.1.0/24 ip daddr != 192.168.0.0/16 masquerade
        }
      }
END`);
    expect(await ask(node1, 'pod1a', internetAddresses.web)).toBe(`internet, you are ${node1.address}`);
    expect(await ask(node1, 'pod1a', pod2)).toBe(`you are ${pod1a}`);
    await node1.host.rootSh('nft delete table ip cluster');
  });
});
