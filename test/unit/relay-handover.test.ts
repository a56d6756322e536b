import { createSocket } from 'node:dgram';
import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bindHostPort, closeRelayPorts, relaysOf, StartingRelay } from '../../rootless/relay.ts';
import { publishByRelay, unpublishByRelay } from '../../rootless/relay-ports.ts';
import { hostRunner } from '../../src/host/exec.ts';
import { sendFdsTo } from '../../src/host/pass-fds.ts';
import { findProcesses } from '../../src/host/process-list.ts';
import { type ProcessIdentity, waitForEnd } from '../../src/host/processes.ts';
import { type PortMapping, type PublishedPort, portKey } from '../../src/network/types.ts';
import { eventually } from '../support/command.ts';
import { mapping, podAddress, RelayedPod, talk } from '../support/relays.ts';

/** The relay that has been started for a directory. */
function processFor(directory: string): Promise<ProcessIdentity> {
  const pattern = new RegExp(`internal relay ${RegExp.escape(directory)}$`);
  return eventually(async () => findProcesses(pattern)[0]?.identity ?? false);
}

describe('a port relay that runs', () => {
  it('leaves ports that it serves already as they are, and takes further ones', async () => {
    await using pod = new RelayedPod();
    const containerPort = await pod.serve((socket) => socket.resume().end('hello'));
    const [first] = (await pod.publish(mapping(containerPort))) as [PublishedPort];
    const udp = createSocket('udp4');
    udp.on('message', (message, from) => udp.send(message, from.port, from.address));
    await new Promise<void>((resolve) => udp.bind(0, podAddress, resolve));
    const byUdp = mapping(udp.address().port, { protocol: 'udp' });
    const more = [mapping(containerPort), byUdp, mapping(containerPort)];
    const all = await pod.publish(first, ...more);
    expect(all[0]).toEqual(first);
    expect(new Set(all.map(({ handle }) => handle))).toEqual(new Set([first.handle]));
    expect(await talk('127.0.0.1', all[1] as PublishedPort, 1)).toBe('hello, end, close');
    const client = createSocket('udp4');
    const answer = new Promise((resolve) => client.on('message', (text) => resolve(`${text}`)));
    client.send('ping', byUdp.hostPort, '127.0.0.1');
    expect(await answer).toBe('ping');
    client.close();
    udp.close();
    await unpublishByRelay(pod.directory, [first, ...all.slice(2)]);
    expect(await talk('127.0.0.1', all[1] as PublishedPort, 1)).toBe('hello, end, close');
    expect(await talk('127.0.0.1', first, 1)).toContain('ECONNREFUSED');
    expect(relaysOf(pod.directory)).toHaveLength(1);
  });

  it('takes more ports at once than one message carries, and none where one is taken', async () => {
    await using pod = new RelayedPod();
    const containerPort = await pod.serve((socket) => socket.resume().end('hello'));
    const [first] = (await pod.publish(mapping(containerPort))) as [PublishedPort];
    const many = Array.from({ length: 250 }, () => mapping(containerPort));
    await expect(pod.publish(...many, { ...first, containerPort: 1 })).rejects.toThrow(/in use/);
    expect(await talk('127.0.0.1', many[0] as PortMapping, 1)).toContain('ECONNREFUSED');
    const all = await pod.publish(...many);
    expect(new Set(all.map(({ handle }) => handle))).toEqual(new Set([first.handle]));
    expect(await talk('127.0.0.1', all.at(-1) as PublishedPort, 1)).toBe('hello, end, close');
  });

  it('starts with more ports than one message carries, and with none where one is taken', async () => {
    await using pod = new RelayedPod();
    const containerPort = await pod.serve((socket) => socket.resume().end('hello'));
    const many = Array.from({ length: 250 }, () => mapping(containerPort));
    const last = many.at(-1) as PortMapping;
    await expect(pod.publish(...many, { ...last, containerPort: 1 })).rejects.toThrow(/in use/);
    await expect.poll(() => relaysOf(pod.directory)).toEqual([]);
    expect(await talk('127.0.0.1', many[0] as PortMapping, 1)).toContain('ECONNREFUSED');
    const all = await pod.publish(...many);
    expect(new Set(all.map(({ handle }) => handle)).size).toBe(1);
    for (const port of [many[0] as PortMapping, last]) {
      expect(await talk('127.0.0.1', port, 1)).toBe('hello, end, close');
    }
  });

  it('says that it did not start where it was killed before it had its first ports', async () => {
    await using pod = new RelayedPod();
    const relay = new StartingRelay({ ...pod.place(), runner: hostRunner });
    const ours = await processFor(pod.directory);
    process.kill(ours.pid, 'SIGKILL');
    await waitForEnd(ours, 5000);
    const failing = relay.serve({ ports: [mapping(1)], addresses: [podAddress] });
    await expect(failing).rejects.toThrow(/^the port relay did not start/);
  });

  it('frees what was handed over by somebody who was killed before he could ask for it', async () => {
    await using pod = new RelayedPod();
    const [first] = (await pod.publish(mapping(1))) as [PublishedPort];
    const [relay] = relaysOf(pod.directory);
    const lost = mapping(1);
    const fd = bindHostPort(lost);
    sendFdsTo(join(pod.directory, `relay-${relay?.pid}.inbox`), {
      text: JSON.stringify([portKey(lost)]),
      fds: [fd],
    });
    closeSync(fd);
    expect(() => bindHostPort(lost)).toThrow(/in use/);
    await unpublishByRelay(pod.directory, [{ ...first, ...lost }]);
    closeSync(bindHostPort(lost));
  });

  it('can be asked at more length than a socket takes at once', async () => {
    await using pod = new RelayedPod();
    const [first] = (await pod.publish(mapping(1))) as [PublishedPort];
    const [relay] = relaysOf(pod.directory);
    const unknown = Array.from({ length: 50_000 }, (_, number) => `tcp/192.0.2.1/${number}/80`);
    expect(await closeRelayPorts(pod.directory, relay as ProcessIdentity, unknown)).toEqual([portKey(first)]);
  });

  it('starts another where those that run lead elsewhere', async () => {
    await using pod = new RelayedPod();
    const [first] = (await pod.publish(mapping(1))) as [PublishedPort];
    const containerPort = await pod.serve((socket) => socket.resume().end('hello'));
    const port = mapping(containerPort);
    const [other] = await publishByRelay({ ...pod.place(), addresses: [podAddress, 'fd00::9'] }, [port]);
    expect(other?.handle).not.toBe(first.handle);
    expect(await talk('127.0.0.1', port, 1)).toBe('hello, end, close');
  });
});
