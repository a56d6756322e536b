import { PeapodError } from '../src/errors.ts';
import type { ConfigReader } from '../src/network/config-reader.ts';
import type { ConfList } from '../src/network/conflist.ts';
import { isInterfaceName } from '../src/network/interface-name.ts';
import type { IpFamily } from '../src/network/ip-family.ts';
import { type Ipam, readIpam } from '../src/network/ipam-config.ts';
import { isDnsEnabled, isInternalBridge } from '../src/network/network-config.ts';
import type { Subnet } from '../src/network/subnet.ts';

/**
 * What the native path understands of a list: the plugins `bridge`, `portmap`, `firewall` and `tuning`, with
 * the options that their documentation gives (https://www.cni.dev/plugins/current/).
 */
export interface BridgeNetwork {
  readonly name: string;
  readonly source: string;
  /** The interface, ≤ 15 bytes. */
  readonly bridge: string;
  /** No way out: pods get no default route, and nothing is masqueraded or published. */
  readonly internal: boolean;
  /** Names are served on it. */
  readonly dnsEnabled: boolean;
  /** Where pods search for names, `dns.podman` unless a dnsname entry says otherwise. */
  readonly dnsDomain: string;
  /** Between it and other networks nothing passes but what comes by published ports. */
  readonly isolated: boolean;
  /** The bridge owns the gateway's addresses, and pods get out through it. */
  readonly isGateway: boolean;
  /** Pods get a default route even where IPAM names none. */
  readonly isDefaultGateway: boolean;
  /** Replace other addresses of the bridge in the same family. */
  readonly forceAddress: boolean;
  /** What leaves the subnet carries the host's address. */
  readonly ipMasq: boolean;
  readonly hairpinMode: boolean;
  readonly promiscMode: boolean;
  readonly mtuBytes: number | undefined;
  readonly macAddress: string | undefined;
  readonly ipam: Ipam;
  /** Undefined where the list has no portmap: then no port can be published. */
  readonly portMapping: { readonly snat: boolean } | undefined;
  /** From the list's `dns` sections. */
  readonly dnsServers: readonly string[];
}

/** podman's. */
export const defaultDnsDomain = 'dns.podman';

const understood = new WeakMap<ConfList, BridgeNetwork>();

/** Throws NETWORK_UNSUPPORTED for a plugin or an option that only an executed plugin could serve. */
export function bridgeNetwork(list: ConfList): BridgeNetwork {
  const network = understood.get(list) ?? understand(list);
  understood.set(list, network);
  return network;
}

function understand(list: ConfList): BridgeNetwork {
  const [first, ...chained] = list.plugins;
  if (first?.type !== 'bridge') throw unsupported(list, `the plugin "${first?.type}"`);
  const { config } = first;
  refuse(list, config, ['vlan', 'vlanTrunk', 'macspoofchk', 'disableContainerInterface', 'portIsolation']);
  const bridge = config.optionalString('bridge') ?? 'cni0';
  if (!isInterfaceName(bridge)) {
    throw config.error('bridge', `"${bridge}" is not a name that an interface can have`);
  }
  const ipamConfig = config.optionalObject('ipam');
  if (!ipamConfig?.optionalString('type')) throw unsupported(list, 'a bridge without ipam');
  const ipam = readIpam(list, ipamConfig);
  const isDefaultGateway = config.boolean('isDefaultGateway', false);
  const network: BridgeNetwork = {
    name: list.name,
    source: list.source,
    bridge,
    internal: isInternalBridge(config),
    dnsEnabled: isDnsEnabled(list),
    dnsDomain: defaultDnsDomain,
    isolated: false,
    isGateway: config.boolean('isGateway', false) || isDefaultGateway,
    isDefaultGateway,
    forceAddress: config.boolean('forceAddress', false),
    ipMasq: config.boolean('ipMasq', false),
    hairpinMode: config.boolean('hairpinMode', false),
    promiscMode: config.boolean('promiscMode', false),
    mtuBytes: config.number('mtu', 0, 65535) || undefined,
    macAddress: undefined,
    ipam,
    portMapping: undefined,
    dnsServers: [...(config.optionalObject('dns')?.strings('nameservers') ?? []), ...ipam.dnsServers],
  };
  if (network.hairpinMode && network.promiscMode) {
    throw config.error('promiscMode', 'and hairpinMode cannot both be true');
  }
  return chained.reduce((before, plugin) => withChained(list, before, plugin), network);
}

/** The subnets that addresses of the network come from. */
export function networkSubnets(network: BridgeNetwork): Subnet[] {
  const { ipam } = network;
  return ipam.kind === 'static'
    ? ipam.addresses.map(({ subnet }) => subnet)
    : ipam.rangeSets.flat().map(({ subnet }) => subnet);
}

export function networkFamilies(network: BridgeNetwork): Set<IpFamily> {
  return new Set(networkSubnets(network).map(({ family }) => family));
}

function withChained(
  list: ConfList,
  network: BridgeNetwork,
  plugin: ConfList['plugins'][number],
): BridgeNetwork {
  const { type, config } = plugin;
  switch (type) {
    case 'portmap':
      refuse(list, config, ['conditionsV4', 'conditionsV6', 'masqAll']);
      return { ...network, portMapping: { snat: config.boolean('snat', true) } };
    case 'firewall': {
      // What it allows, the native path lets through; what it forbids, it does not.
      const policy = config.optionalString('ingressPolicy');
      if (policy === 'same-bridge') return { ...network, isolated: true };
      if (policy !== 'open') refuse(list, config, ['ingressPolicy']);
      return network;
    }
    case 'dnsname':
      return { ...network, dnsDomain: config.optionalString('domainName') || defaultDnsDomain };
    case 'tuning': {
      refuse(list, config, ['sysctl', 'promisc', 'allmulti', 'txQLen']);
      return {
        ...network,
        mtuBytes: config.number('mtu', 0, 65535) || network.mtuBytes,
        macAddress: config.optionalString('mac')?.toLowerCase() || network.macAddress,
      };
    }
    default:
      throw unsupported(list, `the plugin "${type}"`);
  }
}

/** Options that would change what is let through, or how: never skipped in silence. */
function refuse(list: ConfList, config: ConfigReader, keys: readonly string[]): void {
  const key = keys.find((one) => config.isSet(one));
  if (key) throw unsupported(list, config.at(key));
}

function unsupported(list: ConfList, what: string): PeapodError {
  return new PeapodError('NETWORK_UNSUPPORTED', `network "${list.name}": ${what} is not supported`, {
    hint: `${list.source} may use bridge, host-local or static, portmap, firewall and tuning; choose another network otherwise`,
  });
}
