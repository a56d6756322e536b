import { isPeapodError, PeapodError } from '../errors.ts';
import type { ConfList } from './conflist.ts';
import type { HostRoute } from './host-routes.ts';
import { readNetworkConfig } from './network-config.ts';
import { defaultNetwork } from './select.ts';
import { makeSubnet, type Subnet, subnetsOverlap, subnetText } from './subnet.ts';

/** The bridge of podman's default network on CNI: a podman beside us shares leases and bridge. */
const defaultBridge = 'cni-podman0';

/** podman's default network on CNI, with another subnet where its own is taken. Throws NETWORK_CONFIG. */
export function defaultConfListText(routes: readonly HostRoute[], others: readonly ConfList[]): string {
  const list = {
    cniVersion: '0.4.0',
    name: defaultNetwork,
    plugins: [
      {
        type: 'bridge',
        bridge: defaultBridge,
        isGateway: true,
        ipMasq: true,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          routes: [{ dst: '0.0.0.0/0' }],
          ranges: [[{ subnet: subnetText(freeSubnet(routes, others)) }]],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
      { type: 'firewall' },
      { type: 'tuning' },
    ],
  };
  return `${JSON.stringify(list, null, 2)}\n`;
}

/**
 * The first /16 from 10.88 up to 10.255, then of 172.16 to 172.31, that no network has and the host routes
 * nowhere; a route by the default bridge itself is what a crash or podman left, and no obstacle.
 */
function freeSubnet(routes: readonly HostRoute[], others: readonly ConfList[]): Subnet {
  const used = [
    ...routes.filter((route) => route.interface !== defaultBridge).map(({ destination }) => destination),
    ...others.flatMap(subnetsOf),
  ];
  const tens = Array.from({ length: 168 }, (_, n) => (10 << 8) + 88 + n);
  const privates = Array.from({ length: 16 }, (_, n) => (172 << 8) + 16 + n);
  for (const upperHalf of [...tens, ...privates]) {
    const subnet = makeSubnet(BigInt(upperHalf) << 16n, 16, 4);
    if (!used.some((other) => subnetsOverlap(subnet, other))) return subnet;
  }
  throw new PeapodError('NETWORK_CONFIG', 'every subnet that the default network could use is taken', {
    hint: `define the network "${defaultNetwork}" with a subnet of your choice in a conflist`,
  });
}

/** Of a list whose plugins cannot be read nothing is known. */
function subnetsOf(list: ConfList): Subnet[] {
  try {
    return readNetworkConfig(list).subnets.map(({ subnet }) => subnet);
  } catch (error) {
    if (isPeapodError(error, 'NETWORK_CONFIG')) return [];
    throw error;
  }
}
