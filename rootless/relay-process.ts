import { closeSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { writeIdentity } from './identity-file.ts';
import {
  firstListenerFd,
  parseRelayArguments,
  type RelayPort,
  readyFd,
  relayFile,
  relaySocket,
} from './relay-protocol.ts';
import { ClientAddresses } from './relay-source.ts';
import { serveTcp } from './relay-tcp.ts';

/**
 * The relay: `peapod internal relay`, started by relay.ts in a pod's network namespace with sockets that were
 * bound in the host's. Everything that comes in is passed on to the pod's own address, in the name of the client
 * where that is possible. It ends when its last port was taken back and its last connection is over.
 */
export async function run(args: readonly string[]): Promise<number> {
  const { directory, addresses, ports } = parseRelayArguments(args);
  process.chdir('/'); // keeps no mount of the caller's busy
  const ended = Promise.withResolvers<number>();
  const open = new Map<string, { close(): void }>();
  const clients = new ClientAddresses(addresses);
  let sockets = 0;

  /** Its file goes first: without it nobody expects an answer on the socket. */
  const endIfIdle = () => {
    if (open.size > 0 || sockets > 0) return;
    for (const path of [relayFile(process.pid), relaySocket(process.pid)]) {
      rmSync(join(directory, path), { force: true });
    }
    ended.resolve(0);
  };

  const opened = () => {
    sockets++;
  };
  const closed = () => {
    sockets--;
    endIfIdle();
  };
  const serve = async ({ key, protocol, hostIp, containerPort }: RelayPort, index: number) => {
    const fd = firstListenerFd + index;
    const udp = protocol === 'udp' ? await import('./relay-udp.ts') : undefined;
    const to = { address: addresses[0] as string, port: containerPort, clients };
    const server = udp ? await udp.serveUdp(fd, hostIp, to) : serveTcp(fd, to, opened, closed);
    open.set(key, server);
  };

  await Promise.all(ports.map(serve));
  serveControl(join(directory, relaySocket(process.pid)), endIfIdle, (keys) => {
    for (const key of keys) {
      open.get(key)?.close();
      open.delete(key);
    }
    return [...open.keys()];
  });
  writeIdentity(join(directory, relayFile(process.pid)), process.pid);
  writeSync(readyFd, '1');
  closeSync(readyFd);
  return ended.promise;
}

/** A request is a JSON list of keys to close; the answer is the list of those still open. */
function serveControl(path: string, answered: () => void, close: (keys: string[]) => string[]): void {
  Bun.listen<{ request: string }>({
    unix: path,
    allowHalfOpen: true,
    socket: {
      open(socket) {
        socket.data = { request: '' };
      },
      data(socket, chunk) {
        socket.data.request += chunk.toString();
      },
      end(socket) {
        socket.end(answer(socket.data.request, close));
      },
      close: answered,
    },
  });
}

/** Nothing where the request is none: the asker sees a closed connection. */
function answer(request: string, close: (keys: string[]) => string[]): string {
  try {
    return JSON.stringify(close(JSON.parse(request)));
  } catch {
    return '';
  }
}
