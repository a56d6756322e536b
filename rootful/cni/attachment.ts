import { PeapodError } from '../../src/errors.ts';
import type { Runner } from '../../src/host/exec.ts';
import type { Attachment, PodNetworkSpec } from '../../src/network/backend.ts';
import type { ConfList } from '../../src/network/conflist.ts';
import { readIpam } from '../../src/network/ipam-config.ts';
import { Ipam } from '../ipam.ts';
import type { PluginList } from './config.ts';
import type { Endpoint } from './list.ts';
import { byPlugins } from './mark.ts';
import type { CniAddress, CniResult } from './result.ts';

/** What the kernel has in the pod's namespace; undefined where that is gone. */
export interface PodInterface {
  readonly mtuBytes: number;
  readonly macAddress: string | undefined;
  readonly isUp: boolean;
  /** With prefix lengths. */
  readonly addresses: readonly string[];
}

/** Results older than 1.1.0 tell no MTU, and no plugin need tell the MAC: the kernel is asked for both. */
export function describeAttachment(
  list: PluginList,
  endpoint: Endpoint,
  result: CniResult,
  pod: PodInterface | undefined,
): Attachment {
  const ips = podAddresses(result);
  const { nameservers = [], domain, search = domain ? [domain] : [] } = result.dns;
  const own = result.interfaces.find(({ name, sandbox }) => sandbox && name === endpoint.ifname);
  const bridge =
    list.plugins[0]?.type === 'bridge' && result.interfaces.find(({ sandbox }) => !sandbox)?.name;
  const macAddress = own?.mac?.toLowerCase() || pod?.macAddress;
  return {
    backend: 'bridge',
    network: list.name,
    ifname: endpoint.ifname,
    addresses: ips.map(({ address }) => address),
    gateways: [...new Set(ips.flatMap(({ gateway }) => gateway ?? []))],
    dns: nameservers,
    ...(nameservers.length > 0 && search.length > 0 ? { dnsSearch: search } : {}),
    mtuBytes: own?.mtu || pod?.mtuBytes || 1500,
    ...(macAddress ? { macAddress } : {}),
    opaque: { executor: byPlugins, ...(bridge ? { bridge } : {}) },
  };
}

/** Addresses of the pod, without those that a plugin gave to interfaces of the host. */
export function podAddresses({ ips, interfaces }: CniResult): CniAddress[] {
  return ips.filter(({ interface: index }) => index === undefined || interfaces[index]?.sandbox);
}

/**
 * What to ask for where the pod had addresses before, or an earlier ADD was never undone: it gets them again if
 * the plugin can give chosen ones.
 */
export function addressesToKeep(
  list: PluginList,
  spec: PodNetworkSpec,
  before: CniResult | undefined,
): readonly string[] {
  const chooses = list.plugins.some(({ ipamType }) => ipamType === 'host-local');
  if (spec.staticAddresses.length > 0 || !chooses) return spec.staticAddresses;
  if (!before) return spec.formerAddresses ?? [];
  return podAddresses(before).map(({ address }) => address.split('/')[0] as string);
}

/** Chosen addresses, where the IPAM plugin is one whose leases are known. Throws ADDRESS_IN_USE, ADDRESS_FOREIGN. */
export function checkAddresses(list: ConfList, { staticAddresses }: PodNetworkSpec, leases: string): void {
  for (const { config } of list.plugins) {
    const section = config.optionalObject('ipam');
    if (!section || !['host-local', 'static'].includes(section.optionalString('type') ?? '')) continue;
    new Ipam({ name: list.name, ipam: readIpam(list, section) }, leases).check(staticAddresses);
  }
}

/** Plugins may pass over what they do not know: throws where a chosen address or MAC was. */
export function requireChosen(list: PluginList, spec: PodNetworkSpec, attachment: Attachment): void {
  const given = attachment.addresses.map((cidr) => cidr.split('/')[0]);
  const missing = spec.staticAddresses.find((address) => !given.includes(address));
  if (missing) throw passedOver(list, `the address ${missing}`, 'ips');
  if (spec.macAddress && attachment.macAddress !== spec.macAddress) {
    throw passedOver(list, `the MAC address ${spec.macAddress}`, 'mac');
  }
}

function passedOver(list: PluginList, what: string, capability: string): PeapodError {
  return new PeapodError(
    'NETWORK_UNSUPPORTED',
    `network "${list.name}" (${list.source}): its plugins did not take ${what}`,
    { hint: `add "capabilities": {"${capability}": true} to a plugin that can, or choose another network` },
  );
}

/** Undefined where the namespace or the interface is gone. */
export async function readPodInterface(
  netns: Runner,
  ip: string,
  ifname: string,
): Promise<PodInterface | undefined> {
  const { exitCode, stdout } = await netns.run([ip, '-json', 'address', 'show', 'dev', ifname], {
    accept: 'any',
  });
  if (exitCode !== 0) return undefined;
  const links = JSON.parse(stdout || '[]') as {
    ifname?: string;
    mtu: number;
    address?: string;
    flags: string[];
    addr_info: { local: string; prefixlen: number }[];
  }[];
  const link = links.find((one) => one.ifname === ifname);
  if (!link) return undefined;
  return {
    mtuBytes: link.mtu,
    macAddress: link.address,
    isUp: link.flags.includes('UP'),
    addresses: link.addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`),
  };
}

/** In words; nothing where all is there. */
export function missingInPod(last: Attachment, pod: PodInterface | undefined): string[] {
  if (!pod) return [`the pod's interface ${last.ifname}`];
  const missing = last.addresses
    .filter((cidr) => !pod.addresses.includes(cidr))
    .map((cidr) => `the address ${cidr}`);
  if (!pod.isUp) missing.push(`the pod's interface ${last.ifname} being up`);
  return missing;
}
