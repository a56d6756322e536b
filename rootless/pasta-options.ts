import { PeapodError } from '../src/errors.ts';
import { isInterfaceName } from '../src/network/interface-name.ts';
import { canonicalIp } from '../src/network/ip-address.ts';
import { type IpFamily, ipFamily } from '../src/network/ip-family.ts';
import { addressNumber, addressText, makeSubnet, subnetHolds } from '../src/network/subnet.ts';
import type { PortMapping } from '../src/network/types.ts';

/** What `--network pasta:…` asks for: flags of pasta(1), and podman-run(1)'s own `--map-gw`. */
export interface PastaOptions {
  /** Words for pasta, without ports. */
  readonly words: readonly string[];
  readonly ifname: string;
  /** By family; a family is absent where it was switched off. */
  readonly gateways: Partial<Record<IpFamily, string>>;
  /** Where the pod finds a name server. */
  readonly dns: readonly string[];
  /** Flags that versions before 2024 do not know. */
  readonly newer: readonly string[];
}

/** Each pod has these, so that the host's own addresses mean the host to it, and a restart changes nothing. */
const defaults = {
  4: { address: '10.0.2.100', prefixLength: 24, gateway: '10.0.2.2', dns: '10.0.2.3' },
  6: { address: 'fd00::100', prefixLength: 64, gateway: 'fd00::2', dns: 'fd00::3' },
} as const;
const defaultIfname = 'tap0';
/** pasta(1), -m: no frame of the tap device is longer than 65535 bytes with its header. */
const maxMtuBytes = 65_520;

type Kind = 'switch' | 'address' | 'address or none' | 'interface' | 'mac' | 'mtu' | 'netmask' | 'ports';

const kinds: Readonly<Record<string, Kind>> = {
  '--address': 'address',
  '--dhcp-dns': 'switch',
  '--dhcp-search': 'switch',
  '--dns': 'address or none',
  '--dns-forward': 'address',
  '--dns-host': 'address',
  '--gateway': 'address',
  '--host-lo-to-ns-lo': 'switch',
  '--interface': 'interface',
  '--ipv4-only': 'switch',
  '--ipv6-only': 'switch',
  '--mac-addr': 'mac',
  '--map-guest-addr': 'address or none',
  '--map-gw': 'switch',
  '--map-host-loopback': 'address or none',
  '--mtu': 'mtu',
  '--netmask': 'netmask',
  '--no-dhcp': 'switch',
  '--no-dhcpv6': 'switch',
  '--no-icmp': 'switch',
  '--no-map-gw': 'switch',
  '--no-ndp': 'switch',
  '--no-ra': 'switch',
  '--no-splice': 'switch',
  '--no-tcp': 'switch',
  '--no-udp': 'switch',
  '--ns-ifname': 'interface',
  '--ns-mac-addr': 'mac',
  '--outbound': 'address',
  '--outbound-if4': 'interface',
  '--outbound-if6': 'interface',
  '--tcp-ns': 'ports',
  '--udp-ns': 'ports',
};

const shorts: Readonly<Record<string, string>> = {
  '-4': '--ipv4-only',
  '-6': '--ipv6-only',
  '-D': '--dns',
  '-I': '--ns-ifname',
  '-M': '--mac-addr',
  '-T': '--tcp-ns',
  '-U': '--udp-ns',
  '-a': '--address',
  '-g': '--gateway',
  '-i': '--interface',
  '-m': '--mtu',
  '-n': '--netmask',
  '-o': '--outbound',
  '-t': '--tcp-ports',
  '-u': '--udp-ports',
};

const newerFlags = [
  '--dns-host',
  '--host-lo-to-ns-lo',
  '--map-guest-addr',
  '--map-host-loopback',
  '--no-splice',
];
/** Flags that may stand there more than once; the first five once for IPv4 and once for IPv6. */
const repeatable = [
  '--address',
  '--gateway',
  '--outbound',
  '--dns-forward',
  '--map-guest-addr',
  '--map-host-loopback',
  '--dns',
  '--tcp-ns',
  '--udp-ns',
];
/** What we decide ourselves, or add below with what is missing. */
const handled = [
  '--address',
  '--gateway',
  '--netmask',
  '--ns-ifname',
  '--map-gw',
  '--no-map-gw',
  '--dns-forward',
];

/** Keys are flags as they were written; values of a repeated one are joined with commas. Throws INVALID_ARGUMENT. */
export function parsePastaOptions(
  options: Readonly<Record<string, string>>,
  macAddress?: string,
): PastaOptions {
  const given = readFlags(options);
  const has = (flag: string) => given.has(flag);
  const one = (flag: string) => given.get(flag)?.[0];
  if (has('--ipv4-only') && has('--ipv6-only'))
    throw invalid('--ipv4-only and --ipv6-only exclude each other');
  if (has('--map-gw') && has('--no-map-gw')) throw invalid('--map-gw and --no-map-gw exclude each other');
  if (macAddress && has('--ns-mac-addr')) throw invalid('--mac-address and --ns-mac-addr say the same twice');

  const words: string[] = [];
  const gateways: PastaOptions['gateways'] = {};
  const families = ([4, 6] as const).filter((family) => !has(family === 4 ? '--ipv6-only' : '--ipv4-only'));
  for (const family of [4, 6] as const) {
    const pick = (flag: string) => oneOfFamily(flag, given.get(flag) ?? [], family);
    const [address, gateway] = [pick('--address'), pick('--gateway')];
    if (!families.includes(family)) {
      const superfluous = address ?? gateway;
      if (superfluous)
        throw invalid(`${superfluous} is of the family that --ipv${10 - family}-only excludes`);
      continue;
    }
    const prefixLength = family === 4 ? prefixOf(one('--netmask')) : defaults[6].prefixLength;
    const settled = settle(family, address, prefixLength, gateway);
    words.push('--address', settled.address, '--gateway', settled.gateway);
    if (family === 4) words.push('--netmask', String(prefixLength));
    gateways[family] = settled.gateway;
  }
  const dns = given.get('--dns-forward') ?? [defaults[families[0] as IpFamily].dns];
  const ifname = one('--ns-ifname') ?? defaultIfname;
  words.push(...dns.flatMap((address) => ['--dns-forward', address]), '--ns-ifname', ifname);
  if (!has('--map-gw')) words.push('--no-map-gw');
  if (macAddress) words.push('--ns-mac-addr', macAddress);
  for (const flag of ['--tcp-ns', '--udp-ns']) if (!has(flag)) words.push(flag, 'none');
  for (const [flag, values] of given) {
    if (handled.includes(flag)) continue;
    words.push(...(kinds[flag] === 'switch' ? [flag] : values.flatMap((value) => [flag, value])));
  }
  return { words, ifname, gateways, dns, newer: newerFlags.filter(has) };
}

/**
 * Those that pasta serves as they should be served. It binds addresses of those families only that it has a way
 * out for, knows a host port by its number whatever the address, and in versions of 2023 loses the answer to a
 * datagram from the host's loopback where the numbers differ.
 */
export function ownPorts(ports: readonly PortMapping[], families: readonly IpFamily[]): PortMapping[] {
  const taken = new Set<string>();
  return ports.filter(({ protocol, hostIp, hostPort, containerPort }) => {
    if (protocol === 'udp' && hostPort !== containerPort) return false;
    if (hostIp !== '' && !families.includes(ipFamily(hostIp))) return false;
    const end = `${protocol} ${hostPort}`;
    if (taken.has(end)) return false;
    taken.add(end);
    return true;
  });
}

/** `-t` and `-u` of pasta(1). */
export function portWords(protocol: 'tcp' | 'udp', ports: readonly PortMapping[]): string[] {
  const flag = `--${protocol}-ports`;
  const its = ports.filter((port) => port.protocol === protocol);
  if (its.length === 0) return [flag, 'none'];
  return its.flatMap(({ hostIp, hostPort, containerPort }) => [
    flag,
    `${hostIp ? `${hostIp}/` : ''}${hostPort}:${containerPort}`,
  ]);
}

/** By their long names, with every value checked: none of them can be taken for a flag. */
function readFlags(options: Readonly<Record<string, string>>): Map<string, string[]> {
  const given = new Map<string, string[]>();
  for (const [written, joined] of Object.entries(options)) {
    const flag = (Object.hasOwn(shorts, written) ? shorts[written] : written) as string;
    if (flag === '--tcp-ports' || flag === '--udp-ports') {
      throw invalid(
        `${written} is not for --network`,
        'publish ports with -p, which holds them for this pod',
      );
    }
    const kind = Object.hasOwn(kinds, flag) ? kinds[flag] : undefined;
    if (!kind) {
      throw invalid(
        `unknown or refused option "${written}" of the network pasta`,
        `it takes ${Object.keys(kinds).join(' ')}`,
      );
    }
    if (kind === 'switch' && joined !== '') throw invalid(`${written} takes no value`);
    const values = kind === 'switch' ? [] : joined.split(',').map((value) => checked(written, kind, value));
    const all = [...(given.get(flag) ?? []), ...values];
    if (all.length > 1 && !repeatable.includes(flag)) throw invalid(`${written} is given twice`);
    given.set(flag, all);
  }
  return given;
}

function checked(flag: string, kind: Kind, value: string): string {
  const wrong = (what: string) => invalid(`${flag} takes ${what}, not "${value}"`);
  switch (kind) {
    case 'address or none':
      if (value === 'none') return value;
      return canonicalIp(value) ?? throwIt(wrong('an address, or none'));
    case 'address':
      return canonicalIp(value) ?? throwIt(wrong('an address'));
    case 'interface':
      return isInterfaceName(value) ? value : throwIt(wrong("an interface's name"));
    case 'mac':
      return /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(value) ? value : throwIt(wrong('a MAC address'));
    case 'mtu': {
      const bytes = /^\d{1,5}$/.test(value) ? Number(value) : 0;
      return bytes >= 68 && bytes <= maxMtuBytes
        ? value
        : throwIt(wrong(`a number from 68 to ${maxMtuBytes}`));
    }
    case 'netmask':
      prefixOf(value);
      return value;
    default:
      return /^(none|auto|[\d~][\d~:-]*)$/.test(value) ? value : throwIt(wrong('ports, auto or none'));
  }
}

function throwIt(error: PeapodError): never {
  throw error;
}

function oneOfFamily(flag: string, addresses: readonly string[], family: IpFamily): string | undefined {
  const [first, second] = addresses.filter((address) => ipFamily(address) === family);
  if (second) throw invalid(`${flag} is given twice for IPv${family}: ${first} and ${second}`);
  return first;
}

/** Completes address and gateway: one that is given alone gets a fitting other. */
function settle(family: IpFamily, given: string | undefined, prefixLength: number, wish: string | undefined) {
  const usual = defaults[family];
  const address = given ?? usual.address;
  const subnet = makeSubnet(addressNumber(address), prefixLength, family);
  const second = addressText(subnet.network + 2n, family);
  const fitting = subnetHolds(subnet, usual.gateway) ? usual.gateway : second;
  const gateway = wish ?? fitting;
  const isLinkLocal = family === 6 && /^fe[89ab]/.test(gateway);
  if (gateway === address || !(isLinkLocal || subnetHolds(subnet, gateway))) {
    throw invalid(
      `the gateway ${gateway} is no neighbour of ${address}/${prefixLength}`,
      'give address, netmask and gateway together: pasta:-a,10.1.0.9,-n,24,-g,10.1.0.1',
    );
  }
  return { address, gateway };
}

/** `24` or `255.255.255.0`. */
function prefixOf(netmask: string | undefined): number {
  if (netmask === undefined) return defaults[4].prefixLength;
  const bits = canonicalIp(netmask)
    ? addressNumber(netmask).toString(2).padStart(32, '0')
    : /^\d{1,2}$/.test(netmask)
      ? '1'.repeat(Number(netmask)).padEnd(32, '0')
      : '';
  const length = bits.indexOf('0');
  if (bits.length !== 32 || length < 1 || length > 30 || bits.slice(length).includes('1')) {
    throw invalid(`"${netmask}" is no netmask`, 'write a number from 1 to 30, or like 255.255.255.0');
  }
  return length;
}

function invalid(message: string, hint?: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', message, hint ? { hint } : {});
}
