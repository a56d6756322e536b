import { statfsSync } from 'node:fs';
import { PeapodError } from '../errors.ts';
import { describeHolder } from '../host/ports.ts';
import { chooseHostPorts } from '../network/free-port.ts';
import { parseNetworkRequest } from '../network/network-request.ts';
import { parsePorts } from '../network/port-spec.ts';
import { selectBackend } from '../network/select.ts';
import type { PortMapping, PortRequest } from '../network/types.ts';
import { nsfsMagic } from '../sandbox/namespaces.ts';
import type { DnsSpec, NetworkChoice, SandboxSpec, SharedNamespace } from '../store/records.ts';
import type { Context } from './context.ts';
import { parseAddresses, parseHostEntries, parseMacAddress } from './parse-options.ts';
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
  const chosen = chooseNetwork(context, flags);
  if (chosen.kind !== 'backend') refuseForForeignNetwork(chosen, flags, requests);
  const ports = await resolvePorts(context, requests);
  if (chosen.kind === 'backend') {
    const backend = await context.backend(chosen.backend);
    await backend.validate({ ...chosen.spec, ports });
  }
  return { hostname: given.hostname, namespaces: given.namespaces, network: chosen, ports, dns, hostEntries };
}

function resolveDns(flags: NetworkFlags): DnsSpec {
  const servers = flags.dnsServers.includes('none') ? ['none'] : parseAddresses(flags.dnsServers, '--dns');
  return { servers, searches: [...flags.dnsSearch], options: [...flags.dnsOptions] };
}

function chooseNetwork(context: Context, flags: NetworkFlags): NetworkChoice {
  if (flags.networks.length > 1) {
    throw new PeapodError('NETWORK_UNSUPPORTED', 'a pod or container takes one --network', {
      hint: `use one of: ${flags.networks.join(', ')}`,
    });
  }
  const request = parseNetworkRequest(flags.networks[0] ?? 'private');
  if (request.kind === 'none' || request.kind === 'host') return { kind: request.kind };
  if (request.kind === 'netns') return { kind: 'netns', path: checkNamespacePath(request.path) };
  if (request.kind === 'container') {
    const containerId = context.store.names.resolve('container', request.container);
    if (!containerId) {
      throw new PeapodError('NOT_FOUND', `no container with name or ID "${request.container}" found`, {
        hint: '--network container:NAME joins the network of an existing container',
      });
    }
    return { kind: 'container', containerId };
  }
  const selected = selectBackend(request, { rootless: context.facts.rootless });
  const { ip, ip6, mac, ...options } = selected.options;
  const addresses = [flags.ip ?? ip, flags.ip6 ?? ip6].filter((address) => address !== undefined);
  const macAddress = flags.macAddress ?? mac;
  return {
    kind: 'backend',
    backend: selected.backend,
    spec: {
      network: selected.network,
      options,
      staticAddresses: parseAddresses(addresses, '--ip'),
      ...(macAddress ? { macAddress: parseMacAddress(macAddress) } : {}),
      ports: [],
    },
  };
}

function checkNamespacePath(path: string): string {
  try {
    if (statfsSync(path).type === nsfsMagic) return path;
  } catch (error) {
    throw new PeapodError('INVALID_ARGUMENT', `--network ns:${path}: ${(error as Error).message}`, {
      hint: 'ip netns add NAME makes /run/netns/NAME',
      cause: error,
    });
  }
  throw new PeapodError('INVALID_ARGUMENT', `--network ns:${path}: not a namespace`, {
    hint: 'give a file that pins a network namespace, or /proc/PID/ns/net',
  });
}

function refuseForForeignNetwork(
  choice: NetworkChoice,
  flags: NetworkFlags,
  ports: readonly PortRequest[],
): void {
  const what = flags.ip || flags.ip6 ? '--ip' : flags.macAddress ? '--mac-address' : undefined;
  const refused = ports.length > 0 && choice.kind !== 'host' ? '-p' : what;
  if (!refused) return;
  throw new PeapodError('NETWORK_UNSUPPORTED', `${refused} does nothing with --network ${choice.kind}`, {
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
    const holder = protocol === 'sctp' ? undefined : describeHolder(protocol, hostIp, hostPort);
    if (!holder) continue;
    throw new PeapodError('PORT_IN_USE', `host port ${hostPort}/${protocol} is already in use by ${holder}`, {
      hint: 'choose another host port, or leave it open: -p CONTAINERPORT',
    });
  }
}
