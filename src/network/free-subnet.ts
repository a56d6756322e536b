import { PeapodError } from '../errors.ts';
import type { HostRoute } from './host-routes.ts';
import type { NetworkConfig } from './network-config.ts';
import { addressBits, makeSubnet, parseCidr, type Subnet, subnetsOverlap, subnetText } from './subnet.ts';

/** A subnet that no new network may have, and whose it is. */
export interface UsedSubnet {
  readonly subnet: Subnet;
  /** `network web (10.89.0.0/24)`. */
  readonly by: string;
}

export function usedByNetworks(networks: readonly NetworkConfig[]): UsedSubnet[] {
  return networks.flatMap(({ name, subnets }) =>
    subnets.map(({ subnet }) => ({ subnet, by: `network ${name} (${subnetText(subnet)})` })),
  );
}

export function usedByRoutes(routes: readonly HostRoute[]): UsedSubnet[] {
  return routes.map(({ destination, interface: name }) => ({
    subnet: destination,
    by: `the host, which routes ${subnetText(destination)} through ${name}`,
  }));
}

/** Addresses that no host of a network can have: RFC 6890. */
const special: readonly UsedSubnet[] = [
  ['0.0.0.0/8', 'this network'],
  ['127.0.0.0/8', 'loopback'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'what is reserved'],
  ['::/127', 'loopback'],
  ['fe80::/10', 'link-local addresses'],
  ['ff00::/8', 'multicast'],
].map(([cidr = '', what]) => ({ subnet: subnet(cidr), by: `${what} (${cidr})` }));

/** Throws NETWORK_CONFIG naming the holder. */
export function refuseUsedSubnet(wanted: Subnet, used: readonly UsedSubnet[]): void {
  const holder = [...used, ...special].find((one) => subnetsOverlap(one.subnet, wanted));
  if (!holder) return;
  throw new PeapodError('NETWORK_CONFIG', `subnet ${subnetText(wanted)} is already used by ${holder.by}`, {
    hint: 'choose another with --subnet, or leave it out for a free one',
  });
}

const firstDefault = subnet('10.89.0.0/24');
const lastDefault = subnet('10.255.255.0/24');

/** The first free /24 of podman's default pools: 10.89.0.0 to 10.255.255.0. Throws NETWORK_CONFIG. */
export function freeIpv4Subnet(used: readonly UsedSubnet[]): Subnet {
  let at = firstDefault.network;
  while (at <= lastDefault.network) {
    const candidate = makeSubnet(at, 24, 4);
    const holder = used.find((one) => subnetsOverlap(one.subnet, candidate));
    if (!holder) return candidate;
    // Wide ones are left behind at once.
    const { last } = holder.subnet;
    at = (last > candidate.last ? makeSubnet(last, 24, 4).last : candidate.last) + 1n;
  }
  throw new PeapodError(
    'NETWORK_CONFIG',
    `every subnet from ${subnetText(firstDefault)} to ${subnetText(lastDefault)} is used by networks or routes`,
    { hint: 'choose another with --subnet, or remove networks with: peapod network prune' },
  );
}

/** A /64 of the unique local addresses, at random as RFC 4193 has it. */
export function freeIpv6Subnet(
  used: readonly UsedSubnet[],
  random: (bytes: number) => Buffer = (bytes) => Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))),
): Subnet {
  for (;;) {
    const upper = BigInt(`0xfd${random(7).toString('hex')}`);
    const candidate = makeSubnet(upper << 64n, 64, 6);
    if (!used.some((one) => subnetsOverlap(one.subnet, candidate))) return candidate;
  }
}

/** Of a literal in this program. */
function subnet(cidr: string): Subnet {
  const parsed = parseCidr(cidr);
  if (!parsed) throw new PeapodError('INTERNAL', `${cidr} is no subnet`);
  return parsed.subnet;
}

/** The addresses that can be given to pods: all but the network's own and, for IPv4, the broadcast address. */
export function hostBounds({ family, network, last }: Subnet): { first: bigint; last: bigint } {
  return { first: network + 1n, last: family === 4 ? last - 1n : last };
}

/** Too few addresses for a gateway and a pod. */
export function isTooSmall({ family, prefixLength }: Subnet): boolean {
  return prefixLength > addressBits[family] - 2;
}
