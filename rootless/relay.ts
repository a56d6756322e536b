import { closeSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PeapodError } from '../src/errors.ts';
import type { Runner } from '../src/host/exec.ts';
import { pipe } from '../src/host/libc.ts';
import { maxFdsPerMessage, sendFds } from '../src/host/pass-fds.ts';
import { endChild, isAlive, type ProcessIdentity, signalProcess, waitForEnd } from '../src/host/processes.ts';
import { lateness, readiness } from '../src/host/read.ts';
import { bindPort } from '../src/host/sockets.ts';
import { portError } from '../src/network/port-error.ts';
import { type PortMapping, portKey } from '../src/network/types.ts';
import { readIdentity } from './identity-file.ts';
import { type RelayRequest, relayArguments, relayFile, relayInbox, relaySocket } from './relay-protocol.ts';

/** Starts, asks and ends the relays of one target: their only register is its runtime directory. */

export interface RelayStart {
  readonly directory: string;
  /** In the network namespace whose addresses the relay connects to. */
  readonly runner: Runner;
  /** The words that start peapod: `HostFacts.self`. */
  readonly self: readonly string[];
  /** Of the pod; the first takes clients of all families. */
  readonly addresses: readonly string[];
  readonly ports: readonly PortMapping[];
}

const endTimeoutMs = 5_000;
const logName = 'relay.log';

/**
 * Binds every port on the host, then hands all of them to one relay process. All or none.
 * Throws PORT_IN_USE, PORT_PRIVILEGED, INVALID_ARGUMENT, COMMAND_FAILED.
 */
export async function startRelay(start: RelayStart): Promise<ProcessIdentity> {
  const logFile = join(start.directory, logName);
  const ready = pipe();
  try {
    const pid = spawnRelay(start, logFile, ready.writeFd);
    const outcome = await readiness(ready.readFd, () => endChild(pid));
    if (outcome === 'late') throw new PeapodError('COMMAND_FAILED', `the port relay ${lateness}`);
    const identity = readIdentity(join(start.directory, relayFile(pid)));
    if (outcome === 'ended' || !identity) throw failed(logFile);
    return identity;
  } finally {
    closeSync(ready.readFd);
  }
}

/** Closes this side's descriptors, also where it throws. */
function spawnRelay(start: RelayStart, logFile: string, readyFd: number): number {
  const { directory, addresses, ports } = start;
  const fds = [readyFd];
  try {
    for (const port of ports) fds.push(bindHostPort(port));
    const logFd = openSync(logFile, 'a', 0o600);
    fds.push(logFd);
    const argv = [...start.self, 'internal', 'relay', ...relayArguments(directory, addresses, ports)];
    return start.runner.detach(argv, ['ignore', 'ignore', logFd, ...fds.slice(0, -1)]);
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}

export function bindHostPort(port: PortMapping): number {
  try {
    return bindPort(port.protocol === 'udp' ? 'udp' : 'tcp', port.hostIp || '::', port.hostPort);
  } catch (error) {
    throw portError(error, port);
  }
}

function failed(logFile: string): PeapodError {
  const said = readFileSync(logFile, 'utf8').trim().split('\n').at(-1);
  return new PeapodError('COMMAND_FAILED', `the port relay did not start${said ? `: ${said}` : ''}`);
}

/** The living relays of a target. */
export function relaysOf(directory: string): ProcessIdentity[] {
  return relayFiles(directory)
    .map((name) => readIdentity(join(directory, name)))
    .filter((identity): identity is ProcessIdentity => identity !== undefined && isAlive(identity));
}

/**
 * Takes ports back from a relay, by their `portKey`; returns those that it still serves. One that takes leave
 * of its last port answers no more, and serves none.
 */
export function closeRelayPorts(
  directory: string,
  relay: ProcessIdentity,
  keys: readonly string[],
): Promise<string[]> {
  return askRelay(directory, relay, { close: keys });
}

/**
 * Has a relay that runs serve further ports, all or none. False where it cannot: it takes its leave, or leads
 * elsewhere. Throws PORT_IN_USE, PORT_PRIVILEGED, INVALID_ARGUMENT.
 */
export async function openRelayPorts(
  relay: ProcessIdentity,
  { directory, addresses, ports }: Pick<RelayStart, 'directory' | 'addresses' | 'ports'>,
): Promise<boolean> {
  const opened: string[] = [];
  try {
    for (let at = 0; at < ports.length; at += maxFdsPerMessage) {
      const some = ports.slice(at, at + maxFdsPerMessage);
      const keys = some.map(portKey);
      const isSent = handOver(join(directory, relayInbox(relay.pid)), some);
      const served = isSent ? await askRelay(directory, relay, { open: keys, addresses }) : [];
      if (!keys.every((key) => served.includes(key))) {
        await closeRelayPorts(directory, relay, [...opened, ...keys]);
        // With its inbox it takes the listeners that it did not receive.
        if (isLeaving(directory, relay)) await waitForEnd(relay, endTimeoutMs);
        return false;
      }
      opened.push(...keys);
    }
    return true;
  } catch (error) {
    await closeRelayPorts(directory, relay, opened);
    throw error;
  }
}

/** False where nobody receives. */
function handOver(inbox: string, ports: readonly PortMapping[]): boolean {
  const fds: number[] = [];
  try {
    for (const port of ports) fds.push(bindHostPort(port));
    sendFds(inbox, { text: JSON.stringify(ports.map(portKey)), fds });
    return true;
  } catch (error) {
    if (['ENOENT', 'ECONNREFUSED'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}

async function askRelay(directory: string, relay: ProcessIdentity, request: RelayRequest): Promise<string[]> {
  const { requestOnce } = await import('./unix-request.ts');
  try {
    return JSON.parse(
      await requestOnce(directory, relaySocket(relay.pid), JSON.stringify(request)),
    ) as string[];
  } catch (error) {
    // Its ports are closed before its file goes, and its file goes before the socket and the process.
    if (isLeaving(directory, relay) || (await waitForEnd(relay, endTimeoutMs))) return [];
    throw error;
  }
}

function isLeaving(directory: string, relay: ProcessIdentity): boolean {
  return readIdentity(join(directory, relayFile(relay.pid)))?.startTicks !== relay.startTicks;
}

/** Idempotent. Their ports are free and their connections closed when it returns. */
export async function endRelays(directory: string): Promise<void> {
  const relays = relaysOf(directory);
  for (const relay of relays) signalProcess(relay, 'SIGKILL');
  await Promise.all(relays.map((relay) => waitForEnd(relay, endTimeoutMs)));
  for (const name of relayFiles(directory)) {
    rmSync(join(directory, name), { force: true });
    for (const more of ['.sock', '.inbox']) rmSync(join(directory, name + more), { force: true });
  }
  rmSync(join(directory, logName), { force: true });
}

function relayFiles(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => /^relay-\d+$/.test(name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
