import type { Socket, SocketHandler, TCPSocketConnectOptions, TCPSocketListenOptions } from 'bun';
import type { Client, ClientAddresses } from './relay-source.ts';

/**
 * TCP through the relay, on Bun's own sockets: with node:net's streams it took twice the memory under load, and
 * two thirds of the short connections a second. Half-closes pass through; an error on one side resets the other,
 * as it would without a relay between.
 */

/** One of the two sockets of a connection that is passed on. */
interface Side {
  /** Undefined until the pod has answered. */
  other?: Socket<Side>;
  /** What this socket could not take yet; as long as there is some, the other one is not read. */
  unsent?: Buffer | undefined;
  /** Its peer sends nothing more. */
  hasEnded?: boolean;
  /** Its peer was told that nothing more comes. */
  wasToldEnd?: boolean;
  isClosed?: boolean;
  readonly closed: () => void;
}

/** Where connections of one listener go. */
export interface Destination {
  /** The pod's address, for what is not passed on in the client's name. */
  readonly address: string;
  readonly port: number;
  readonly clients: ClientAddresses;
}

/**
 * As long as a pod may be silent towards the client's address before it is asked in the relay's own name: longer
 * than the second after which the kernel asks again.
 */
const unheardAfterMs = 1500;

/**
 * Serves a listening socket of the host. `opened` and `closed` are called once for each of both sockets of a
 * connection; connections outlive `close`.
 */
export function serveTcp(
  fd: number,
  to: Destination,
  opened: () => void,
  closed: () => void,
): { close(): void } {
  const listener = Bun.listen<Side>({
    // The types lack it; node:net listens on descriptors by it.
    ...({ fd } as unknown as Pick<TCPSocketListenOptions, 'hostname' | 'port'>),
    allowHalfOpen: true,
    socket: {
      ...handlers,
      open(client) {
        opened();
        client.data = { closed };
        client.pause();
        client.setNoDelay(true);
        opened();
        const self = to.clients.clientAt(client.remoteAddress, client.remotePort);
        if (self) void connectAs(self, client, to, closed);
        else connectPod(client, to, closed);
      },
    },
  });
  return { close: () => listener.stop() };
}

/** `reached` where the pod answered. */
function connectPod(
  client: Socket<Side>,
  { address, port }: Destination,
  closed: () => void,
  reached?: () => void,
): void {
  const upstream = Bun.connect<Side>({
    hostname: address,
    port,
    allowHalfOpen: true,
    data: { closed },
    socket: {
      ...handlers,
      open(pod) {
        reached?.();
        join(client, pod);
      },
      connectError() {
        client.terminate();
        closed();
      },
    },
  });
  upstream.catch(() => {}); // told to connectError
}

/** In the client's own name; where that is not possible, or nobody answers to it, in the relay's. */
async function connectAs(
  self: Client,
  client: Socket<Side>,
  to: Destination,
  closed: () => void,
): Promise<void> {
  const way = await to.clients.open('tcp', self, to.port);
  if (!way) {
    connectPod(client, to, closed);
    return;
  }
  let state: 'connecting' | 'joined' | 'given up' = 'connecting';
  const giveUp = (pod: Socket<Side>, why: 'refused' | 'silent') => {
    state = 'given up';
    clearTimeout(late);
    pod.terminate();
    // Another address of the pod may take what this one refuses: a server on IPv4 alone.
    if (why === 'silent') connectPod(client, to, closed, () => to.clients.forget(self));
    else if (way.pod !== to.address) connectPod(client, to, closed);
    else {
      client.terminate();
      closed();
    }
  };
  const settle = (pod: Socket<Side>) => {
    clearTimeout(late);
    state = 'joined';
    join(client, pod);
  };
  let late: Timer | undefined;
  const pod = Bun.connect<Side>({
    // A descriptor counts as open at once: connected is what has a peer.
    ...({ fd: way.fd } as unknown as Pick<TCPSocketConnectOptions, 'hostname' | 'port'>),
    allowHalfOpen: true,
    data: { closed },
    socket: {
      ...handlers,
      open(pod) {
        if (pod.remotePort) settle(pod);
        else late = setTimeout(() => giveUp(pod, 'silent'), unheardAfterMs);
      },
      drain(pod) {
        if (state === 'joined') handlers.drain?.(pod);
        else if (state === 'connecting' && pod.remotePort) settle(pod);
      },
      end(pod) {
        if (state === 'joined') handlers.end?.(pod);
      },
      close(pod, error) {
        if (state === 'joined') handlers.close?.(pod, error);
        else if (state === 'connecting') giveUp(pod, 'refused');
      },
      error(pod) {
        pod.terminate();
      },
    },
  });
  pod.catch(() => {}); // told to close
}

function join(client: Socket<Side>, pod: Socket<Side>): void {
  if (client.data.isClosed) {
    pod.terminate();
    return;
  }
  pod.setNoDelay(true);
  pod.data.other = client;
  client.data.other = pod;
  client.resume();
}

const handlers: SocketHandler<Side> = {
  data(from, bytes) {
    const { other } = from.data;
    if (!other || other.data.isClosed) return;
    const { unsent } = other.data;
    const sent = unsent ? 0 : Math.max(other.write(bytes), 0);
    if (sent === bytes.length) return;
    const rest = bytes.subarray(sent);
    other.data.unsent = unsent ? Buffer.concat([unsent, rest]) : rest;
    from.pause();
  },
  drain(to) {
    const side = to.data;
    if (!side.unsent) return;
    const sent = Math.max(to.write(side.unsent), 0);
    side.unsent = sent < side.unsent.length ? side.unsent.subarray(sent) : undefined;
    if (side.unsent) return;
    if (side.other?.data.hasEnded) tellEnd(to);
    else side.other?.resume();
  },
  end(from) {
    from.data.hasEnded = true;
    const { other } = from.data;
    if (other && !other.data.unsent) tellEnd(other);
    closeIfOver(from);
  },
  close(from, error) {
    const side = from.data;
    side.isClosed = true;
    // The end of what comes is told as a close where it comes second.
    if (side.wasToldEnd && !error) handlers.end?.(from);
    else if (!side.hasEnded || error) side.other?.terminate();
    side.closed();
  },
  error(from) {
    from.terminate();
  },
};

function tellEnd(to: Socket<Side>): void {
  if (to.data.wasToldEnd || to.data.isClosed) return;
  to.data.wasToldEnd = true;
  to.shutdown();
  closeIfOver(to);
}

function closeIfOver(socket: Socket<Side>): void {
  const { hasEnded, wasToldEnd, isClosed } = socket.data;
  if (hasEnded && wasToldEnd && !isClosed) socket.end();
}
