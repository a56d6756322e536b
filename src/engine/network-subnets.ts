import { PeapodError } from '../errors.ts';
import { freeIpv4Subnet, freeIpv6Subnet, refuseUsedSubnet, type UsedSubnet } from '../network/free-subnet.ts';
import { canonicalIp } from '../network/ip-address.ts';
import type { NetworkRoute, NetworkSubnet } from '../network/network-config.ts';
import { addressText, parseCidr, type Subnet, subnetHolds, subnetText } from '../network/subnet.ts';
import { chooseGateway, parseLeaseRange, parseSubnet } from './network-addresses.ts';
import type { NetworkCreateRequest } from './requests.ts';

/** Who gives the addresses of a new network, and which. All throw INVALID_ARGUMENT; subnets NETWORK_CONFIG. */

/** podman's: addresses of subnets, of the DHCP server of the parent's link, or none. */
export function chooseIpamDriver(request: NetworkCreateRequest, rootless: boolean): string {
  const { driver, subnets, gateways, ipRanges, routes } = request;
  if (subnets.length === 0 && (gateways.length > 0 || ipRanges.length > 0))
    throw invalid('cannot set gateway or range without subnet', 'add --subnet');
  const asked = request.ipamDriver || undefined;
  const chosen = asked ?? (driver === 'macvlan' && subnets.length === 0 ? 'dhcp' : 'host-local');
  if (!['host-local', 'dhcp', 'none'].includes(chosen))
    throw invalid(`unsupported ipam driver "${chosen}"`, 'host-local, dhcp and none exist');
  if (chosen === 'host-local') {
    if (driver === 'bridge' || subnets.length > 0) return chosen;
    throw asked
      ? invalid('host-local ipam driver set but no subnets are given', 'add --subnet')
      : invalid(`${driver} driver needs at least one subnet specified`, 'add --subnet, that of the parent');
  }
  if (subnets.length > 0) throw invalid(`${chosen} ipam driver is set but subnets are given`);
  if (routes.length > 0) throw invalid(`--route says nothing with the ipam driver ${chosen}`);
  if (request.ipv6) throw invalid(`--ipv6 says nothing with the ipam driver ${chosen}`);
  if (chosen === 'dhcp') refuseDhcp(request, rootless);
  return chosen;
}

function refuseDhcp({ driver, internal }: NetworkCreateRequest, rootless: boolean): void {
  if (driver !== 'macvlan' || rootless) {
    throw new PeapodError('NETWORK_UNSUPPORTED', `ipam driver dhcp is not supported with driver ${driver}`, {
      hint: 'a DHCP server answers on the link of a macvlan’s parent, and that needs root',
    });
  }
  if (internal) throw invalid('internal is not supported with macvlan and dhcp ipam driver');
}

/** The n-th gateway and range are those of the n-th subnet, as podman has it. */
export function chooseSubnets(request: NetworkCreateRequest, used: readonly UsedSubnet[]): NetworkSubnet[] {
  const { gateways, ipRanges } = request;
  if (gateways.length > request.subnets.length) throw invalid('cannot set more gateways than subnets');
  if (ipRanges.length > request.subnets.length) throw invalid('cannot set more ranges than subnets');
  const isBridge = request.driver === 'bridge';
  // The subnet of a parent's link is the host's and everybody's who is on it.
  const taken = isBridge ? [...used] : [];
  const chosen: NetworkSubnet[] = request.subnets.map((word, index) => {
    const subnet = parseSubnet(word);
    refuseUsedSubnet(subnet, taken);
    taken.push({ subnet, by: `--subnet ${word} of the same network` });
    const gateway = chooseGateway(subnet, gateways[index]);
    const leaseRange = parseLeaseRange(subnet, ipRanges[index], gateway);
    // Nobody is the gateway of an internal network that is not ours to route.
    const hasGateway = isBridge || !request.internal || Boolean(gateways[index]);
    return { subnet, gateway: hasGateway ? gateway : undefined, leaseRange };
  });
  const has = (family: 4 | 6) => chosen.some(({ subnet }) => subnet.family === family);
  if (!isBridge) {
    if (!request.ipv6 || has(6)) return chosen;
    throw invalid(`--ipv6 needs a --subnet of IPv6 with driver ${request.driver}`);
  }
  if (chosen.length === 0 || (request.ipv6 && !has(4))) chosen.push(whole(freeIpv4Subnet(taken)));
  if (request.ipv6 && !has(6)) chosen.push(whole(freeIpv6Subnet(taken)));
  return chosen;
}

/** `DESTINATION,GATEWAY` each; a gateway is in reach where it is on the network itself. */
export function parseRoutes(words: readonly string[], subnets: readonly NetworkSubnet[]): NetworkRoute[] {
  return words.map((word) => {
    const [destination = '', via = '', ...more] = word.split(',');
    const cidr = parseCidr(destination);
    const gateway = canonicalIp(via);
    if (!cidr || !gateway)
      throw invalid(`invalid route ${word}`, 'write --route DESTINATION,GATEWAY: 10.21.0.0/24,10.90.0.9');
    if (more.length > 0)
      throw invalid(`invalid route ${word}: routes of CNI networks have no metric`, 'leave it out');
    if (addressText(cidr.subnet.network, cidr.subnet.family) !== cidr.address)
      throw invalid(`route destination ${destination} invalid: write it as ${subnetText(cidr.subnet)}`);
    if ((cidr.subnet.family === 6) !== gateway.includes(':'))
      throw invalid(`invalid route ${word}: destination and gateway are of different families`);
    if (!subnets.some(({ subnet }) => subnetHolds(subnet, gateway)))
      throw invalid(`route gateway ${gateway} is in no subnet of the network`);
    return { destination: cidr.subnet, gateway };
  });
}

function whole(subnet: Subnet): NetworkSubnet {
  return { subnet, gateway: addressText(subnet.network + 1n, subnet.family), leaseRange: undefined };
}

function invalid(message: string, hint?: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', message, hint ? { hint } : {});
}
