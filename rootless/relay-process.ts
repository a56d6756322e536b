import { closeSync, rmSync, writeSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
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

/**
 * The relay: `peapod internal relay`, started by relay.ts in a pod's network namespace with sockets that were
 * bound in the host's. Everything that comes in is passed on to the pod's own address. It ends when its last
 * port was taken back and its last connection is over.
 */
export async function run(args: readonly string[]): Promise<number> {
  const { directory, address, ports } = parseRelayArguments(args);
  process.chdir('/'); // keeps no mount of the caller's busy
  const ended = Promise.withResolvers<number>();
  const open = new Map<string, { close(): void }>();
  let connections = 0;

  /** Its file goes first: without it nobody expects an answer on the socket. */
  const endIfIdle = () => {
    if (open.size > 0 || connections > 0) return;
    for (const path of [relayFile(process.pid), relaySocket(process.pid)]) {
      rmSync(join(directory, path), { force: true });
    }
    ended.resolve(0);
  };

  const serveTcp = async (fd: number, port: number) => {
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) => {
      connections++;
      passOn(client, address, port, () => {
        connections--;
        endIfIdle();
      });
    });
    await listening(server, { fd });
    return server;
  };
  const serve = async ({ key, protocol, hostIp, containerPort }: RelayPort, index: number) => {
    const fd = firstListenerFd + index;
    const udp = protocol === 'udp' ? await import('./relay-udp.ts') : undefined;
    const server = udp?.serveUdp(fd, hostIp, address, containerPort) ?? serveTcp(fd, containerPort);
    open.set(key, await server);
  };

  const control = createServer({ allowHalfOpen: true }, (socket) => {
    answer(socket, (keys) => {
      for (const key of keys) {
        open.get(key)?.close();
        open.delete(key);
      }
      return [...open.keys()];
    });
    socket.on('close', endIfIdle);
  });

  await Promise.all([
    ...ports.map(serve),
    listening(control, { path: join(directory, relaySocket(process.pid)) }),
  ]);
  writeIdentity(join(directory, relayFile(process.pid)), process.pid);
  writeSync(readyFd, '1');
  closeSync(readyFd);
  return ended.promise;
}

function listening(server: Server, where: { fd: number } | { path: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(where, resolve);
  });
}

/** Half-closes pass through; an error on one side resets the other, as it would without a relay between. */
function passOn(client: Socket, address: string, port: number, over: () => void): void {
  const upstream = connect({ host: address, port, allowHalfOpen: true, noDelay: true });
  let open = 2;
  const closed = () => {
    open--;
    if (open === 0) over();
  };
  client.on('close', closed);
  upstream.on('close', closed);
  client.on('error', () => upstream.resetAndDestroy());
  upstream.on('error', () => client.resetAndDestroy());
  upstream.on('connect', () => {
    client.pipe(upstream);
    upstream.pipe(client);
  });
}

/** A request is a JSON list of keys to close; the answer is the list of those still open. */
function answer(socket: Socket, close: (keys: string[]) => string[]): void {
  let request = '';
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    request += chunk.toString();
  });
  socket.on('end', () => {
    try {
      socket.end(JSON.stringify(close(JSON.parse(request))));
    } catch {
      socket.destroy();
    }
  });
}
