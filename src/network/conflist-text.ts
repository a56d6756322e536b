import type { NetworkConfig, NetworkSubnet } from './network-config.ts';
import { subnetText } from './subnet.ts';

/**
 * A bridge network as podman's CNI backend writes it, so that podman and every other CNI runtime can use it:
 * podman's own words under `args`, the bridge with host-local ranges, portmap, firewall and tuning. What
 * podman has no words for stands under `args.peapod`, as strings.
 */
export function confListText(network: NetworkConfig): string {
  const { labels, options, internal, dnsServers, subnets } = network;
  const args = {
    ...(isEmpty(labels) ? {} : { podman_labels: labels }),
    ...(isEmpty(options) ? {} : { podman_options: options }),
    ...(network.dnsEnabled ? { peapod: { dns: 'true' } } : {}),
  };
  const families = [...new Set(subnets.map(({ subnet }) => subnet.family))];
  const routes = families.map((family) => ({ dst: family === 4 ? '0.0.0.0/0' : '::/0' }));
  const list = {
    ...(isEmpty(args) ? {} : { args }),
    cniVersion: '0.4.0',
    name: network.name,
    plugins: [
      {
        type: 'bridge',
        bridge: network.networkInterface,
        isGateway: !internal,
        ...(internal ? {} : { ipMasq: true }),
        ...(options.mtu ? { mtu: Number(options.mtu) } : {}),
        hairpinMode: true,
        ...(options.vlan ? { vlan: Number(options.vlan) } : {}),
        ipam: {
          type: 'host-local',
          ...(internal ? {} : { routes }),
          ranges: subnets.map((one) => [range(one)]),
        },
        ...(dnsServers.length > 0 ? { dns: { nameservers: dnsServers } } : {}),
        capabilities: { ips: true },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
      {
        type: 'firewall',
        backend: '',
        ...(options.isolate === 'true' ? { ingressPolicy: 'same-bridge' } : {}),
      },
      { type: 'tuning' },
    ],
  };
  return `${JSON.stringify(list, null, 3)}\n`;
}

function range({ subnet, gateway, leaseRange }: NetworkSubnet): Record<string, unknown> {
  return {
    subnet: subnetText(subnet),
    ...(leaseRange ? { rangeStart: leaseRange.first, rangeEnd: leaseRange.last } : {}),
    gateway,
  };
}

function isEmpty(record: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(record).length === 0;
}
