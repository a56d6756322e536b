import { type IpFamily, ipFamily } from '../src/network/ip-family.ts';
import { isWildcard } from '../src/network/ports-overlap.ts';
import { subnetText } from '../src/network/subnet.ts';
import type { PortMapping } from '../src/network/types.ts';
import { type BridgeNetwork, networkSubnets } from './bridge-network.ts';

/**
 * The firewall as text for `nft -f -`, one transaction a change. All state lies in sets and maps of one
 * table, so that rules are loaded once and a connection costs one lookup, however many pods there are. Every
 * element carries its owner as a comment: a pod's id, or a bridge's name for what a network needs.
 */

export const table = 'inet peapod';

/** `create` fails where the table is there already: rules of a chain must not be loaded twice. */
export const baseRuleset = `create table ${table}
table ${table} {
  set subnets4 { type ipv4_addr; flags interval; }
  set subnets6 { type ipv6_addr; flags interval; }
  set masquerade4 { type ipv4_addr; flags interval; }
  set masquerade6 { type ipv6_addr; flags interval; }
  set localnet { type ifname; }
  set admitted { type ifname; }
  set bridges { type ifname; }
  set isolated { type ifname; }
  set within { type ifname . ifname; }
  map ports4 { type inet_proto . inet_service : ipv4_addr . inet_service; }
  map ports6 { type inet_proto . inet_service : ipv6_addr . inet_service; }
  map host_ports4 { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
  map host_ports6 { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }
  chain publish {
    dnat ip to ip daddr . meta l4proto . th dport map @host_ports4
    meta nfproto ipv4 dnat ip to meta l4proto . th dport map @ports4
    dnat ip6 to ip6 daddr . meta l4proto . th dport map @host_ports6
    meta nfproto ipv6 dnat ip6 to meta l4proto . th dport map @ports6
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname @localnet ip daddr 127.0.0.0/8 return
    fib daddr type local jump publish
  }
  chain output {
    type nat hook output priority -100; policy accept;
    ip6 daddr ::1 return
    fib daddr type local jump publish
  }
  chain input {
    type filter hook input priority filter; policy accept;
    iifname @localnet ip daddr 127.0.0.0/8 jump answers
  }
  chain answers {
    ct status dnat accept
    drop
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname @isolated oifname @bridges jump isolation
    iifname @bridges oifname @isolated jump isolation
  }
  chain isolation {
    ct status dnat return
    iifname . oifname @within return
    drop
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ct status dnat ip saddr 127.0.0.0/8 oifname @localnet masquerade
    ct status dnat ip saddr @subnets4 ip daddr @subnets4 masquerade
    ct status dnat ip6 saddr @subnets6 ip6 daddr @subnets6 masquerade
    ip saddr @masquerade4 ip daddr != @subnets4 ip daddr != 224.0.0.0/4 masquerade
    ip6 saddr @masquerade6 ip6 daddr != @subnets6 ip6 daddr != ff00::/8 masquerade
  }
}
`;

/** Rules of each chain, one a line, in the text that loads them. */
export function ruleCountsOf(ruleset: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [, name = '', body = ''] of ruleset.matchAll(/chain (\w+) \{\n([\s\S]*?)\n {2}\}/g)) {
    counts.set(name, body.split('\n').filter((line) => !line.trim().startsWith('type ')).length);
  }
  return counts;
}

/** One element of a set or map. */
export interface Element {
  readonly set: string;
  /** As nft writes it: `tcp . 8080`. */
  readonly key: string;
  /** Of a map. */
  readonly value?: string;
  readonly owner: string;
}

/** What a network needs as long as a pod is on it. */
export function networkElements(network: BridgeNetwork): Element[] {
  const owner = network.bridge;
  const elements: Element[] = [];
  const subnets = new Map(networkSubnets(network).map((subnet) => [subnetText(subnet), subnet.family]));
  for (const [key, family] of subnets) {
    elements.push({ set: `subnets${family}`, key, owner });
    if (network.ipMasq) elements.push({ set: `masquerade${family}`, key, owner });
  }
  const bridge = `"${network.bridge}"`;
  elements.push({ set: 'bridges', key: bridge, owner });
  if (reachableFromLocalhost(network)) elements.push({ set: 'localnet', key: bridge, owner });
  if (network.isolated) {
    elements.push({ set: 'isolated', key: bridge, owner });
    // A pod reaches published ports of its neighbours through the bridge that it came by.
    elements.push({ set: 'within', key: `${bridge} . ${bridge}`, owner });
  }
  return elements;
}

/** portmap's `snat`: connections from 127.0.0.1 get an address to which the pod can answer. */
export function reachableFromLocalhost(network: BridgeNetwork): boolean {
  return network.portMapping?.snat === true && networkSubnets(network).some(({ family }) => family === 4);
}

/** The addresses of a pod by family, as DNAT needs them. */
export type PodAddresses = Partial<Record<IpFamily, string>>;

/** One element a port and family that both sides have; none where they share no family. */
export function portElements(owner: string, pod: PodAddresses, port: PortMapping): Element[] {
  const families = ([4, 6] as const).filter(
    (family) => port.hostIp === '' || ipFamily(port.hostIp) === family,
  );
  return families.flatMap((family) => {
    const address = pod[family];
    if (!address) return [];
    const where = isWildcard(port.hostIp) ? '' : `${port.hostIp} . `;
    return {
      set: `${where ? 'host_' : ''}ports${family}`,
      key: `${where}${port.protocol} . ${port.hostPort}`,
      value: `${address} . ${port.containerPort}`,
      owner,
    };
  });
}

/** Idempotent; nft refuses a port that is another pod's already ("File exists"). */
export function addElements(elements: readonly Element[]): string {
  return bySet(elements, 'add', ({ key, value, owner }) => {
    return `${key} comment "${owner}"${value ? ` : ${value}` : ''}`;
  });
}

/** Fails as a whole where one is missing: pass what a listing has shown. */
export function deleteElements(elements: readonly Element[]): string {
  return bySet(elements, 'delete', ({ key }) => key);
}

export const deleteTable = `delete table ${table}\n`;

function bySet(elements: readonly Element[], verb: string, write: (element: Element) => string): string {
  const sets = Map.groupBy(elements, ({ set }) => set);
  return [...sets]
    .map(([set, its]) => `${verb} element ${table} ${set} { ${its.map(write).join(', ')} }\n`)
    .join('');
}
