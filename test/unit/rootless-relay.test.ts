import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeIdentity } from '../../rootless/identity-file.ts';
import { endRelays, relaysOf } from '../../rootless/relay.ts';
import { findDeadRelay, unpublishByRelay } from '../../rootless/relay-ports.ts';
import { type ProcessIdentity, signalProcess, waitForEnd } from '../../src/host/processes.ts';
import type { PortMapping, PublishedPort } from '../../src/network/types.ts';
import { mapping, podAddress, RelayedPod, talk } from '../support/relays.ts';

describe('the port relay', () => {
  let pod: RelayedPod;
  let directory: string;

  beforeEach(() => {
    pod = new RelayedPod();
    directory = pod.directory;
  });
  afterEach(() => pod[Symbol.asyncDispose]());

  const serve = (onConnection: (socket: Socket) => void) => pod.serve(onConnection);
  const publish = (...ports: PortMapping[]) => pod.publish(...ports);

  it('passes half-closes on in both directions and loses nothing', async () => {
    const containerPort = await serve((socket) => {
      let bytes = 0;
      socket.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      socket.on('end', () => {
        socket.write(`got ${bytes}`);
        setTimeout(() => socket.end(' bye'), 20);
      });
    });
    const [port] = await publish(mapping(containerPort));
    expect(await talk('127.0.0.1', port as PublishedPort, 5_000_000)).toBe('got 5000000 bye, end, close');
  });

  it('lets a client send on after the server has said its last word', async () => {
    const received = Promise.withResolvers<number>();
    const containerPort = await serve((socket) => {
      let bytes = 0;
      socket.end('early');
      socket.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      socket.on('end', () => received.resolve(bytes));
    });
    const [port] = await publish(mapping(containerPort));
    const client = connect({ host: '127.0.0.1', port: port?.hostPort as number, allowHalfOpen: true });
    client.on('data', () => {});
    client.on('end', () => client.end(Buffer.alloc(1_000_000)));
    expect(await received.promise).toBe(1_000_000);
  });

  it('resets the client where the pod refuses', async () => {
    const [port] = await publish(mapping(1));
    expect(await talk('127.0.0.1', port as PublishedPort, 1)).toContain('ECONNRESET');
  });

  it('passes a reset on, also after a half-close, and drops what was not sent', async () => {
    const containerPort = await serve((socket) => {
      socket.on('error', () => {});
      socket.on('data', () => {});
      socket.write('some');
      socket.on('end', () => setTimeout(() => socket.resetAndDestroy(), 20));
    });
    const [port] = await publish(mapping(containerPort));
    expect(await talk('127.0.0.1', port as PublishedPort, 1)).toBe('some, ECONNRESET, close');

    const told = Promise.withResolvers<string>();
    const waiting = await serve((socket) => {
      socket.on('error', (error: NodeJS.ErrnoException) => told.resolve(error.code ?? 'error'));
      socket.on('close', () => told.resolve('closed'));
      socket.end('bye');
      socket.on('data', () => {});
    });
    const [other] = await publish(mapping(waiting));
    const client = connect({ host: '127.0.0.1', port: other?.hostPort as number, allowHalfOpen: true });
    client.on('error', () => {});
    client.on('data', () => {});
    client.on('end', () => client.resetAndDestroy());
    expect(await told.promise).toBe('ECONNRESET');
  });

  it('holds a sender back that its receiver does not keep up with', async () => {
    const containerPort = await serve((socket) => socket.pause());
    const [port] = await publish(mapping(containerPort));
    const relay = relaysOf(directory)[0] as ProcessIdentity;
    const client = connect({ host: '127.0.0.1', port: port?.hostPort as number });
    const chunk = Buffer.alloc(1_000_000);
    for (let sent = 0; sent < 100; sent++) client.write(chunk);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const [, anonymousKiB] =
      /^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${relay.pid}/status`, 'utf8')) ?? [];
    expect(Number(anonymousKiB)).toBeLessThan(50_000);
    expect(client.bytesWritten - client.writableLength).toBeLessThan(50_000_000);
    client.destroy();
  });

  it('serves IPv4 and IPv6 where no host address is given', async () => {
    const containerPort = await serve((socket) => socket.resume().end('hello'));
    const [port] = await publish(mapping(containerPort, { hostIp: '' }));
    expect(await talk('127.0.0.1', port as PublishedPort, 1)).toBe('hello, end, close');
    expect(await talk('::1', port as PublishedPort, 1)).toBe('hello, end, close');
  });

  it('carries a thousand connections at once', async () => {
    const containerPort = await serve((socket) => {
      socket.on('data', () => {});
      socket.on('end', () => socket.end('ok'));
    });
    const [port] = await publish(mapping(containerPort));
    const answers = Array.from({ length: 1000 }, () => talk('127.0.0.1', port as PublishedPort, 100));
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['ok, end, close']));
  });

  it('serves hundreds of ports by one process', async () => {
    const containerPort = await serve((socket) => socket.resume().end('hello'));
    const ports = await publish(...Array.from({ length: 300 }, () => mapping(containerPort)));
    expect(new Set(ports.map(({ handle }) => handle)).size).toBe(1);
    expect(await talk('127.0.0.1', ports[299] as PublishedPort, 1)).toBe('hello, end, close');
  });

  it('carries datagrams and their answers, each client its own', async () => {
    const echo = createSocket('udp4');
    echo.on('message', (message, from) => echo.send(`re ${message}`, from.port, from.address));
    await new Promise<void>((resolve) => echo.bind(0, podAddress, resolve));
    const [port] = await publish(mapping(echo.address().port, { protocol: 'udp', hostIp: '' }));
    const ask = (text: string) =>
      new Promise<string>((resolve) => {
        const client = createSocket('udp4');
        client.on('message', (message) => {
          client.close();
          resolve(message.toString());
        });
        client.send(text, port?.hostPort as number, '127.0.0.1');
      });
    expect(await Promise.all([ask('one'), ask('two')])).toEqual(['re one', 're two']);
    echo.close();
  });

  it('names who has a port, and then has bound none of the others', async () => {
    const containerPort = await serve((socket) => socket.end());
    const [taken] = await publish(mapping(containerPort));
    const free = mapping(containerPort);
    await expect(publish(free, { ...(taken as PortMapping), containerPort: 1 })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringMatching(/\(pid \d+\)$/),
    });
    expect(await publish(free)).toHaveLength(1);
  });

  it('takes ports back one by one, and ends with the last', async () => {
    const containerPort = await serve((socket) => socket.resume().end('hello'));
    const [one, other] = (await publish(mapping(containerPort), mapping(containerPort))) as [
      PublishedPort,
      PublishedPort,
    ];
    const relay = relaysOf(directory)[0];
    await unpublishByRelay(directory, [one]);
    expect(await talk('127.0.0.1', one, 1)).toContain('ECONNREFUSED');
    expect(await talk('127.0.0.1', other, 1)).toBe('hello, end, close');
    await unpublishByRelay(directory, [one, other]);
    await unpublishByRelay(directory, [one, other]);
    expect(relay && (await waitForEnd(relay, 5000))).toBe(true);
    expect(readdirSync(directory)).toEqual(['relay.log']);
  });

  it('may take its leave while it is asked: it serves nothing then, and its ports can be published again', async () => {
    const { pid } = spawn('sleep', ['60'], { stdio: 'ignore', detached: true });
    const file = join(directory, `relay-${pid}`);
    const { startTicks } = writeIdentity(file, pid as number);
    const leaving = createServer((socket) => {
      rmSync(file, { force: true });
      socket.resetAndDestroy();
    });
    await new Promise<void>((resolve) => leaving.listen(`${file}.sock`, resolve));
    const port = mapping(1);
    const old = { ...port, via: 'relay', handle: `${pid}:${startTicks}` };
    expect((await publish(port))[0]?.handle).not.toBe(old.handle);
    await unpublishByRelay(directory, [old]);
    rmSync(`${file}.sock`);
    await unpublishByRelay(directory, [old]);
    process.kill(pid as number, 'SIGKILL');
    leaving.close();
  });

  it('can be told to take a port back as soon as it is published, and to publish it again', async () => {
    const port = mapping(1);
    for (let round = 0; round < 5; round++) {
      await unpublishByRelay(directory, await publish(port));
    }
  });

  it('is missed when it was killed', async () => {
    const ports = await publish(mapping(1));
    expect(findDeadRelay(ports)).toBeUndefined();
    const relay = relaysOf(directory)[0];
    if (relay) {
      signalProcess(relay, 'SIGKILL');
      await waitForEnd(relay, 5000);
    }
    expect(findDeadRelay(ports)).toEqual(ports[0]);
    expect(await publish(ports[0] as PortMapping)).toHaveLength(1);
  });

  it('leaves nothing when it is ended, twice', async () => {
    await publish(mapping(1));
    await endRelays(directory);
    await endRelays(directory);
    expect(relaysOf(directory)).toEqual([]);
    expect(readdirSync(directory)).toEqual([]);
  });
});

/** Sends zeros, closes its half, and tells all that happened. */
