import { closeSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PeapodError } from '../src/errors.ts';
import type { Runner } from '../src/host/exec.ts';
import { pipe } from '../src/host/libc.ts';
import { fdChannel, maxFdsPerMessage, sendFds, sendFdsTo } from '../src/host/pass-fds.ts';
import { endChild, isAlive, type ProcessIdentity, signalProcess, waitForEnd } from '../src/host/processes.ts';
import { lateness, readiness } from '../src/host/read.ts';
import { bindPort } from '../src/host/sockets.ts';
import { portError } from '../src/network/port-error.ts';
import { type PortMapping, portKey } from '../src/network/types.ts';
import { readIdentity } from './identity-file.ts';
import { type FirstPorts, type RelayRequest, relayFile, relayInbox, relaySocket } from './relay-protocol.ts';
import { throwAfter } from './undo.ts';

/** Starts, asks and ends the relays of one target: their only register is its runtime directory. */

export interface RelayStart {
  readonly directory: string;
  /** In the network namespace whose addresses the relay connects to. */
  readonly runner: Runner;
  /** The words that start peapod: `HostFacts.self`. */
  readonly self: readonly string[];
}

/** What a relay is to serve. */
export interface RelayPorts {
  readonly ports: readonly PortMapping[];
  /** Of the pod; the first takes clients of all families. */
  readonly addresses: readonly string[];
}

const endTimeoutMs = 5_000;
const logName = 'relay.log';

/** A relay that starts, and waits for what it is to serve. One that is given nothing ends with this process. */
export class StartingRelay {
  readonly #directory: string;
  readonly #pid: number;
  /** See `firstPortsFd`. */
  readonly #channel: number;
  readonly #readyFd: number;

  constructor({ directory, self, runner }: RelayStart) {
    const logFd = openSync(join(directory, logName), 'a', 0o600);
    const [channel, its] = fdChannel();
    const ready = pipe();
    this.#directory = directory;
    this.#channel = channel;
    this.#readyFd = ready.readFd;
    try {
      this.#pid = runner.detach(
        [...self, 'internal', 'relay', directory],
        [its, 'ignore', logFd, ready.writeFd],
      );
    } catch (error) {
      this.#letGo();
      throw error;
    } finally {
      for (const fd of [its, logFd, ready.writeFd]) closeSync(fd);
    }
  }

  /**
   * Binds every port on the host and hands them over, all or none. Once, and no `giveUp` after it.
   * Throws PORT_IN_USE, PORT_PRIVILEGED, INVALID_ARGUMENT, COMMAND_FAILED.
   */
  async serve({ ports, addresses }: RelayPorts): Promise<ProcessIdentity> {
    const first = ports.slice(0, maxFdsPerMessage);
    const more = ports.slice(maxFdsPerMessage);
    const relay = await this.#serveFirst({ ports: first, addresses });
    try {
      if (await openRelayPorts(relay, this.#directory, { ports: more, addresses })) return relay;
      throw this.#failed();
    } catch (error) {
      return throwAfter(error, () => closeRelayPorts(this.#directory, relay, first.map(portKey)));
    }
  }

  giveUp(): void {
    endChild(this.#pid);
    this.#letGo();
  }

  async #serveFirst({ ports, addresses }: RelayPorts): Promise<ProcessIdentity> {
    const text = JSON.stringify({ keys: ports.map(portKey), addresses } satisfies FirstPorts);
    try {
      withListeners(ports, (fds) => sendFds(this.#channel, { text, fds }));
      const outcome = await readiness(this.#readyFd, () => endChild(this.#pid));
      if (outcome === 'late') throw new PeapodError('COMMAND_FAILED', `the port relay ${lateness}`);
      const identity = readIdentity(join(this.#directory, relayFile(this.#pid)));
      if (outcome === 'ended' || !identity) throw this.#failed();
      return identity;
    } catch (error) {
      endChild(this.#pid);
      throw (error as NodeJS.ErrnoException).code === 'EPIPE' ? this.#failed() : error;
    } finally {
      this.#letGo();
    }
  }

  #letGo(): void {
    for (const fd of [this.#channel, this.#readyFd]) closeSync(fd);
  }

  #failed(): PeapodError {
    const said = readFileSync(join(this.#directory, logName), 'utf8').trim().split('\n').at(-1);
    return new PeapodError('COMMAND_FAILED', `the port relay did not start${said ? `: ${said}` : ''}`);
  }
}

export function bindHostPort(port: PortMapping): number {
  try {
    return bindPort(port.protocol === 'udp' ? 'udp' : 'tcp', port.hostIp || '::', port.hostPort);
  } catch (error) {
    throw portError(error, port);
  }
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
 * Binds ports on the host and hands them over to a relay, all or none. False where it cannot serve them: it takes its
 * leave, or leads elsewhere. Throws PORT_IN_USE, PORT_PRIVILEGED, INVALID_ARGUMENT.
 */
export async function openRelayPorts(
  relay: ProcessIdentity,
  directory: string,
  { ports, addresses }: RelayPorts,
): Promise<boolean> {
  const opened: string[] = [];
  try {
    for (let at = 0; at < ports.length; at += maxFdsPerMessage) {
      const some = ports.slice(at, at + maxFdsPerMessage);
      const keys = some.map(portKey);
      const isSent = isHandedOver(join(directory, relayInbox(relay.pid)), some);
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
function isHandedOver(inbox: string, ports: readonly PortMapping[]): boolean {
  try {
    withListeners(ports, (fds) => sendFdsTo(inbox, { text: JSON.stringify(ports.map(portKey)), fds }));
    return true;
  } catch (error) {
    if (['ENOENT', 'ECONNREFUSED'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** Bound to the ports; closed here when `use` returns. */
function withListeners(ports: readonly PortMapping[], use: (fds: readonly number[]) => void): void {
  const fds: number[] = [];
  try {
    for (const port of ports) fds.push(bindHostPort(port));
    use(fds);
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
