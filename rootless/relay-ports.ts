import type { Runner } from '../src/host/exec.ts';
import { isAlive, type ProcessIdentity } from '../src/host/processes.ts';
import { type PortMapping, type PublishedPort, portKey } from '../src/network/types.ts';
import { closeRelayPorts, openRelayPorts, relaysOf, StartingRelay } from './relay.ts';

/** Publishing by relay, as the backends need it: published ports name their relay in `handle`. */

export const viaRelay = 'relay';

export interface RelayPlace {
  readonly directory: string;
  readonly runner: () => Promise<Runner>;
  readonly self: readonly string[];
  /** Of the pod; the first takes clients of all families. */
  readonly addresses: readonly string[];
}

/**
 * Ports that a living relay of the target serves already are left as they are: a restart may ask again. All or none.
 * `starting` is one for these ports, where there was none. Throws PORT_IN_USE, PORT_PRIVILEGED, INVALID_ARGUMENT,
 * COMMAND_FAILED.
 */
export async function publishByRelay(
  place: RelayPlace,
  ports: readonly PortMapping[],
  starting?: StartingRelay,
): Promise<PublishedPort[]> {
  const served = starting ? new Map<string, ProcessIdentity>() : await servedPorts(place.directory);
  const missing = ports.filter((port) => !served.has(portKey(port)));
  if (missing.length > 0) {
    const relay = await serve(place, missing, starting);
    for (const port of missing) served.set(portKey(port), relay);
  }
  return ports.map((port) => ({
    ...port,
    via: viaRelay,
    handle: handleOf(served.get(portKey(port)) as ProcessIdentity),
  }));
}

/** By a relay that runs already where there is one: a process takes longer to start than all else. */
async function serve(
  place: RelayPlace,
  ports: readonly PortMapping[],
  starting: StartingRelay | undefined,
): Promise<ProcessIdentity> {
  const { directory, addresses } = place;
  const wanted = { ports, addresses };
  if (starting) return starting.serve(wanted);
  for (const relay of relaysOf(directory)) {
    if (await openRelayPorts(relay, directory, wanted)) return relay;
  }
  return new StartingRelay({ ...place, runner: await place.runner() }).serve(wanted);
}

/** Idempotent; where a relay has ended its ports are free anyway. */
export async function unpublishByRelay(directory: string, ports: readonly PublishedPort[]): Promise<void> {
  const byRelay = Map.groupBy(ports, (port) => port.handle ?? '');
  await Promise.all(
    [...byRelay].map(async ([handle, itsPorts]) => {
      const relay = relayOfHandle(handle);
      if (relay && isAlive(relay)) await closeRelayPorts(directory, relay, itsPorts.map(portKey));
    }),
  );
}

/** The first port whose relay has ended. */
export function findDeadRelay(ports: readonly PublishedPort[]): PublishedPort | undefined {
  const dead = new Map<string, boolean>();
  return ports.find((port) => {
    if (port.via !== viaRelay) return false;
    const handle = port.handle ?? '';
    if (!dead.has(handle)) {
      const relay = relayOfHandle(handle);
      dead.set(handle, !relay || !isAlive(relay));
    }
    return dead.get(handle);
  });
}

async function servedPorts(directory: string): Promise<Map<string, ProcessIdentity>> {
  const served = new Map<string, ProcessIdentity>();
  for (const relay of relaysOf(directory)) {
    for (const key of await closeRelayPorts(directory, relay, [])) served.set(key, relay);
  }
  return served;
}

function handleOf({ pid, startTicks }: ProcessIdentity): string {
  return `${pid}:${startTicks}`;
}

function relayOfHandle(handle: string): ProcessIdentity | undefined {
  const [pid, startTicks] = handle.split(':').map(Number);
  return pid && startTicks ? { pid, startTicks } : undefined;
}
