import { PeapodError } from '../errors.ts';
import { findHolder } from '../host/ports.ts';
import { chooseHostPorts } from '../network/free-port.ts';
import { parsePorts } from '../network/port-spec.ts';
import { portsOverlap } from '../network/ports-overlap.ts';
import type { PortMapping, PortRequest } from '../network/types.ts';
import type {
  DnsSpec,
  EndpointSpec,
  NetworkChoice,
  SandboxRecord,
  SandboxSpec,
  SharedNamespace,
} from '../store/records.ts';
import type { Context } from './context.ts';
import { resolveNetworks, validateEndpoints } from './endpoint-spec.ts';
import { parseAddresses, parseHostEntries } from './parse-options.ts';
import type { NetworkFlags } from './requests.ts';

/**
 * Turns the network flags of a pod or a container into a sandbox's spec: decides the backend, picks open
 * host ports, and asks the backend whether it could do it. Nothing is made.
 */
export async function resolveSandboxSpec(
  context: Context,
  flags: NetworkFlags,
  given: {
    hostname: string;
    namespaces: readonly SharedNamespace[];
    /** From `-P` and EXPOSE. */
    morePorts?: readonly PortRequest[];
    /** Id of a sandbox that goes before this one is made: its ports and addresses count as free. */
    replaces?: string | undefined;
  },
): Promise<SandboxSpec> {
  const requests = [...parsePorts(flags.ports), ...(given.morePorts ?? [])];
  const dns = resolveDns(flags);
  const hostEntries = parseHostEntries(flags.addHosts);
  const asked = resolveNetworks(context, flags.networks, { ...flags, aliases: flags.networkAliases });
  const network: NetworkChoice = given.namespaces.includes('net') ? asked : { kind: 'own', endpoints: [] };
  const endpoints = network.kind === 'own' ? network.endpoints : [];
  if (network !== asked) refuseUnshared(flags, requests);
  else if (endpoints.length === 0) refuseWithoutNetwork(network, flags, requests);
  const old = given.replaces === undefined ? undefined : context.store.sandboxes.get(given.replaces);
  const ports = await resolvePorts(context, requests, old);
  await validateEndpoints(context, old ? withoutAddressesOf(old, endpoints) : endpoints, ports);
  return { hostname: given.hostname, namespaces: given.namespaces, network, ports, dns, hostEntries };
}

function resolveDns(flags: NetworkFlags): DnsSpec {
  const servers = flags.dnsServers.includes('none') ? ['none'] : parseAddresses(flags.dnsServers, '--dns');
  return { servers, searches: [...flags.dnsSearch], options: [...flags.dnsOptions] };
}

/** Members of a pod that does not share its network have networks of their own. */
function refuseUnshared(flags: NetworkFlags, ports: readonly PortRequest[]): void {
  const network = flags.networks.some((word) => word !== 'none') ? '--network' : undefined;
  const refused = ports.length > 0 ? '-p' : (addressFlag(flags) ?? network);
  if (!refused) return;
  throw new PeapodError('NETWORK_UNSUPPORTED', `${refused} does nothing for a pod that shares no network`, {
    hint: `add net to --share, or give ${refused} to each of the containers`,
  });
}

function addressFlag({ ip, ip6, macAddress }: NetworkFlags): string | undefined {
  return ip || ip6 ? '--ip' : macAddress ? '--mac-address' : undefined;
}

function refuseWithoutNetwork(
  { kind }: NetworkChoice,
  flags: NetworkFlags,
  ports: readonly PortRequest[],
): void {
  const refused = ports.length > 0 && kind !== 'host' ? '-p' : addressFlag(flags);
  if (!refused) return;
  const network = kind === 'own' ? 'none' : kind;
  throw new PeapodError('NETWORK_UNSUPPORTED', `${refused} does nothing with --network ${network}`, {
    hint: `leave out ${refused}, or choose a network that peapod makes`,
  });
}

/** Host ports that are free in the store and on the host; open ones are chosen. Throws PORT_IN_USE. */
export async function resolvePorts(
  context: Context,
  requests: readonly PortRequest[],
  replaced?: SandboxRecord,
): Promise<PortMapping[]> {
  const explicit = requests.filter((request): request is PortMapping => request.hostPort !== undefined);
  refuseTakenPorts(context, explicit, replaced);
  if (explicit.length === requests.length) return explicit;
  return chooseHostPorts(requests, (protocol) => context.store.ports.taken(protocol));
}

/** As backends may look at them while the sandbox is still there that has those addresses. */
function withoutAddressesOf(
  { attachments }: SandboxRecord,
  endpoints: readonly EndpointSpec[],
): EndpointSpec[] {
  const held = new Set(
    Object.values(attachments).flatMap(({ addresses }) => addresses.map((cidr) => cidr.split('/')[0])),
  );
  return endpoints.map(({ spec, ...rest }) => ({
    ...rest,
    spec: { ...spec, staticAddresses: spec.staticAddresses.filter((address) => !held.has(address)) },
  }));
}

/** Told now, not at the start: PORT_IN_USE names the pod, container or process that has the port. */
function refuseTakenPorts(context: Context, ports: readonly PortMapping[], replaced?: SandboxRecord): void {
  for (const port of ports) {
    const reserved = context.store.ports.conflict(port, replaced?.id);
    if (reserved) throw reserved;
    if (replaced?.spec.ports.some((held) => portsOverlap(held, port))) continue;
    const { protocol, hostIp, hostPort } = port;
    const holder = protocol === 'sctp' ? undefined : findHolder(protocol, hostIp, hostPort);
    if (!holder) continue;
    throw new PeapodError('PORT_IN_USE', `host port ${hostPort}/${protocol} is already in use by ${holder}`, {
      hint: 'choose another host port, or leave it open: -p CONTAINERPORT',
    });
  }
}
