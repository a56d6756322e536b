import { PeapodError } from '../errors.ts';
import { freeIpv4Subnet, freeIpv6Subnet, refuseUsedSubnet, type UsedSubnet } from '../network/free-subnet.ts';
import { isInterfaceName } from '../network/interface-name.ts';
import { canonicalIp } from '../network/ip-address.ts';
import type { NetworkConfig, NetworkSubnet } from '../network/network-config.ts';
import { addressText, parseCidr, type Subnet } from '../network/subnet.ts';
import { chooseGateway, parseLeaseRange, parseSubnet } from './network-addresses.ts';
import { parseLabels } from './parse-options.ts';
import type { NetworkCreateRequest } from './requests.ts';

/** What a new network must keep clear of. */
export interface Neighbourhood {
  /** Names of networks that exist. */
  readonly names: ReadonlySet<string>;
  /** Bridges of networks, and who has them: `network web`, `the host`. */
  readonly interfaces: ReadonlyMap<string, string>;
  readonly subnets: readonly UsedSubnet[];
}

/** Words that `--network` takes for something else: podman's, and a backend's. */
const modes = new Set([
  'none',
  'host',
  'bridge',
  'private',
  'slirp4netns',
  'pasta',
  'container',
  'ns',
  'default',
  'pod',
]);

const longestName = 200;

/**
 * The network that a request describes, whole: free names, a free bridge, free subnets where none are
 * chosen. Nothing is written. Throws INVALID_ARGUMENT, NAME_IN_USE, NETWORK_CONFIG, NETWORK_UNSUPPORTED.
 */
export function draftNetwork(request: NetworkCreateRequest, around: Neighbourhood): NetworkConfig {
  checkDriver(request);
  const labels = parseLabels(request.labels, []);
  const { bridge, ...options } = parseOptions(request.options);
  const { name, networkInterface } = chooseNames(
    request.name && checkNetworkName(request.name),
    chosenInterface(request.interfaceName, bridge),
    around,
  );
  if (around.names.has(name)) {
    throw new PeapodError('NAME_IN_USE', `network name ${name} already used: network already exists`, {
      hint: 'choose another name, or use --ignore',
    });
  }
  const subnets = chooseSubnets(request, around.subnets);
  checkMtu(options.mtu, subnets);
  return {
    name,
    driver: 'bridge',
    networkInterface,
    subnets,
    internal: request.internal,
    dnsEnabled: !request.disableDns,
    dnsServers: parseDnsServers(request),
    labels,
    options,
    ipamDriver: 'host-local',
  };
}

/** Throws INVALID_ARGUMENT. */
export function checkNetworkName(name: string): string {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) {
    throw invalid(
      `network name ${name} invalid: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument`,
      'begin with a letter or digit, then letters, digits, "_", "." and "-"',
    );
  }
  if (name.length > longestName)
    throw invalid(`network name ${name.slice(0, 20)}… is longer than ${longestName} characters`);
  if (modes.has(name)) {
    throw invalid(
      `cannot create network with name "${name}" because it conflicts with a valid network mode`,
      `--network ${name} means something else: choose another name`,
    );
  }
  return name;
}

function checkDriver({ driver, ipamDriver }: NetworkCreateRequest): void {
  if (driver === 'macvlan' || driver === 'ipvlan') {
    throw new PeapodError('NETWORK_UNSUPPORTED', `driver ${driver} is not supported by network create`, {
      hint: `--driver bridge is; a conflist of your own may use the plugin ${driver}`,
    });
  }
  if (driver !== 'bridge') throw invalid(`unsupported driver ${driver}: invalid argument`, 'bridge is one');
  if (ipamDriver !== undefined && ipamDriver !== '' && ipamDriver !== 'host-local') {
    throw new PeapodError('NETWORK_UNSUPPORTED', `unsupported ipam driver "${ipamDriver}"`, {
      hint: 'host-local gives the addresses of a bridge network',
    });
  }
}

/** `isolate`, `mtu` and `vlan` as podman keeps them, and the bridge's name. */
function parseOptions(words: readonly string[]): Record<string, string> {
  const options: Record<string, string> = {};
  for (const word of words) {
    const at = word.indexOf('=');
    const [key, value] = at < 0 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)];
    switch (key) {
      case 'mtu':
      case 'com.docker.network.driver.mtu':
        options.mtu = wholeNumber(word, value, 68, 65535);
        break;
      case 'vlan':
        options.vlan = wholeNumber(word, value, 1, 4094);
        break;
      case 'isolate':
        if (/^(1|t|T|TRUE|true|True)$/.test(value)) options.isolate = 'true';
        else if (!/^(0|f|F|FALSE|false|False)$/.test(value))
          throw invalid(`--opt ${word}: must be true or false`);
        break;
      case 'com.docker.network.bridge.name':
        options.bridge = value;
        break;
      default:
        throw invalid(
          `unsupported bridge network option ${key}`,
          'mtu, vlan, isolate, com.docker.network.bridge.name and com.docker.network.driver.mtu exist',
        );
    }
  }
  return options;
}

function wholeNumber(word: string, value: string, least: number, most: number): string {
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= least && number <= most) return String(number);
  throw invalid(`--opt ${word}: must be a whole number from ${least} to ${most}`);
}

/** IPv6 needs links that carry 1280 bytes: RFC 8200, section 5. */
function checkMtu(mtu: string | undefined, subnets: readonly NetworkSubnet[]): void {
  if (mtu === undefined || Number(mtu) >= 1280 || subnets.every(({ subnet }) => subnet.family === 4)) return;
  throw invalid(`--opt mtu=${mtu}: a network with IPv6 needs at least 1280`);
}

function chosenInterface(flag: string | undefined, option: string | undefined): string | undefined {
  if (flag !== undefined && option !== undefined && flag !== option)
    throw invalid(`--interface-name ${flag} and --opt com.docker.network.bridge.name=${option} contradict`);
  const name = flag ?? option;
  if (name === undefined) return undefined;
  if (!isInterfaceName(name) || name === 'lo' || /^pea[0-9a-f]{12}$/.test(name)) {
    throw invalid(
      `"${name}" is not a name that a bridge can have`,
      'at most 15 letters, digits, dots, dashes and underscores',
    );
  }
  return name;
}

/** Unnamed, both get one number: network `podman1` has the bridge `cni-podman1`. */
function chooseNames(
  name: string | undefined,
  networkInterface: string | undefined,
  { names, interfaces }: Neighbourhood,
): { name: string; networkInterface: string } {
  const holder = networkInterface && interfaces.get(networkInterface);
  if (holder) {
    throw new PeapodError('NAME_IN_USE', `bridge name ${networkInterface} already in use by ${holder}`, {
      hint: 'choose another name for the bridge, or none',
    });
  }
  for (let number = 1; ; number++) {
    const chosen = {
      name: name ?? `podman${number}`,
      networkInterface: networkInterface ?? `cni-podman${number}`,
    };
    if (name === undefined && names.has(chosen.name)) continue;
    if (networkInterface === undefined && interfaces.has(chosen.networkInterface)) continue;
    return chosen;
  }
}

/** The n-th gateway and range are those of the n-th subnet, as podman has it. */
function chooseSubnets(request: NetworkCreateRequest, used: readonly UsedSubnet[]): NetworkSubnet[] {
  const { gateways, ipRanges } = request;
  if (request.subnets.length === 0 && (gateways.length > 0 || ipRanges.length > 0))
    throw invalid('cannot set gateway or range without subnet', 'add --subnet');
  if (gateways.length > request.subnets.length) throw invalid('cannot set more gateways than subnets');
  if (ipRanges.length > request.subnets.length) throw invalid('cannot set more ranges than subnets');
  const taken = [...used];
  const chosen: NetworkSubnet[] = request.subnets.map((word, index) => {
    const subnet = parseSubnet(word);
    refuseUsedSubnet(subnet, taken);
    taken.push({ subnet, by: `--subnet ${word} of the same network` });
    const gateway = chooseGateway(subnet, gateways[index]);
    return { subnet, gateway, leaseRange: parseLeaseRange(subnet, ipRanges[index], gateway) };
  });
  const has = (family: 4 | 6) => chosen.some(({ subnet }) => subnet.family === family);
  if (chosen.length === 0 || (request.ipv6 && !has(4))) chosen.push(whole(freeIpv4Subnet(taken)));
  if (request.ipv6 && !has(6)) chosen.push(whole(freeIpv6Subnet(taken)));
  return chosen;
}

function whole(subnet: Subnet): NetworkSubnet {
  return { subnet, gateway: addressText(subnet.network + 1n, subnet.family), leaseRange: undefined };
}

function parseDnsServers({ dnsServers, disableDns }: NetworkCreateRequest): string[] {
  if (disableDns && dnsServers.length > 0)
    throw invalid('cannot set --dns on a network without DNS', 'leave out --disable-dns or --dns');
  return dnsServers.map((word) => {
    const address = canonicalIp(word);
    if (!address) throw invalid(`--dns ${word}: not an IP address`);
    return address;
  });
}

function invalid(message: string, hint?: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', message, hint ? { hint } : {});
}

/** The network that slirp4netns puts between a user's network namespace and the host. */
export const uplinkSubnet: UsedSubnet = {
  subnet: (parseCidr('10.0.2.0/24') as { subnet: Subnet }).subnet,
  by: "the uplink of the user's network namespace (10.0.2.0/24)",
};
