import { PeapodError } from '../../src/errors.ts';
import type { NetworkTarget, PodNetworkSpec } from '../../src/network/backend.ts';
import { parseCidr, subnetHolds } from '../../src/network/subnet.ts';
import type { PortMapping } from '../../src/network/types.ts';
import { type CapabilityArgs, type PluginList, supports } from './config.ts';
import type { Endpoint } from './list.ts';

/** What a pod asks for, in the words of https://www.cni.dev/docs/conventions/. */

/** Options of `--network NAME:…` that a plugin with the capability `bandwidth` takes; bits and bits a second. */
const bandwidthKeys = {
  ingress_rate: 'ingressRate',
  ingress_burst: 'ingressBurst',
  egress_rate: 'egressRate',
  egress_burst: 'egressBurst',
} as const;

/** Where only the rate is given: what Kubernetes sets. */
const defaultBurstBits = 2 ** 31 - 1;

/**
 * Throws INVALID_ARGUMENT for options that no plugin of the list serves. What a plugin declares as a capability
 * it gets there; addresses and MACs else go into CNI_ARGS, as older plugins expect.
 */
export function endpointFor(
  list: PluginList,
  target: Pick<NetworkTarget, 'id' | 'name' | 'ifname' | 'netnsPath'>,
  spec: PodNetworkSpec,
): Endpoint {
  const { alias = '', ...others } = spec.options;
  const aliases = alias.split(',').filter(Boolean);
  if (aliases.length > 0 && !supports(list, 'aliases')) {
    throw new PeapodError('NETWORK_UNSUPPORTED', `network "${list.name}" serves no names, so no aliases`, {
      hint: 'leave out alias=, or choose a network with names',
    });
  }
  const bandwidth = bandwidthFor(list, spec, others);
  const ips = spec.staticAddresses.map((address) => withPrefix(list, address));
  const capabilityArgs = {
    ...(bandwidth ? { bandwidth } : {}),
    ...(ips.length > 0 ? { ips } : {}),
    ...(spec.macAddress ? { mac: spec.macAddress } : {}),
    ...(spec.dnsServers ? { dns: { servers: spec.dnsServers } } : {}),
    aliases: [target.name, ...aliases],
  };
  const args: [string, string][] = [
    ['IgnoreUnknown', '1'],
    ['K8S_POD_NAMESPACE', target.name],
    ['K8S_POD_NAME', target.name],
    ['K8S_POD_INFRA_CONTAINER_ID', target.id],
  ];
  if (ips.length > 0 && !supports(list, 'ips')) args.push(['IP', spec.staticAddresses.join(',')]);
  if (spec.macAddress && !supports(list, 'mac')) args.push(['MAC', spec.macAddress]);
  return { containerId: target.id, netns: target.netnsPath, ifname: target.ifname, args, capabilityArgs };
}

export function withPorts(args: CapabilityArgs, ports: readonly PortMapping[]): CapabilityArgs {
  const { portMappings: _, ...others } = args;
  if (ports.length === 0) return others;
  const portMappings = ports.map(({ hostIp, hostPort, containerPort, protocol }) => ({
    hostPort,
    containerPort,
    protocol,
    ...(hostIp ? { hostIP: hostIp } : {}),
  }));
  return { ...others, portMappings };
}

/** The reverse of `withPorts`. */
export function portsOf(args: CapabilityArgs): PortMapping[] {
  const mappings = (args.portMappings ?? []) as (Omit<PortMapping, 'hostIp'> & { hostIP?: string })[];
  return mappings.map(({ hostIP = '', ...port }) => ({ ...port, hostIp: hostIP }));
}

function bandwidthFor(
  list: PluginList,
  spec: PodNetworkSpec,
  options: Readonly<Record<string, string>>,
): Record<string, number> | undefined {
  const known = supports(list, 'bandwidth') ? Object.keys(bandwidthKeys) : [];
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new PeapodError('INVALID_ARGUMENT', `network "${spec.network}" has no option "${unknown}"`, {
      hint: `${['ip', 'ip6', 'mac', 'alias', 'interface_name', ...known].join(', ')} exist`,
    });
  }
  const limits = Object.fromEntries(
    Object.entries(bandwidthKeys).flatMap(([key, name]) => {
      const text = options[key];
      return text === undefined ? [] : [[name, bits(key, text)]];
    }),
  );
  for (const way of ['ingress', 'egress']) {
    if (limits[`${way}Burst`] !== undefined && limits[`${way}Rate`] === undefined) {
      throw new PeapodError('INVALID_ARGUMENT', `${way}_burst says nothing without ${way}_rate`, {
        hint: `give both: ${spec.network}:${way}_rate=BITS,${way}_burst=BITS`,
      });
    }
    if (limits[`${way}Rate`] !== undefined) limits[`${way}Burst`] ??= defaultBurstBits;
  }
  return Object.keys(limits).length > 0 ? limits : undefined;
}

function bits(key: string, text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number > 0 && number <= Number.MAX_SAFE_INTEGER) return number;
  throw new PeapodError('INVALID_ARGUMENT', `${key}=${text} is not a number of bits`, {
    hint: 'give a whole number of bits a second, without a unit; bursts in bits',
  });
}

/** With the prefix length that the list has for it: the static plugin insists on one, host-local takes both. */
function withPrefix(list: PluginList, address: string): string {
  const cidr = list.plugins
    .flatMap(({ json }) => cidrs(json.ipam))
    .map(parseCidr)
    .find((one) => one && subnetHolds(one.subnet, address));
  return cidr ? `${address}/${cidr.subnet.prefixLength}` : address;
}

/** Whatever is called `subnet` or `address` in there. */
function cidrs(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (typeof inner === 'string') return key === 'subnet' || key === 'address' ? [inner] : [];
    return cidrs(inner);
  });
}
