import { isPeapodError, PeapodError } from '../errors.ts';
import { parseNetworkRequest } from '../network/network-request.ts';
import { defaultNetwork } from '../network/select.ts';
import type { EndpointSpec, SandboxRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import { type EndpointFlags, resolveEndpoint, validateEndpoints } from './endpoint-spec.ts';
import { updateEtcFiles } from './etc.ts';
import type { EngineParts } from './parts.ts';
import { endpointsOf } from './sandbox-networks.ts';

/** A pod, or a container outside pods. */
interface Owner {
  readonly kind: 'pod' | 'container';
  readonly id: string;
  readonly name: string;
}

/**
 * Gives a pod or container a place on one more network, at once where it runs: interface, routes, names, and its
 * containers' resolv.conf. What fails is undone. Throws NETWORK_IN_USE where it has one there already.
 */
export async function connectNetwork(
  parts: EngineParts,
  network: string,
  nameOrId: string,
  flags: EndpointFlags,
): Promise<void> {
  const { context, operations, sandboxes } = parts;
  const request = parseNetworkRequest(network);
  if (request.kind !== 'network') {
    throw new PeapodError('INVALID_ARGUMENT', `${network} is not a network that can be connected`, {
      hint: 'peapod network ls lists the networks there are',
    });
  }
  const owner = findOwner(parts, nameOrId);
  await operations.during(owner.id, 'network', async () => {
    const endpoints = requireOwnNetwork(owner, requireSandbox(context, owner));
    const endpoint = placeOn(owner, network, () => resolveEndpoint(context, request, flags, endpoints));
    await validateEndpoints(context, [endpoint], []);
    context.interrupt.check();
    await sandboxes.networks.connect(owner.id, endpoint);
    follow(parts, owner.id);
    context.events.network('connect', endpoint.spec.network, owner.id);
  });
}

/**
 * Takes a place on a network away, at once where the pod or container runs; published ports go on by another of its
 * networks that can publish them. Throws NOT_FOUND where it has none there, unless `force`.
 */
export async function disconnectNetwork(
  parts: EngineParts,
  network: string,
  nameOrId: string,
  { force }: { force: boolean },
): Promise<void> {
  const { context, operations, sandboxes } = parts;
  const owner = findOwner(parts, nameOrId);
  const name = network === 'bridge' ? defaultNetwork : network;
  await operations.during(owner.id, 'network', async () => {
    const endpoints = requireOwnNetwork(owner, requireSandbox(context, owner));
    const endpoint = endpoints.find(({ spec }) => spec.network === name);
    if (!endpoint) {
      if (force) return;
      throw new PeapodError(
        'NOT_FOUND',
        `${owner.kind} ${owner.name} is not connected to network "${network}": network is not connected`,
        { hint: `it is on ${endpoints.map(({ spec }) => spec.network).join(', ') || 'no network'}` },
      );
    }
    await sandboxes.networks.disconnect(owner.id, endpoint.ifname);
    await sandboxes.networks.announce(owner.id);
    follow(parts, owner.id);
    context.events.network('disconnect', name, owner.id);
  });
}

/** Puts back what a reloaded firewall or a person has removed of networks. Returns the id. */
export async function reloadNetworks(parts: EngineParts, nameOrId: string): Promise<string> {
  const { operations, sandboxes } = parts;
  const owner = findOwner(parts, nameOrId);
  await operations.during(owner.id, 'network', () => sandboxes.networks.reload(owner.id));
  return owner.id;
}

/** Pods and containers outside pods whose networks are up. */
export function runningOwners({ context, sandboxes }: EngineParts): { id: string; createdAtMs: number }[] {
  const { store } = context;
  return store.sandboxes
    .all()
    .filter((record) => endpointsOf(record).length > 0 && sandboxes.state(record) === 'ready')
    .flatMap(({ id }) => store.pods.get(id) ?? store.containers.get(id) ?? []);
}

/** Files of running members that tell of the networks. */
function follow({ context, lifecycle, sandboxes }: EngineParts, id: string): void {
  const view = sandboxes.view(id);
  for (const container of context.store.containers.all()) {
    if (container.sandboxId === id && lifecycle.isRunning(container))
      updateEtcFiles(context, container, view);
  }
}

/** Throws NOT_FOUND, and INVALID_ARGUMENT for a container whose network is somebody else's. */
function findOwner({ pods, containers }: EngineParts, nameOrId: string): Owner {
  const pod = pods.find(nameOrId);
  if (pod) return { kind: 'pod', id: pod.id, name: pod.name };
  const container = containers.find(nameOrId);
  if (!container) {
    throw new PeapodError('NOT_FOUND', `no pod or container with name or ID "${nameOrId}" found`, {
      hint: 'peapod pod ps and peapod ps -a list those there are',
    });
  }
  if (container.sandboxId === container.id)
    return { kind: 'container', id: container.id, name: container.name };
  const owner = pods.require(container.sandboxId);
  throw new PeapodError(
    'INVALID_ARGUMENT',
    `container ${container.name} has the network of pod ${owner.name}`,
    {
      hint: `name the pod instead: ${owner.name}`,
    },
  );
}

function requireSandbox({ store }: Context, { kind, id, name }: Owner): SandboxRecord {
  const record = store.sandboxes.get(id);
  if (!record) throw new PeapodError('NOT_FOUND', `${kind} ${name} is gone`);
  return record;
}

function requireOwnNetwork({ kind, name }: Owner, { spec }: SandboxRecord): readonly EndpointSpec[] {
  if (!spec.namespaces.includes('net')) {
    throw new PeapodError(
      'NETWORK_UNSUPPORTED',
      `${kind} ${name} shares no network: nothing can be connected`,
      { hint: 'its containers have networks of their own; --share net is for peapod pod create' },
    );
  }
  if (spec.network.kind === 'own') return spec.network.endpoints;
  throw new PeapodError(
    'NETWORK_UNSUPPORTED',
    `${kind} ${name} has a network namespace of somebody else (${spec.network.kind}): nothing can be connected`,
    { hint: 'only namespaces that peapod made get networks' },
  );
}

function placeOn(owner: Owner, network: string, resolve: () => EndpointSpec): EndpointSpec {
  try {
    return resolve();
  } catch (error) {
    if (!isPeapodError(error, 'NETWORK_IN_USE')) throw error;
    throw new PeapodError(
      'NETWORK_IN_USE',
      `${owner.kind} ${owner.name} is already connected to network "${network}": network is already connected`,
      { hint: 'peapod network disconnect takes it off' },
    );
  }
}
