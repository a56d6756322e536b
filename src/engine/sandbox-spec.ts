import { PeapodError } from '../errors.ts';
import { findHolder } from '../host/ports.ts';
import { chooseHostPorts } from '../network/free-port.ts';
import { parsePorts } from '../network/port-spec.ts';
import type { PortMapping, PortRequest } from '../network/types.ts';
import type { DnsSpec, NetworkChoice, SandboxSpec, SharedNamespace } from '../store/records.ts';
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
  },
): Promise<SandboxSpec> {
  const requests = [...parsePorts(flags.ports), ...(given.morePorts ?? [])];
  const dns = resolveDns(flags);
  const hostEntries = parseHostEntries(flags.addHosts);
  const network = resolveNetworks(context, flags.networks, { ...flags, aliases: flags.networkAliases });
  const endpoints = network.kind === 'own' ? network.endpoints : [];
  if (endpoints.length === 0) refuseWithoutNetwork(network, flags, requests);
  const ports = await resolvePorts(context, requests);
  await validateEndpoints(context, endpoints, ports);
  return { hostname: given.hostname, namespaces: given.namespaces, network, ports, dns, hostEntries };
}

function resolveDns(flags: NetworkFlags): DnsSpec {
  const servers = flags.dnsServers.includes('none') ? ['none'] : parseAddresses(flags.dnsServers, '--dns');
  return { servers, searches: [...flags.dnsSearch], options: [...flags.dnsOptions] };
}

function refuseWithoutNetwork(
  { kind }: NetworkChoice,
  flags: NetworkFlags,
  ports: readonly PortRequest[],
): void {
  const what = flags.ip || flags.ip6 ? '--ip' : flags.macAddress ? '--mac-address' : undefined;
  const refused = ports.length > 0 && kind !== 'host' ? '-p' : what;
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
): Promise<PortMapping[]> {
  const explicit = requests.filter((request): request is PortMapping => request.hostPort !== undefined);
  refuseTakenPorts(context, explicit);
  if (explicit.length === requests.length) return explicit;
  return chooseHostPorts(requests, (protocol) => context.store.ports.taken(protocol));
}

/** Told now, not at the start: PORT_IN_USE names the pod, container or process that has the port. */
function refuseTakenPorts(context: Context, ports: readonly PortMapping[]): void {
  for (const port of ports) {
    const reserved = context.store.ports.conflict(port);
    if (reserved) throw reserved;
    const { protocol, hostIp, hostPort } = port;
    const holder = protocol === 'sctp' ? undefined : findHolder(protocol, hostIp, hostPort);
    if (!holder) continue;
    throw new PeapodError('PORT_IN_USE', `host port ${hostPort}/${protocol} is already in use by ${holder}`, {
      hint: 'choose another host port, or leave it open: -p CONTAINERPORT',
    });
  }
}
