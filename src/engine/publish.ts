import { PeapodError } from '../errors.ts';
import { formatPort } from '../network/port-format.ts';
import { parsePorts } from '../network/port-spec.ts';
import { type PortMapping, type PortRequest, portKey } from '../network/types.ts';
import type { EndpointSpec, PodRecord, SandboxRecord, SandboxSpec } from '../store/records.ts';
import type { Context } from './context.ts';
import { validateEndpoints } from './endpoint-spec.ts';
import { resolvePorts } from './sandbox-spec.ts';
import type { Sandboxes } from './sandboxes.ts';

interface Parts {
  readonly context: Context;
  readonly sandboxes: Sandboxes;
}

/**
 * Adds ports to a pod, running or not: reserved first, then published; what fails is undone. Returns what
 * `port` would print of them. The caller holds the operation. Throws PORT_IN_USE, NETWORK_UNSUPPORTED.
 */
export async function publishPorts(
  parts: Parts,
  pod: PodRecord,
  words: readonly string[],
): Promise<string[]> {
  const { context, sandboxes } = parts;
  const requests = parsePorts(words);
  const { spec } = requireSandbox(context, pod);
  const { network } = spec;
  const endpoints = network.kind === 'own' ? network.endpoints : [];
  if (endpoints.length === 0) {
    throw new PeapodError(
      'NETWORK_UNSUPPORTED',
      `pod ${pod.name} has no network of its own: ${network.kind === 'own' ? 'none' : network.kind}`,
      {
        hint: 'only pods on a network that peapod made can publish ports',
      },
    );
  }
  const ports = await reservePorts(context, pod, spec, endpoints, requests);
  try {
    await sandboxes.networks.publish(pod.id, ports);
    context.interrupt.check();
  } catch (error) {
    await context.interrupt.shielded(() => sandboxes.networks.unpublish(pod.id, ports));
    forget(context, pod, ports);
    throw error;
  }
  return ports.map(formatPort);
}

/** Throws PORT_IN_USE, and what the backends have against it; then nothing is reserved. */
async function reservePorts(
  context: Context,
  pod: PodRecord,
  spec: SandboxSpec,
  endpoints: readonly EndpointSpec[],
  requests: readonly PortRequest[],
): Promise<PortMapping[]> {
  const { store } = context;
  const ports = await resolvePorts(context, requests);
  // Addresses that were chosen are taken: by this pod.
  const places = endpoints.map((one) => ({ ...one, spec: { ...one.spec, staticAddresses: [] } }));
  await validateEndpoints(context, places, ports);
  store.db.transaction(() => {
    store.ports.reserve(pod.id, ports);
    store.sandboxes.setSpec(pod.id, { ...spec, ports: [...spec.ports, ...ports] });
  });
  return ports;
}

/**
 * Takes ports from a pod: `80/tcp` all that lead there, `8080:80` that one. The caller holds the operation. Throws
 * NOT_FOUND where none does.
 */
export async function unpublishPorts(
  parts: Parts,
  pod: PodRecord,
  words: readonly string[],
): Promise<string[]> {
  const { context, sandboxes } = parts;
  const requests = parsePorts(words);
  const { spec } = requireSandbox(context, pod);
  const gone = requests.flatMap((request, index) => {
    const matching = spec.ports.filter((port) => matches(request, port));
    if (matching.length > 0) return matching;
    throw new PeapodError(
      'NOT_FOUND',
      `pod ${pod.name} does not publish ${words[index] ?? words.join(' ')}`,
      {
        hint: `it publishes ${spec.ports.map(formatPort).join(', ') || 'nothing'}`,
      },
    );
  });
  await sandboxes.networks.unpublish(pod.id, gone);
  forget(context, pod, gone);
  return gone.map(formatPort);
}

function matches(request: PortRequest, port: PortMapping): boolean {
  return (
    request.protocol === port.protocol &&
    request.containerPort === port.containerPort &&
    (request.hostPort === undefined || request.hostPort === port.hostPort) &&
    (request.hostIp === '' || request.hostIp === port.hostIp)
  );
}

function forget({ store }: Context, pod: PodRecord, ports: readonly PortMapping[]): void {
  const keys = new Set(ports.map(portKey));
  store.db.transaction(() => {
    store.ports.release(pod.id, ports);
    const spec = store.sandboxes.get(pod.id)?.spec;
    if (!spec) return;
    const left = spec.ports.filter((port) => !keys.has(portKey(port)));
    store.sandboxes.setSpec(pod.id, { ...spec, ports: left });
  });
}

function requireSandbox(context: Context, pod: PodRecord): SandboxRecord {
  const sandbox = context.store.sandboxes.get(pod.id);
  if (!sandbox) throw new PeapodError('NOT_FOUND', `pod ${pod.name} is gone`);
  return sandbox;
}
