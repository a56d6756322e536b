import type { IpFamily } from '../src/network/ip-family.ts';
import { gatewayFor } from '../src/network/ipam-config.ts';
import type { LeaseOwner } from '../src/network/lease-directory.ts';
import { addressNumber, subnetText } from '../src/network/subnet.ts';
import { type BridgeNetwork, networkFamilies } from './bridge-network.ts';
import type { AssignedAddress } from './ipam.ts';

/** Interfaces, addresses and routes as lines for `ip -batch -`. */

/** The alias of interfaces that peapod made, so that it removes no others. */
export const ourAlias = 'peapod';

const hostInterfacePrefix = 'pea';

/** The pod's first interface, where nobody chose another name. */
const usualInterface = 'eth0';

/**
 * The host's end of an attachment's cable: 15 bytes, the most that a name may have. The usual one shows the
 * beginning of the pod's id.
 */
export function hostInterfaceName({ id, ifname }: LeaseOwner): string {
  const digits = ifname === usualInterface ? id.slice(0, 12) : fingerprint(`${id}/${ifname}`);
  return `${hostInterfacePrefix}${digits}`;
}

/** 48 bits of FNV-1a. */
function fingerprint(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0').slice(0, 12);
}

export function isHostInterface(name: string): boolean {
  return /^pea[0-9a-f]{12}$/.test(name);
}

/**
 * A locally administered MAC from an address, so that a reused address keeps its MAC and no neighbour's ARP
 * cache is ever wrong about it; 0a:58 is the prefix that CNI has used for the same.
 */
export function macOf(address: string): string {
  const low = addressNumber(address) & 0xffffffffn;
  return `0a:58:${low.toString(16).padStart(8, '0').match(/../g)?.join(':')}`;
}

export interface PodLink {
  readonly hostInterface: string;
  /** In the pod. */
  readonly ifname: string;
  readonly macAddress: string;
  /** As the runner's `ip` can open it. */
  readonly netnsPath: string;
  readonly addresses: readonly AssignedAddress[];
  /** Neighbours may remember another MAC for one of the addresses. */
  readonly announce: boolean;
  /** Of default routes; 0 for the kernel's own choice, which wins. */
  readonly metric: number;
}

/** For a bridge that is not there. */
export function createBridgeLines(network: BridgeNetwork): string[] {
  const [gateway] = bridgeAddresses(network);
  // Without a MAC of its own, a bridge takes its ports' lowest, and changes it as they come and go.
  const mac = gateway ? ` address ${macOf(gateway.split('/')[0] as string)}` : '';
  const mtu = network.mtuBytes ? ` mtu ${network.mtuBytes}` : '';
  const promisc = network.promiscMode ? ' promisc on' : '';
  // The kernel's own link-local address would be tentative, and no neighbour found, for the first second.
  const linkLocal = networkFamilies(network).has(6)
    ? [`address add fe80::1/64 dev ${network.bridge} nodad`]
    : [];
  return [
    `link add name ${network.bridge}${mac}${mtu} type bridge`,
    `link set dev ${network.bridge}${promisc} addrgenmode none alias ${ourAlias}`,
    ...linkLocal,
  ];
}

/** For a bridge that is there: mends its addresses and state, then plugs the pod in. */
export function plugInLines(network: BridgeNetwork, link: PodLink): string[] {
  const { bridge } = network;
  const mtu = network.mtuBytes ? ` mtu ${network.mtuBytes}` : '';
  const hairpin = needsHairpin(network)
    ? [`link set dev ${link.hostInterface} type bridge_slave hairpin on`]
    : [];
  return [
    `link set dev ${bridge} up`,
    ...bridgeAddresses(network).map((cidr) => `address replace ${cidr} dev ${bridge}${addressFlags(cidr)}`),
    `link add name ${link.hostInterface}${mtu} type veth peer name ${link.ifname} address ${link.macAddress}${mtu} netns ${quoted(link.netnsPath)}`,
    `link set dev ${link.hostInterface} addrgenmode none master ${bridge} up`,
    ...hairpin,
  ];
}

/**
 * Where br_netfilter is loaded, a packet to a pod's own published port is redirected inside the bridge and
 * must leave by the port it came from.
 */
function needsHairpin(network: BridgeNetwork): boolean {
  return network.hairpinMode || (network.portMapping !== undefined && !network.promiscMode);
}

/** Inside the pod's namespace. */
export function podLines(network: BridgeNetwork, link: PodLink): string[] {
  const { ifname } = link;
  return [
    ...link.addresses.map(({ address, subnet }) => {
      const cidr = `${address}/${subnet.prefixLength}`;
      return `address add ${cidr} dev ${ifname}${addressFlags(cidr)}`;
    }),
    `link set dev ${ifname} up`,
    ...podRoutes(network, link.addresses).map(
      ({ destination, gateway }) =>
        `route add ${destination}${gateway ? ` via ${gateway}` : ''} dev ${ifname}${metricOf(destination, link)}`,
    ),
  ];
}

function metricOf(destination: string, { metric }: PodLink): string {
  return destination === 'default' && metric > 0 ? ` metric ${metric}` : '';
}

/**
 * Sends a gratuitous ARP reply and a neighbour advertisement, to be run when the interface is up. `$0` is ip.
 */
export function announceScript({ ifname, macAddress }: PodLink): string {
  return [
    'cd /proc/sys/net',
    `echo 1 >ipv4/conf/${ifname}/arp_notify`,
    `[ ! -e ipv6/conf/${ifname} ] || echo 1 >ipv6/conf/${ifname}/ndisc_notify`,
    `"$0" link set dev ${ifname} address ${macAddress}`,
  ].join('\n');
}

export interface PodRoute {
  /** `default` or a CIDR. */
  readonly destination: string;
  readonly gateway: string | undefined;
}

/** The routes of IPAM, and default routes where the network promises them; by the first gateway of a family. */
export function podRoutes(network: BridgeNetwork, addresses: readonly AssignedAddress[]): PodRoute[] {
  const gateways = new Map<IpFamily, string | undefined>();
  for (const { subnet, gateway } of addresses) {
    gateways.set(subnet.family, gateways.get(subnet.family) ?? gateway);
  }
  const routes: PodRoute[] = [];
  for (const { destination, gateway } of network.ipam.routes) {
    if (!gateways.has(destination.family)) continue;
    routes.push({
      destination: destination.prefixLength === 0 ? 'default' : subnetText(destination),
      gateway: gateway ?? gateways.get(destination.family),
    });
  }
  if (!network.isDefaultGateway) return routes;
  for (const [family, gateway] of gateways) {
    const has = network.ipam.routes.some(
      ({ destination }) => destination.prefixLength === 0 && destination.family === family,
    );
    if (gateway && !has) routes.push({ destination: 'default', gateway });
  }
  return routes;
}

/**
 * The gateway's addresses with prefix lengths: what the bridge owns; where it is no gateway, to be asked for
 * names at.
 */
export function bridgeAddresses(network: BridgeNetwork): string[] {
  if (!network.isGateway && !network.dnsEnabled) return [];
  const { ipam } = network;
  const pairs =
    ipam.kind === 'static'
      ? ipam.addresses.map(({ address, subnet }) => ({ gateway: gatewayFor(ipam, address), subnet }))
      : ipam.rangeSets.flat();
  const cidrs = pairs.flatMap(({ gateway, subnet }) =>
    gateway ? [`${gateway}/${subnet.prefixLength}`] : [],
  );
  return [...new Set(cidrs)];
}

/** Files below /proc/sys/net that say 1 where the runner's host routes for the bridge. */
export function routingSwitches(network: BridgeNetwork, localhost: boolean): string[] {
  const families = networkFamilies(network);
  return [
    ...(families.has(4) && network.isGateway ? ['ipv4/ip_forward'] : []),
    ...(families.has(6) && network.isGateway ? ['ipv6/conf/all/forwarding'] : []),
    ...(localhost ? [`ipv4/conf/${network.bridge}/route_localnet`] : []),
  ];
}

/** What the runner's host needs to route for the bridge: a script for sh, tolerant of kernels without IPv6. */
export function sysctlScript(network: BridgeNetwork, localhost: boolean): string {
  const { bridge } = network;
  return [
    'cd /proc/sys/net',
    ...routingSwitches(network, localhost).map((path) => `echo 1 >${path}`),
    // A pod must not make the host believe in a router (CVE-2020-10749).
    `[ ! -e ipv6/conf/${bridge} ] || echo 0 >ipv6/conf/${bridge}/accept_ra`,
  ].join('\n');
}

/** Nobody waits for duplicate address detection: IPAM has given each address once. */
function addressFlags(cidr: string): string {
  return cidr.includes(':') ? ' nodad' : ' broadcast +';
}

/** A word for ip's batch mode, which splits at blanks outside of quotes. */
function quoted(word: string): string {
  return /[\s"'#]/.test(word) ? `"${word}"` : word;
}
