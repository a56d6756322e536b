import { PeapodError } from '../errors.ts';
import type { ConfigReader } from './config-reader.ts';
import type { ConfList } from './conflist.ts';
import { ipFamily } from './ip-family.ts';
import {
  type AddressWithPrefix,
  addressBits,
  addressNumber,
  addressText,
  type Subnet,
  subnetHolds,
  subnetsOverlap,
  subnetText,
} from './subnet.ts';

/**
 * The `ipam` section, with the defaults and the checks of the plugins host-local and static
 * (https://www.cni.dev/plugins/current/ipam/host-local/).
 */
export type Ipam = HostLocalIpam | StaticIpam;

interface IpamCommon {
  readonly routes: readonly IpamRoute[];
  readonly dnsServers: readonly string[];
}

export interface HostLocalIpam extends IpamCommon {
  readonly kind: 'host-local';
  /** A pod gets one address of each set. */
  readonly rangeSets: readonly (readonly AddressRange[])[];
  /** Where leases lie, if not in the runtime's directory. */
  readonly dataDir: string | undefined;
}

export interface StaticIpam extends IpamCommon {
  readonly kind: 'static';
  readonly addresses: readonly (AddressWithPrefix & { readonly gateway: string | undefined })[];
}

export interface AddressRange {
  readonly subnet: Subnet;
  readonly first: bigint;
  readonly last: bigint;
  /** Never given to a pod. */
  readonly gateway: string;
}

export interface IpamRoute {
  readonly destination: Subnet;
  /** The gateway of the pod's address in that family where undefined. */
  readonly gateway: string | undefined;
}

export function readIpam(list: ConfList, config: ConfigReader): Ipam {
  const type = config.string('type');
  const common = {
    routes: config.objects('routes').map(readRoute),
    dnsServers: config.optionalObject('dns')?.strings('nameservers') ?? [],
  };
  if (type === 'host-local') {
    return {
      ...common,
      kind: 'host-local',
      rangeSets: readRangeSets(config),
      dataDir: config.optionalString('dataDir') || undefined,
    };
  }
  if (type === 'static') {
    const addresses = config
      .objects('addresses')
      .map((entry) => ({ ...entry.cidr('address'), gateway: entry.address('gateway') }));
    return { ...common, kind: 'static', addresses };
  }
  throw new PeapodError('NETWORK_UNSUPPORTED', `network "${list.name}": ipam "${type}" is not supported`, {
    hint: `${list.source} may use host-local or static`,
  });
}

function readRoute(config: ConfigReader): IpamRoute {
  return { destination: config.cidr('dst').subnet, gateway: config.address('gw') };
}

/** The old form, `subnet` in the section itself, is the first set. */
function readRangeSets(config: ConfigReader): AddressRange[][] {
  const sets = config.has('subnet') ? [[readRange(config)]] : [];
  for (const set of config.objectLists('ranges')) {
    const ranges = set.map(readRange);
    const [first] = ranges;
    if (!first) throw config.error('ranges', 'holds an empty list');
    if (ranges.some(({ subnet }) => subnet.family !== first.subnet.family)) {
      throw config.error('ranges', 'mixes IPv4 and IPv6 in one list; give each family a list of its own');
    }
    sets.push(ranges);
  }
  if (sets.length === 0) throw config.error('', 'needs a subnet or ranges');
  refuseOverlaps(config, sets.flat());
  return sets;
}

function readRange(config: ConfigReader): AddressRange {
  const { address, subnet } = config.cidr('subnet');
  const network = addressText(subnet.network, subnet.family);
  if (address !== network) {
    throw config.error('subnet', `has host bits set; a /${subnet.prefixLength} begins at ${network}`);
  }
  if (subnet.prefixLength > addressBits[subnet.family] - 2) {
    throw config.error('subnet', `${subnetText(subnet)} is too small to allocate from`);
  }
  // Only IPv4 has a broadcast address to keep back.
  const highest = subnet.family === 4 ? subnet.last - 1n : subnet.last;
  const first = readInside(config, 'rangeStart', subnet) ?? subnet.network + 1n;
  const last = readInside(config, 'rangeEnd', subnet) ?? highest;
  if (first > last) throw config.error('rangeEnd', 'lies before rangeStart');
  const gateway = config.address('gateway') ?? addressText(subnet.network + 1n, subnet.family);
  if (!subnetHolds(subnet, gateway)) {
    throw config.error('gateway', `${gateway} is not in ${subnetText(subnet)}`);
  }
  return { subnet, first, last, gateway };
}

function readInside(config: ConfigReader, key: string, subnet: Subnet): bigint | undefined {
  const address = config.address(key);
  if (address === undefined) return undefined;
  if (!subnetHolds(subnet, address)) throw config.error(key, `${address} is not in ${subnetText(subnet)}`);
  return addressNumber(address);
}

function refuseOverlaps(config: ConfigReader, ranges: readonly AddressRange[]): void {
  for (const [index, a] of ranges.entries()) {
    const b = ranges.slice(index + 1).find((other) => rangesOverlap(a, other));
    if (b) throw config.error('ranges', `${subnetText(a.subnet)} and ${subnetText(b.subnet)} overlap`);
  }
}

function rangesOverlap(a: AddressRange, b: AddressRange): boolean {
  return subnetsOverlap(a.subnet, b.subnet) && a.first <= b.last && b.first <= a.last;
}

/** The gateway that a network has for an address of one of its subnets. */
export function gatewayFor(ipam: Ipam, address: string): string | undefined {
  if (ipam.kind === 'static') return ipam.addresses.find((one) => one.address === address)?.gateway;
  return rangeOf(ipam, address)?.gateway;
}

/** The range whose subnet holds an address; the one whose bounds hold it where several share a subnet. */
export function rangeOf(ipam: HostLocalIpam, address: string): AddressRange | undefined {
  const ranges = ipam.rangeSets.flat().filter(({ subnet }) => subnetHolds(subnet, address));
  return ranges.find((range) => inRange(range, address)) ?? ranges[0];
}

/** Whether the plugin could give that address to a pod, the gateway apart. */
export function inRange(range: AddressRange, address: string): boolean {
  if (ipFamily(address) !== range.subnet.family) return false;
  const number = addressNumber(address);
  return number >= range.first && number <= range.last;
}
