import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { Client as ClientAddress } from './relay-source.ts';
import type { Destination } from './relay-tcp.ts';

/** UDP through the relay: every client address gets a socket of its own towards the pod, so that answers find back. */

/** As long as Linux remembers a UDP stream that is not answered (conntrack), times three. */
const idleTimeoutMs = 90_000;
/** Per port: beyond it the client that was silent for longest is forgotten. */
const maxClients = 4096;
/** Datagrams of a new client while its socket is made. */
const maxWaiting = 64;

interface Client {
  /** Undefined until it is bound to the client's address; `waiting` is what came before that. */
  upstream?: Socket;
  /** Where datagrams go: the pod's address of the socket's family. */
  pod: string;
  readonly waiting: Buffer[];
  lastSeenMs: number;
}

/** Serves a bound socket of the host; resolves once it does. `close` forgets all clients, too. */
export function serveUdp(fd: number, hostIp: string, to: Destination): Promise<{ close(): void }> {
  const server = createSocket(hostIp === '' || hostIp.includes(':') ? 'udp6' : 'udp4');
  const clients = new Map<string, Client>();

  const forget = (key: string, client: Client) => {
    clients.delete(key);
    client.upstream?.close();
  };
  const sweep = setInterval(() => {
    const eldest = performance.now() - idleTimeoutMs;
    for (const [key, client] of clients) if (client.lastSeenMs < eldest) forget(key, client);
  }, idleTimeoutMs / 3);
  sweep.unref();

  const attach = (key: string, client: Client, from: RemoteInfo, upstream: Socket) => {
    upstream.on('message', (answer) => {
      client.lastSeenMs = performance.now();
      server.send(answer, from.port, from.address, () => {});
    });
    upstream.on('error', () => {
      if (clients.get(key) === client) forget(key, client);
    });
    client.upstream = upstream;
    for (const message of client.waiting.splice(0)) upstream.send(message, to.port, client.pod, () => {});
  };
  const admit = (key: string, from: RemoteInfo): Client => {
    const oldest = clients.size >= maxClients ? clients.entries().next().value : undefined;
    if (oldest) forget(...oldest);
    const client: Client = { pod: to.address, waiting: [], lastSeenMs: 0 };
    clients.set(key, client);
    const self = to.clients.clientAt(from.address, from.port);
    if (self) {
      void boundSocket(to, self).then(({ upstream, pod }) => {
        client.pod = pod;
        if (clients.get(key) === client) attach(key, client, from, upstream);
        else upstream.close();
      });
    } else attach(key, client, from, createSocket(typeOf(to.address)));
    return client;
  };

  server.on('message', (message, from) => {
    const key = `${from.address} ${from.port}`;
    const client = clients.get(key) ?? admit(key, from);
    client.lastSeenMs = performance.now();
    // The order of the map is the order of silence.
    clients.delete(key);
    clients.set(key, client);
    if (client.upstream) client.upstream.send(message, to.port, client.pod, () => {});
    else if (client.waiting.length < maxWaiting) client.waiting.push(message);
  });

  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.bind({ fd }, () =>
      resolve({
        close() {
          clearInterval(sweep);
          server.close();
          for (const [key, client] of clients) forget(key, client);
        },
      }),
    );
  });
}

/** In the client's own name where that is possible. */
async function boundSocket(to: Destination, self: ClientAddress): Promise<{ upstream: Socket; pod: string }> {
  const way = await to.clients.open('udp', self, to.port);
  if (!way) return { upstream: createSocket(typeOf(to.address)), pod: to.address };
  const upstream = createSocket(typeOf(way.pod));
  await new Promise<void>((resolve) => upstream.bind({ fd: way.fd }, resolve));
  return { upstream, pod: way.pod };
}

function typeOf(address: string): 'udp4' | 'udp6' {
  return address.includes(':') ? 'udp6' : 'udp4';
}
