import { statSync } from 'node:fs';
import type { ConfigReader } from './config-reader.ts';
import type { ConfList } from './conflist.ts';
import { type AddressRange, readIpam } from './ipam-config.ts';
import { addressText, type Subnet } from './subnet.ts';

/** What podman's commands know of a network, whoever wrote its conflist. */
export interface NetworkConfig {
  readonly name: string;
  /** The plugin's type: `bridge`, `macvlan`, or one that only its executable understands. */
  readonly driver: string;
  /** The bridge, or the host's interface below it; empty where the list names none. */
  readonly networkInterface: string;
  readonly subnets: readonly NetworkSubnet[];
  /** Beside the default route. */
  readonly routes: readonly NetworkRoute[];
  /** No way out: the bridge has no address to be a gateway with. */
  readonly internal: boolean;
  /** Names are served on this network. */
  readonly dnsEnabled: boolean;
  /** Whom names are asked of that are not the network's own. */
  readonly dnsServers: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** podman's `--opt`: `mtu`, `vlan`, `isolate`, `mode`, `no_default_route`. */
  readonly options: Readonly<Record<string, string>>;
  /** `host-local`, `static`, `dhcp`, …; `none` without. */
  readonly ipamDriver: string;
}

export interface NetworkSubnet {
  readonly subnet: Subnet;
  readonly gateway: string | undefined;
  /** Where only part of the subnet is given to pods. */
  readonly leaseRange: { readonly first: string; readonly last: string } | undefined;
}

export interface NetworkRoute {
  readonly destination: Subnet;
  readonly gateway: string;
}

/** A network that has a file. */
export interface FiledNetwork extends NetworkConfig {
  readonly id: string;
  readonly source: string;
  readonly createdAtMs: number;
}

/** As podman on CNI has them: 64 hex digits that follow from the name. */
export function networkId(name: string): string {
  return new Bun.CryptoHasher('sha256').update(name).digest('hex');
}

/** When the file was last written; `otherwise` where the list has none. */
export function writtenAtMs(list: ConfList, otherwise: number): number {
  return Math.trunc(statSync(list.source, { throwIfNoEntry: false })?.mtimeMs ?? otherwise);
}

/** Throws NETWORK_CONFIG; what only an executed plugin understands is left out, not refused. */
export function readNetworkConfig(list: ConfList): NetworkConfig {
  const [first, ...chained] = list.plugins;
  const config = first?.config as ConfigReader;
  const driver = first?.type ?? '';
  const args = list.config.optionalObject('args');
  const ipam = config.optionalObject('ipam');
  const sameBridge = chained.some(
    (plugin) => plugin.type === 'firewall' && plugin.config.optionalString('ingressPolicy') === 'same-bridge',
  );
  return {
    name: list.name,
    driver,
    networkInterface: config.optionalString(driver === 'bridge' ? 'bridge' : 'master') ?? defaultOf(driver),
    ...(ipam ? readAddresses(list, ipam) : { subnets: [], routes: [] }),
    internal: isInternal(driver, config, args),
    dnsEnabled: isDnsEnabled(list),
    dnsServers: config.optionalObject('dns')?.strings('nameservers') ?? [],
    labels: args?.stringMap('podman_labels') ?? {},
    options: {
      ...numberOption('mtu', config),
      ...numberOption('vlan', config),
      ...(driver === 'bridge' ? {} : modeOption(config)),
      ...(sameBridge ? { isolate: 'true' } : {}),
      ...args?.stringMap('podman_options'),
    },
    ipamDriver: ipam?.optionalString('type') || 'none',
  };
}

/** CNI has the plugin dnsname for it, which hardly any host has: peapod's own mark lets others ignore it. */
export function isDnsEnabled(list: ConfList): boolean {
  if (list.plugins.some(({ type }) => type === 'dnsname')) return true;
  return list.config.optionalObject('args')?.optionalObject('peapod')?.optionalString('dns') === 'true';
}

/** Of macvlan and ipvlan that is what the default route leaves the pod with: none. */
function isInternal(driver: string, config: ConfigReader, args: ConfigReader | undefined): boolean {
  if (driver === 'bridge') return isInternalBridge(config);
  if (driver !== 'macvlan' && driver !== 'ipvlan') return false;
  const ipam = config.optionalObject('ipam');
  if (ipam?.optionalString('type') !== 'host-local') return false;
  if (args?.stringMap('podman_options').no_default_route !== undefined) return false;
  return ipam.objects('routes').every((route) => route.cidr('dst').subnet.prefixLength > 0);
}

export function isInternalBridge(config: ConfigReader): boolean {
  return !config.isSet('isGateway') && !config.isSet('isDefaultGateway');
}

function defaultOf(driver: string): string {
  return driver === 'bridge' ? 'cni0' : '';
}

function readAddresses(list: ConfList, config: ConfigReader): Pick<NetworkConfig, 'subnets' | 'routes'> {
  const type = config.optionalString('type');
  if (type !== 'host-local' && type !== 'static') return { subnets: [], routes: [] };
  const ipam = readIpam(list, config);
  const subnets =
    ipam.kind === 'host-local'
      ? ipam.rangeSets.flat().map(subnetOf)
      : ipam.addresses.map(({ subnet, gateway }) => ({ subnet, gateway, leaseRange: undefined }));
  const routes = ipam.routes.flatMap(({ destination, gateway }) =>
    gateway === undefined ? [] : [{ destination, gateway }],
  );
  return { subnets, routes };
}

function modeOption(config: ConfigReader): Record<string, string> {
  const mode = config.optionalString('mode');
  return mode ? { mode } : {};
}

function subnetOf({ subnet, first, last, gateway }: AddressRange): NetworkSubnet {
  const highest = subnet.family === 4 ? subnet.last - 1n : subnet.last;
  const whole = first <= subnet.network + 1n && last >= highest;
  const text = (number: bigint) => addressText(number, subnet.family);
  return { subnet, gateway, leaseRange: whole ? undefined : { first: text(first), last: text(last) } };
}

function numberOption(key: string, config: ConfigReader): Record<string, string> {
  const value = config.number(key, 0, 65535);
  return value ? { [key]: String(value) } : {};
}
