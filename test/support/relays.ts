import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endRelays } from '../../rootless/relay.ts';
import { publishByRelay, type RelayPlace } from '../../rootless/relay-ports.ts';
import { hostRunner } from '../../src/host/exec.ts';
import type { PortMapping, PublishedPort } from '../../src/network/types.ts';

const self = [process.execPath, fileURLToPath(new URL('../fixtures/relay.ts', import.meta.url))];
/** Servers sit on an address of their own, so that host ports and container ports may be equal. */
export const podAddress = '127.0.0.9';
/** Below the ports that the kernel gives to clients. */
let nextPort = 10_000 + (process.pid % 20) * 450;

/** One pod that ports are published of by relays, and its servers. */
export class RelayedPod {
  readonly directory = mkdtempSync(join(tmpdir(), 'peapod-relay-'));
  readonly #servers: Server[] = [];

  place(): RelayPlace {
    return { directory: this.directory, self, addresses: [podAddress], runner: async () => hostRunner };
  }

  /** Returns the port that the pod's server listens at. */
  async serve(onConnection: (socket: Socket) => void): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, onConnection);
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, podAddress, resolve));
    return (server.address() as AddressInfo).port;
  }

  publish(...ports: PortMapping[]): Promise<PublishedPort[]> {
    return publishByRelay(this.place(), ports);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endRelays(this.directory);
    for (const server of this.#servers) server.close();
    rmSync(this.directory, { recursive: true });
  }
}

/** A port of the host that no test had before, to the pod's. */
export function mapping(containerPort: number, more: Partial<PortMapping> = {}): PortMapping {
  return { protocol: 'tcp', hostIp: '127.0.0.1', hostPort: nextPort++, containerPort, ...more };
}

/** Sends so many bytes and an end; returns what comes, and how it ends. */
export function talk(host: string, { hostPort: port }: PortMapping, bytes: number): Promise<string> {
  return new Promise((resolve) => {
    const seen: string[] = [];
    let text = '';
    const socket = connect({ host, port, allowHalfOpen: true });
    socket.on('connect', () => socket.end(Buffer.alloc(bytes)));
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.on('end', () => seen.push('end'));
    socket.on('error', (error: NodeJS.ErrnoException) => seen.push(error.code ?? 'error'));
    socket.on('close', () => resolve([text, ...seen, 'close'].join(', ')));
  });
}
