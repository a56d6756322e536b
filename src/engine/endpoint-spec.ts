import { statfsSync } from 'node:fs';
import { isPeapodError, PeapodError } from '../errors.ts';
import { isInterfaceName } from '../network/interface-name.ts';
import { parseNetworkRequests } from '../network/network-request.ts';
import { selectBackend } from '../network/select.ts';
import type { NetworkRequest, PortMapping } from '../network/types.ts';
import { nsfsMagic } from '../sandbox/namespaces.ts';
import type { EndpointSpec, NetworkChoice } from '../store/records.ts';
import type { Context } from './context.ts';
import { parseAddresses, parseMacAddress } from './parse-options.ts';

/** What the command line says about a place on a network besides its name. */
export interface EndpointFlags {
  readonly ip?: string | undefined;
  readonly ip6?: string | undefined;
  readonly macAddress?: string | undefined;
  /** `--network-alias`, `--alias`. */
  readonly aliases: readonly string[];
}

type OwnRequest = Extract<NetworkRequest, { kind: 'default' | 'network' }>;

/** Backends that name their interface themselves: what stands for it in the store. */
const fixedInterfaces: Partial<Record<EndpointSpec['backend'], string>> = {
  slirp4netns: 'tap0',
  pasta: 'pasta',
};

/** Turns the words of `--network` into what a sandbox is connected with. Nothing is made, no backend asked. */
export function resolveNetworks(
  context: Context,
  words: readonly string[],
  flags: EndpointFlags,
): NetworkChoice {
  const requests = parseNetworkRequests(words.length > 0 ? words : ['private']);
  const foreign = requests.find((request) => request.kind !== 'default' && request.kind !== 'network');
  if (!foreign) return { kind: 'own', endpoints: resolveEndpoints(context, requests as OwnRequest[], flags) };
  if (requests.length > 1) {
    throw new PeapodError(
      'INVALID_ARGUMENT',
      `cannot set multiple networks without bridge network mode, selected mode ${foreign.kind}`,
      { hint: `leave out ${foreign.kind}, or the others` },
    );
  }
  if (flags.aliases.length > 0) throw noAliases(foreign.kind);
  switch (foreign.kind) {
    case 'none':
      return { kind: 'own', endpoints: [] };
    case 'host':
      return { kind: 'host' };
    case 'netns':
      return { kind: 'netns', path: checkNamespacePath(foreign.path) };
    default:
      return { kind: 'container', containerId: requireContainer(context, foreign.container) };
  }
}

function resolveEndpoints(
  context: Context,
  requests: readonly OwnRequest[],
  flags: EndpointFlags,
): EndpointSpec[] {
  if (requests.length > 1 && (flags.ip ?? flags.ip6 ?? flags.macAddress) !== undefined) {
    throw new PeapodError(
      'INVALID_ARGUMENT',
      '--ip, --ip6 and --mac-address can only be set for a single network',
      { hint: 'write them to their network: --network NAME:ip=ADDRESS,mac=ADDRESS' },
    );
  }
  const endpoints: EndpointSpec[] = [];
  for (const request of requests) endpoints.push(resolveEndpoint(context, request, flags, endpoints));
  return endpoints;
}

/** One place beside those that are there. Throws NETWORK_IN_USE where there is one on the same network. */
export function resolveEndpoint(
  { facts }: Context,
  request: OwnRequest,
  flags: EndpointFlags,
  others: readonly EndpointSpec[],
): EndpointSpec {
  const { backend, network, options } = selectBackend(request, { rootless: facts.rootless });
  const isBridge = backend === 'bridge';
  refuseCompany(backend, network, others);
  if (!isBridge && flags.aliases.length > 0) throw noAliases(network);
  // What every bridge network understands is the engine's affair, the rest the backend's.
  const { ip, ip6, mac, alias, interface_name: chosen, ...rest } = isBridge ? options : {};
  const aliases = [...(alias?.split(',') ?? []), ...flags.aliases];
  // As with podman either word takes addresses of both families, and may stand several times.
  const addresses = [flags.ip ?? ip?.split(','), flags.ip6 ?? ip6?.split(',')].flatMap((some) => some ?? []);
  const macAddress = flags.macAddress ?? mac;
  const own = aliases.length > 0 ? { ...rest, alias: aliases.join(',') } : rest;
  return {
    ifname: interfaceFor(backend, chosen, others),
    backend,
    spec: {
      network,
      options: isBridge ? own : options,
      staticAddresses: parseAddresses(addresses, '--ip'),
      ...(macAddress ? { macAddress: parseMacAddress(macAddress) } : {}),
      ports: [],
      rank: Math.max(-1, ...others.map((other) => other.spec.rank ?? 0)) + 1,
    },
  };
}

/**
 * Asks the backends whether they could do it, the ports by the first that can publish them, without touching
 * anything. Throws what `validate` of NetworkBackend throws.
 */
export async function validateEndpoints(
  context: Context,
  endpoints: readonly EndpointSpec[],
  ports: readonly PortMapping[],
): Promise<void> {
  let refusal: unknown;
  let unpublished = ports;
  for (const { backend: name, spec } of endpoints) {
    const backend = await context.backend(name);
    try {
      await backend.validate({ ...spec, ports: unpublished });
      unpublished = [];
    } catch (error) {
      if (unpublished.length === 0 || !isPeapodError(error, 'NETWORK_UNSUPPORTED')) throw error;
      await backend.validate(spec);
      refusal ??= error;
    }
  }
  if (unpublished.length > 0 && refusal) throw refusal;
}

function refuseCompany(backend: string, network: string, others: readonly EndpointSpec[]): void {
  if (others.some(({ spec }) => spec.network === network)) {
    throw new PeapodError('NETWORK_IN_USE', `already connected to network "${network}"`, {
      hint: 'a pod or container has one place on a network',
    });
  }
  const isPasta = (name: string) => name === 'pasta';
  if (others.length > 0 && (isPasta(backend) || others.some((other) => isPasta(other.backend)))) {
    throw new PeapodError('NETWORK_UNSUPPORTED', 'pasta goes with no other network', {
      hint: 'slirp4netns can stand beside bridge networks',
    });
  }
}

/** Throws INVALID_ARGUMENT. */
function interfaceFor(
  backend: EndpointSpec['backend'],
  chosen: string | undefined,
  others: readonly EndpointSpec[],
): string {
  const taken = new Set(others.map(({ ifname }) => ifname));
  const fixed = fixedInterfaces[backend];
  if (fixed) return fixed;
  if (chosen === undefined) {
    for (let number = 0; ; number++) if (!taken.has(`eth${number}`)) return `eth${number}`;
  }
  if (!isInterfaceName(chosen) || chosen === 'lo') {
    throw new PeapodError('INVALID_ARGUMENT', `"${chosen}" is not a name for a pod's interface`, {
      hint: 'interface_name takes at most 15 letters, digits, dots, dashes and underscores',
    });
  }
  if (taken.has(chosen)) {
    throw new PeapodError('INVALID_ARGUMENT', `two networks want the interface ${chosen}`, {
      hint: 'interface_name names another one, or leave it out',
    });
  }
  return chosen;
}

function noAliases(network: string): PeapodError {
  return new PeapodError('NETWORK_UNSUPPORTED', `network ${network} serves no names, so no aliases`, {
    hint: 'leave out --network-alias, or choose a network of peapod network create',
  });
}

function requireContainer({ store }: Context, name: string): string {
  const id = store.names.resolve('container', name);
  if (id) return id;
  throw new PeapodError('NOT_FOUND', `no container with name or ID "${name}" found`, {
    hint: '--network container:NAME joins the network of an existing container',
  });
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
