import type { Runner } from '../src/host/exec.ts';
import type { Attachment, NetworkTarget } from '../src/network/backend.ts';
import { gatewayFor } from '../src/network/ipam-config.ts';
import type { LeaseDirectory } from '../src/network/lease-directory.ts';
import { formatPort } from '../src/network/port-format.ts';
import { parseCidr } from '../src/network/subnet.ts';
import type { PublishedPort } from '../src/network/types.ts';
import type { Bridges, ListedLink } from './bridge.ts';
import type { BridgeNetwork } from './bridge-network.ts';
import type { Firewall } from './firewall.ts';
import type { Forwarding } from './forwarding.ts';
import type { HostTools } from './host-tools.ts';
import { bridgeAddresses, podRoutes } from './links.ts';
import { baseRuleset, type Element, networkElements, portElements, ruleCountsOf } from './nftables.ts';
import { podAddresses } from './publisher.ts';

export interface DriftCheck {
  readonly runner: Runner;
  readonly tools: HostTools;
  readonly bridges: Bridges;
  readonly firewall: Firewall;
  readonly forwarding: Forwarding;
  readonly leases: LeaseDirectory;
  readonly network: BridgeNetwork;
  readonly target: NetworkTarget;
  readonly last: Attachment;
  readonly ports: readonly PublishedPort[];
}

/** What attach and publish made and is no longer there, in words; empty where all is. */
export interface Drift {
  /** Interfaces, addresses and routes. */
  readonly links: readonly string[];
  /** Of peapod's firewall table. */
  readonly rules: readonly string[];
  /** Of the kernel, without which it does not route for the bridge. */
  readonly switches: readonly string[];
  /** Of other tables, whose chains drop what the bridge forwards. */
  readonly passes: readonly string[];
  readonly leases: readonly string[];
}

export async function findDrift(check: DriftCheck): Promise<Drift> {
  const [links, listing, off, blockers, pod] = await Promise.all([
    check.bridges.list(),
    check.firewall.list(),
    check.bridges.switchesOff(check.network),
    check.forwarding.blockers(check.network.bridge),
    readPod(check.runner.netns(check.target.netnsPath), check.tools.path('ip'), check.last.ifname),
  ]);
  return {
    links: [...hostDrift(check, links), ...(pod ? podDrift(check, pod) : ['its network namespace'])],
    rules: ruleDrift(check, listing.exists ? listing.elements : [], listing.ruleCounts),
    switches: off.map((name) => `${name}=1`),
    passes: blockers.map(
      (chain) => `a rule that lets its traffic pass the firewall chain ${chain}, which drops it`,
    ),
    leases: leaseDrift(check),
  };
}

function hostDrift({ network, last }: DriftCheck, links: readonly ListedLink[]): string[] {
  const bridge = links.find(({ ifname }) => ifname === network.bridge);
  if (!bridge) return [`the bridge ${network.bridge}`];
  const missing = bridgeAddresses(network)
    .filter((cidr) => !hasAddress(bridge, cidr))
    .map((cidr) => `the gateway address ${cidr} of ${network.bridge}`);
  if (!bridge.flags.includes('UP')) missing.push(`the bridge ${network.bridge} being up`);
  const name = last.opaque.hostInterface ?? '';
  const cable = links.find(({ ifname }) => ifname === name);
  if (!cable) missing.push(`the host's interface ${name}`);
  else if (cable.master !== network.bridge)
    missing.push(`the interface ${name} in the bridge ${network.bridge}`);
  else if (!cable.flags.includes('UP')) missing.push(`the host's interface ${name} being up`);
  return missing;
}

interface PodReading {
  readonly link: ListedLink | undefined;
  readonly routes: readonly { readonly dst: string; readonly gateway?: string; readonly dev: string }[];
}

/** Undefined where the namespace is gone. */
async function readPod(netns: Runner, ip: string, ifname: string): Promise<PodReading | undefined> {
  const script =
    '"$0" -json address show dev "$1" || echo []; "$0" -json route show; "$0" -6 -json route show';
  const { exitCode, stdout } = await netns.run(['sh', '-c', script, ip, ifname], { accept: 'any' });
  if (exitCode !== 0) return undefined;
  const [links = [], ...routes] = stdout
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as never[]);
  return { link: (links as ListedLink[]).find((link) => link.ifname === ifname), routes: routes.flat() };
}

function podDrift({ network, last }: DriftCheck, { link, routes }: PodReading): string[] {
  const { ifname } = last;
  if (!link) return [`the pod's interface ${ifname}`];
  const missing = last.addresses
    .filter((cidr) => !hasAddress(link, cidr))
    .map((cidr) => `the address ${cidr}`);
  if (!link.flags.includes('UP')) missing.push(`the pod's interface ${ifname} being up`);
  if (last.macAddress && link.address !== last.macAddress) missing.push(`the MAC address ${last.macAddress}`);
  const assigned = last.addresses.flatMap((cidr) => {
    const parsed = parseCidr(cidr);
    return parsed ? [{ ...parsed, gateway: gatewayFor(network.ipam, parsed.address) }] : [];
  });
  for (const { destination, gateway } of podRoutes(network, assigned)) {
    const found = routes.some(
      (one) => one.dst === destination && one.gateway === gateway && one.dev === ifname,
    );
    if (!found) missing.push(`the route ${destination}${gateway ? ` via ${gateway}` : ''}`);
  }
  return missing;
}

function ruleDrift(
  { network, target, last, ports }: DriftCheck,
  listed: readonly Element[],
  ruleCounts: ReadonlyMap<string, number>,
): string[] {
  const present = new Set(listed.map(elementText));
  const has = (element: Element) => present.has(elementText(element));
  const missing: string[] = [];
  for (const [chain, count] of ruleCountsOf(baseRuleset)) {
    if (ruleCounts.get(chain) !== count) missing.push(`rules of the firewall chain ${chain}`);
  }
  if (missing.length === 0 && !networkElements(network).every(has))
    missing.push('the firewall entries of its network');
  const pod = podAddresses(last);
  for (const port of ports) {
    if (!portElements(target.id, pod, port).every(has))
      missing.push(`the published port ${formatPort(port)}`);
  }
  return missing;
}

function leaseDrift({ leases, target, last }: DriftCheck): string[] {
  const held = new Set(leases.read().flatMap(({ id, address }) => (id === target.id ? [address] : [])));
  return last.addresses
    .map((cidr) => cidr.split('/')[0] as string)
    .filter((address) => !held.has(address))
    .map((address) => `the lease of ${address}`);
}

function hasAddress(link: ListedLink, cidr: string): boolean {
  return link.addr_info.some(({ local, prefixlen }) => `${local}/${prefixlen}` === cidr);
}

function elementText({ set, key, value, owner }: Element): string {
  return [set, key, value ?? '', owner].join('|');
}
