import { PeapodError } from '../errors.ts';
import { isWildcard } from './ports-overlap.ts';
import type { PortMapping, PortRequest, Protocol } from './types.ts';

/**
 * Gives every request without a host port a free one: never the same twice, and none that `reserved` names
 * (what the store holds for other pods, running or not). Requests that name theirs pass unchanged. The port
 * is free when this looks; whoever publishes it binds it and finds out.
 * Throws PORT_IN_USE where no port is free, INVALID_ARGUMENT for an address that the host does not have.
 */
export async function chooseHostPorts(
  requests: readonly PortRequest[],
  reserved: (protocol: Protocol) => ReadonlySet<number>,
): Promise<PortMapping[]> {
  const taken = new Map<Protocol, Set<number>>();
  for (const { protocol, hostPort } of requests) {
    if (!taken.has(protocol)) taken.set(protocol, new Set(reserved(protocol)));
    if (hostPort !== undefined) taken.get(protocol)?.add(hostPort);
  }
  const mappings: PortMapping[] = [];
  for (const request of requests) {
    const others = taken.get(request.protocol) as Set<number>;
    const hostPort = request.hostPort ?? (await freePort(request, others));
    others.add(hostPort);
    mappings.push({ ...request, hostPort });
  }
  return mappings;
}

/** The kernel chooses at random; so often it is asked again while its choice is reserved. */
const maxAttempts = 100;

async function freePort(request: PortRequest, taken: ReadonlySet<number>): Promise<number> {
  const { protocol, hostIp } = request;
  // SCTP has numbers of its own and no probe in `node:`; one that TCP has free is as good as any.
  const probe = protocol === 'udp' ? probeUdp : probeTcp;
  try {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const port = await probe(hostIp);
      if (!taken.has(port)) return port;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRNOTAVAIL') throw error;
    throw new PeapodError('INVALID_ARGUMENT', `no interface of this host has the address ${hostIp}`, {
      hint: 'ip addr shows the addresses that exist',
      cause: error,
    });
  }
  throw new PeapodError('PORT_IN_USE', `found no free host port for ${request.containerPort}/${protocol}`, {
    hint: 'name one with -p HOSTPORT:CONTAINERPORT',
  });
}

/** get-port never gives one number twice; its `exclude` has no say where the kernel chooses. */
async function probeTcp(hostIp: string): Promise<number> {
  const { default: getPort } = await import('get-port');
  return getPort(isWildcard(hostIp) ? {} : { host: hostIp });
}

async function probeUdp(hostIp: string): Promise<number> {
  const { createSocket } = await import('node:dgram');
  const socket = createSocket(hostIp.includes(':') ? 'udp6' : 'udp4');
  const bound = new Promise<number>((resolve, reject) => {
    socket.once('error', reject);
    const address = isWildcard(hostIp) ? {} : { address: hostIp };
    socket.bind({ port: 0, ...address, exclusive: true }, () => resolve(socket.address().port));
  });
  return bound.finally(() => socket.close());
}
