import { closeSync } from 'node:fs';
import { PeapodError } from '../src/errors.ts';
import { formatPort } from '../src/network/port-format.ts';
import type { PortMapping, PublishedPort } from '../src/network/types.ts';
import { bindHostPort } from './relay.ts';
import { SlirpApi } from './slirp-api.ts';
import { markForwards } from './slirp4netns.ts';
import { throwAfter } from './undo.ts';

/**
 * Publishing by slirp4netns' own forwards (`port_handler=slirp4netns`): the pod sees the client's address, at a
 * third of the relay's throughput. Where the host's loopback is not allowed, datagrams from it go unanswered.
 * Loaded only where a port needs it.
 */

export const viaSlirp = 'slirp4netns';

/** All or none. Forwards that are there already are kept. */
export async function publishBySlirp(
  directory: string,
  guestIp: string,
  ports: readonly PortMapping[],
): Promise<PublishedPort[]> {
  const api = new SlirpApi(directory);
  const known = new Map((await api.list()).map((forward) => [forwardKey(forward), forward.id]));
  const added: number[] = [];
  const published: PublishedPort[] = [];
  markForwards(directory);
  try {
    for (const port of ports) {
      const forward = { ...hostSide(port), guestIp, guestPort: port.containerPort };
      let id = known.get(forwardKey(forward));
      if (id === undefined) {
        // slirp4netns only says that it failed; a bind of our own says why.
        closeSync(bindHostPort({ ...port, hostIp: forward.hostIp }));
        id = await api.add(forward);
        added.push(id);
      }
      published.push({ ...port, via: viaSlirp, handle: String(id) });
    }
  } catch (error) {
    return throwAfter(error, async () => {
      for (const id of added) await api.remove(id);
    });
  }
  return published;
}

/** Idempotent: a forward that is gone is no error. */
export async function unpublishBySlirp(directory: string, ports: readonly PublishedPort[]): Promise<void> {
  const api = new SlirpApi(directory);
  const known = new Set((await api.list()).map((forward) => `${forward.id} ${forwardKey(forward)}`));
  for (const port of ports) {
    if (known.has(`${port.handle} ${forwardKey(hostSide(port))}`)) await api.remove(Number(port.handle));
  }
}

/** The first of the ports that slirp4netns does not forward. */
export async function lostForwards(
  directory: string,
  ports: readonly PublishedPort[],
): Promise<PublishedPort[]> {
  const known = new Set((await new SlirpApi(directory).list()).map(forwardKey));
  return ports.filter((port) => !known.has(forwardKey(hostSide(port))));
}

/** Throws NETWORK_UNSUPPORTED: libslirp forwards IPv4 alone. */
export function refuseIpv6Forward(port: PortMapping): void {
  if (!port.hostIp.includes(':')) return;
  throw new PeapodError(
    'NETWORK_UNSUPPORTED',
    `slirp4netns cannot publish ${formatPort(port)} on an IPv6 address`,
    {
      hint: 'publish it on an IPv4 address; port_handler=relay serves both kinds',
    },
  );
}

function hostSide(port: PortMapping): { protocol: 'tcp' | 'udp'; hostIp: string; hostPort: number } {
  return {
    protocol: port.protocol === 'udp' ? 'udp' : 'tcp',
    hostIp: port.hostIp || '0.0.0.0',
    hostPort: port.hostPort,
  };
}

function forwardKey(side: { protocol: string; hostIp: string; hostPort: number }): string {
  return `${side.protocol} ${side.hostIp} ${side.hostPort}`;
}
