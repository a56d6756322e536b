import { closeSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openInbox, receiveFds } from '../src/host/pass-fds.ts';
import { writeIdentity } from './identity-file.ts';
import {
  type FirstPorts,
  firstPortsFd,
  type RelayPort,
  type RelayRequest,
  readyFd,
  relayFile,
  relayInbox,
  relayPort,
  relaySocket,
} from './relay-protocol.ts';
import { ClientAddresses } from './relay-source.ts';
import { serveTcp } from './relay-tcp.ts';

/**
 * The relay: `peapod internal relay`, started by relay.ts in a pod's network namespace, and then handed sockets that
 * were bound in the host's. Everything that comes in is passed on to the pod's own address, in the name of the client
 * where that is possible. It ends when its last port was taken back and its last connection is over, or where its starter
 * ends before it has given it any.
 */
export async function run(args: readonly string[]): Promise<number> {
  const [directory] = args;
  if (directory === undefined) throw new Error('relay: its directory is missing');
  process.chdir('/'); // keeps no mount of the caller's busy
  const first = receiveFds(firstPortsFd, { wait: true });
  if (!first) return 0;
  const { keys: firstKeys, addresses } = JSON.parse(first.text) as FirstPorts;
  const ended = Promise.withResolvers<number>();
  const { pid } = process;
  const open = new Map<string, { close(): void }>();
  const clients = new ClientAddresses(addresses);
  let sockets = 0;

  /** Its file goes first: without it nobody expects an answer on the socket. */
  const endIfIdle = () => {
    if (open.size > 0 || sockets > 0) return;
    for (const path of [relayFile(pid), relaySocket(pid), relayInbox(pid)]) {
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
  const serve = async ({ key, protocol, hostIp, containerPort }: RelayPort, fd: number) => {
    const udp = protocol === 'udp' ? await import('./relay-udp.ts') : undefined;
    const to = { address: addresses[0] as string, port: containerPort, clients };
    const server = udp ? await udp.serveUdp(fd, hostIp, to) : serveTcp(fd, to, opened, closed);
    open.set(key, server);
  };

  const serveAll = async (
    keys: readonly string[],
    fds: readonly number[],
    isWanted: (key: string) => boolean,
  ) => {
    for (const [index, fd] of fds.entries()) {
      const key = keys[index];
      if (key !== undefined && isWanted(key) && !open.has(key)) await serve(relayPort(key), fd);
      else closeSync(fd);
    }
  };
  const inbox = openInbox(join(directory, relayInbox(pid)));
  /** What is not asked for now is what somebody left who was killed before he could ask. */
  const serveHandedOver = async (wanted: ReadonlySet<string>) => {
    for (let message = receiveFds(inbox); message; message = receiveFds(inbox)) {
      await serveAll(JSON.parse(message.text), message.fds, (key) => wanted.has(key));
    }
  };
  const answer = async (request: RelayRequest): Promise<string[]> => {
    for (const key of request.close ?? []) {
      open.get(key)?.close();
      open.delete(key);
    }
    const leadsHere = request.addresses?.join() === addresses.join();
    await serveHandedOver(new Set(leadsHere ? request.open : []));
    return [...open.keys()];
  };

  await serveAll(firstKeys, first.fds, () => true);
  serveControl(join(directory, relaySocket(pid)), endIfIdle, answer);
  writeIdentity(join(directory, relayFile(pid)), pid);
  writeSync(readyFd, '1');
  closeSync(readyFd);
  return ended.promise;
}

/** One request a connection. Nothing is answered where it is none: the asker sees a closed connection. */
function serveControl(
  path: string,
  answered: () => void,
  answer: (request: RelayRequest) => Promise<string[]>,
): void {
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
      async end(socket) {
        try {
          socket.end(JSON.stringify(await answer(JSON.parse(socket.data.request))));
        } catch (error) {
          console.error(`a request failed: ${error instanceof Error ? error.message : error}`);
          socket.end();
        }
      },
      close: answered,
    },
  });
}
