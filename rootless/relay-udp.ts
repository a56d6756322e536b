import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';

/** UDP through the relay: every client address gets a socket of its own towards the pod, so that answers find back. */

/** As long as Linux remembers a UDP stream that is not answered (conntrack), times three. */
const idleTimeoutMs = 90_000;
/** Per port: beyond it the client that was silent for longest is forgotten. */
const maxClients = 4096;

interface Client {
  readonly upstream: Socket;
  lastSeenMs: number;
}

/** Serves a bound socket of the host; resolves once it does. `close` forgets all clients, too. */
export function serveUdp(
  fd: number,
  hostIp: string,
  address: string,
  port: number,
): Promise<{ close(): void }> {
  const server = createSocket(hostIp === '' || hostIp.includes(':') ? 'udp6' : 'udp4');
  const clients = new Map<string, Client>();

  const forget = (key: string, client: Client) => {
    clients.delete(key);
    client.upstream.close();
  };
  const sweep = setInterval(() => {
    const eldest = performance.now() - idleTimeoutMs;
    for (const [key, client] of clients) if (client.lastSeenMs < eldest) forget(key, client);
  }, idleTimeoutMs / 3);
  sweep.unref();

  const admit = (key: string, from: RemoteInfo): Client => {
    const oldest = clients.size >= maxClients ? clients.entries().next().value : undefined;
    if (oldest) forget(...oldest);
    const upstream = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const client = { upstream, lastSeenMs: 0 };
    upstream.on('message', (answer) => {
      client.lastSeenMs = performance.now();
      server.send(answer, from.port, from.address, () => {});
    });
    upstream.on('error', () => {
      if (clients.get(key) === client) forget(key, client);
    });
    clients.set(key, client);
    return client;
  };

  server.on('message', (message, from) => {
    const key = `${from.address} ${from.port}`;
    const client = clients.get(key) ?? admit(key, from);
    client.lastSeenMs = performance.now();
    // The order of the map is the order of silence.
    clients.delete(key);
    clients.set(key, client);
    client.upstream.send(message, port, address, () => {});
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
