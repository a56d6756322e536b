import type { NetworkConfig, NetworkSubnet } from './network-config.ts';
import { subnetText } from './subnet.ts';

/**
 * A network as podman's CNI backend writes it, so that podman and every other CNI runtime can use it: podman's
 * own words under `args`, the plugin with host-local ranges, and for a bridge portmap, firewall and tuning. What
 * podman has no words for stands under `args.peapod`, as strings.
 */
export function confListText(network: NetworkConfig): string {
  const { labels, options } = network;
  const args = {
    ...(isEmpty(labels) ? {} : { podman_labels: labels }),
    ...(isEmpty(options) ? {} : { podman_options: options }),
    ...(network.dnsEnabled ? { peapod: { dns: 'true' } } : {}),
  };
  const list = {
    ...(isEmpty(args) ? {} : { args }),
    cniVersion: '0.4.0',
    name: network.name,
    plugins: network.driver === 'bridge' ? bridgePlugins(network) : [linkPlugin(network)],
  };
  return `${JSON.stringify(list, null, 3)}\n`;
}

function bridgePlugins(network: NetworkConfig): Record<string, unknown>[] {
  const { options, internal, dnsServers } = network;
  return [
    {
      type: 'bridge',
      bridge: network.networkInterface,
      isGateway: !internal,
      ...(internal ? {} : { ipMasq: true }),
      ...(options.mtu ? { mtu: Number(options.mtu) } : {}),
      hairpinMode: true,
      ...(options.vlan ? { vlan: Number(options.vlan) } : {}),
      ipam: ipam(network),
      ...(dnsServers.length > 0 ? { dns: { nameservers: dnsServers } } : {}),
      ...addressCapability(network),
    },
    { type: 'portmap', capabilities: { portMappings: true } },
    {
      type: 'firewall',
      backend: '',
      ...(options.isolate === 'true' ? { ingressPolicy: 'same-bridge' } : {}),
    },
    { type: 'tuning' },
  ];
}

/** macvlan and ipvlan. */
function linkPlugin(network: NetworkConfig): Record<string, unknown> {
  const { mode, mtu } = network.options;
  return {
    type: network.driver,
    master: network.networkInterface,
    ipam: ipam(network),
    ...(mode ? { mode } : {}),
    ...(mtu ? { mtu: Number(mtu) } : {}),
    ...addressCapability(network),
  };
}

function ipam({
  ipamDriver,
  internal,
  options,
  subnets,
  routes: own,
}: NetworkConfig): Record<string, unknown> {
  if (ipamDriver !== 'host-local') return { type: ipamDriver === 'none' ? '' : ipamDriver };
  const families = [...new Set(subnets.map(({ subnet }) => subnet.family))].filter(
    (family) =>
      !own.some(({ destination }) => destination.family === family && destination.prefixLength === 0),
  );
  const hasDefault = !internal && options.no_default_route === undefined;
  const routes = [
    ...(hasDefault ? families.map((family) => ({ dst: family === 4 ? '0.0.0.0/0' : '::/0' })) : []),
    ...own.map(({ destination, gateway }) => ({ dst: subnetText(destination), gw: gateway })),
  ];
  return {
    type: 'host-local',
    ...(routes.length > 0 ? { routes } : {}),
    ranges: subnets.map((one) => [range(one)]),
  };
}

function addressCapability({ ipamDriver }: NetworkConfig): Record<string, unknown> {
  return ipamDriver === 'host-local' ? { capabilities: { ips: true } } : {};
}

function range({ subnet, gateway, leaseRange }: NetworkSubnet): Record<string, unknown> {
  return {
    subnet: subnetText(subnet),
    ...(leaseRange ? { rangeStart: leaseRange.first, rangeEnd: leaseRange.last } : {}),
    ...(gateway === undefined ? {} : { gateway }),
  };
}

function isEmpty(record: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(record).length === 0;
}
