import type { Socket, SocketHandler, TCPSocketListenOptions } from 'bun';

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

/**
 * Serves a listening socket of the host. `opened` and `closed` are called once for each of both sockets of a
 * connection; connections outlive `close`.
 */
export function serveTcp(
  fd: number,
  address: string,
  port: number,
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
        connectPod(client, address, port, closed);
      },
    },
  });
  return { close: () => listener.stop() };
}

function connectPod(client: Socket<Side>, hostname: string, port: number, closed: () => void): void {
  const refused = () => {
    client.terminate();
    closed();
  };
  const upstream = Bun.connect<Side>({
    hostname,
    port,
    allowHalfOpen: true,
    data: { closed },
    socket: {
      ...handlers,
      open(pod) {
        if (client.data.isClosed) {
          pod.terminate();
          return;
        }
        pod.setNoDelay(true);
        pod.data.other = client;
        client.data.other = pod;
        client.resume();
      },
      connectError: refused,
    },
  });
  upstream.catch(() => {}); // told to connectError
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
