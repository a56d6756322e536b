import { PeapodError } from '../errors.ts';
import type { UsedSubnet } from '../network/free-subnet.ts';
import { canonicalIp } from '../network/ip-address.ts';
import type { NetworkConfig, NetworkSubnet } from '../network/network-config.ts';
import { parseCidr, type Subnet } from '../network/subnet.ts';
import { parseDriverOptions } from './network-options.ts';
import { chooseIpamDriver, chooseSubnets, parseRoutes } from './network-subnets.ts';
import { parseLabels } from './parse-options.ts';
import type { NetworkCreateRequest } from './requests.ts';

/** What a new network must keep clear of. */
export interface Neighbourhood {
  /** Names of networks that exist. */
  readonly names: ReadonlySet<string>;
  /** Bridges of networks, and who has them: `network web`, `the host`. */
  readonly interfaces: ReadonlyMap<string, string>;
  readonly subnets: readonly UsedSubnet[];
  /** Interfaces that a macvlan or ipvlan can sit on; undefined where the caller has none. */
  readonly parents: ReadonlySet<string> | undefined;
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
  checkDriver(request, around);
  const { driver } = request;
  const labels = parseLabels(request.labels, []);
  const { options, networkInterface: asked } = parseDriverOptions(
    driver,
    request.options,
    request.interfaceName,
  );
  const chosenName = request.name ? checkNetworkName(request.name) : undefined;
  const { name, networkInterface } =
    driver === 'bridge' ? chooseNames(chosenName, asked, around) : chooseParent(chosenName, asked, around);
  if (around.names.has(name)) {
    throw new PeapodError('NAME_IN_USE', `network name ${name} already used: network already exists`, {
      hint: 'choose another name, or use --ignore',
    });
  }
  const ipamDriver = chooseIpamDriver(request, around.parents === undefined);
  const subnets = ipamDriver === 'host-local' ? chooseSubnets(request, around.subnets) : [];
  checkMtu(options.mtu, subnets);
  // Names are served on a bridge's own addresses.
  const dnsEnabled = driver === 'bridge' && ipamDriver === 'host-local' && !request.disableDns;
  return {
    name,
    driver,
    networkInterface,
    subnets,
    routes: parseRoutes(request.routes, subnets),
    internal: request.internal,
    dnsEnabled,
    dnsServers: parseDnsServers(request, dnsEnabled),
    labels,
    options,
    ipamDriver,
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

function checkDriver({ driver }: NetworkCreateRequest, { parents }: Neighbourhood): void {
  if (!['bridge', 'macvlan', 'ipvlan'].includes(driver))
    throw invalid(`unsupported driver ${driver}: invalid argument`, 'bridge, macvlan and ipvlan exist');
  if (driver === 'bridge' || parents !== undefined) return;
  throw new PeapodError('NETWORK_UNSUPPORTED', `${driver} networks need root`, {
    hint: `an interface of the host is their parent; without root use --driver bridge`,
  });
}

/** IPv6 needs links that carry 1280 bytes: RFC 8200, section 5. */
function checkMtu(mtu: string | undefined, subnets: readonly NetworkSubnet[]): void {
  if (mtu === undefined || Number(mtu) >= 1280 || subnets.every(({ subnet }) => subnet.family === 4)) return;
  throw invalid(`--opt mtu=${mtu}: a network with IPv6 needs at least 1280`);
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

/** Unnamed, the plugin takes the interface of the default route. */
function chooseParent(
  name: string | undefined,
  parent: string | undefined,
  { names, parents }: Neighbourhood,
): { name: string; networkInterface: string } {
  if (parent !== undefined && !parents?.has(parent))
    throw invalid(`parent interface ${parent} does not exist`, 'ip -brief link shows those there are');
  let number = 1;
  while (names.has(`podman${number}`)) number++;
  return { name: name ?? `podman${number}`, networkInterface: parent ?? '' };
}

function parseDnsServers({ dnsServers, disableDns }: NetworkCreateRequest, dnsEnabled: boolean): string[] {
  if (!dnsEnabled && dnsServers.length > 0)
    throw invalid(
      'cannot set --dns on a network without DNS',
      disableDns ? 'leave out --disable-dns or --dns' : 'only bridge networks with addresses serve names',
    );
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
