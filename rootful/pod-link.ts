import type { Attachment, NetworkTarget, PodNetworkSpec } from '../src/network/backend.ts';
import type { BridgeNetwork } from './bridge-network.ts';
import type { AssignedAddress, Ipam } from './ipam.ts';
import { hostInterfaceName, macOf, type PodLink } from './links.ts';
import type { NamedAttachment } from './pod-names.ts';

/** The bridge's, where neither conflist nor kernel says otherwise. */
const defaultMtuBytes = 1500;
/** Behind the kernel's 0 for IPv4 and 1024 for IPv6. */
const metricOfSecond = 2000;

/** A cable for the pod, with addresses that are the pod's from now on. */
export async function linkFor(
  network: BridgeNetwork,
  target: NetworkTarget,
  spec: PodNetworkSpec,
  ipam: Ipam,
): Promise<PodLink> {
  const addresses = await ipam.allocate(target, spec.staticAddresses, spec.formerAddresses);
  const chosenMac = spec.macAddress ?? network.macAddress;
  return {
    hostInterface: hostInterfaceName(target),
    ifname: target.ifname,
    macAddress: chosenMac ?? macOf((addresses[0] as AssignedAddress).address),
    netnsPath: target.netnsPath,
    addresses,
    announce: chosenMac !== undefined || spec.staticAddresses.length > 0,
    metric: spec.rank ? metricOfSecond + spec.rank : 0,
  };
}

export function describeAttachment(
  network: BridgeNetwork,
  link: PodLink,
  names: NamedAttachment,
  leases: string,
): Attachment {
  const gateways = link.addresses.flatMap(({ gateway }) => gateway ?? []);
  return {
    backend: 'bridge',
    network: network.name,
    ifname: link.ifname,
    addresses: link.addresses.map(({ address, subnet }) => `${address}/${subnet.prefixLength}`),
    gateways,
    dns: names.dns,
    ...(names.dnsSearch ? { dnsSearch: names.dnsSearch } : {}),
    ...(names.dnsClosed ? { dnsClosed: true } : {}),
    ...(names.dnsOnDemand ? { dnsOnDemand: names.dnsOnDemand } : {}),
    mtuBytes: network.mtuBytes ?? defaultMtuBytes,
    macAddress: link.macAddress,
    opaque: { bridge: network.bridge, hostInterface: link.hostInterface, leases, ...names.opaque },
  };
}
