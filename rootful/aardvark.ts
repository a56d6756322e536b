import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PeapodError } from '../src/errors.ts';
import type { Runner } from '../src/host/exec.ts';
import { type BoundSocket, describeBound, findBound } from '../src/host/ports.ts';
import { identify, type ProcessIdentity, signalProcess, waitForEnd } from '../src/host/processes.ts';
import { defaultDnsDomain } from './bridge-network.ts';

const dnsPort = 53;
/** Written by aardvark-dns, in the same directory as the zones, all of whose other files it takes for zones. */
const pidFile = 'aardvark.pid';
export const zoneExtension = '.zone';
const endTimeoutMs = 5_000;
/** A thread that can bind its address has done so after a few milliseconds; where somebody else has it, it never will. */
const bindTimeoutMs = 1_000;
/** On a machine that has just booted and starts everything at once. */
const longBindTimeoutMs = 15_000;

export interface AardvarkOptions {
  /** Zones, and nothing else but the pid file: a directory of its own. */
  readonly directory: string;
  /** False for one that knows no names but its zones': everything else does not exist. */
  readonly forwards: boolean;
  /** Absolute path of the program. Throws TOOL_MISSING. */
  program(): string;
  /** Enters the network namespace of the bridges. */
  runner(): Promise<Runner>;
  /** That namespace as this process can open it; undefined where it is gone. */
  netnsPath(): string | undefined;
}

/**
 * One process aardvark-dns(1). It daemonises itself, writes its pid, and reads its zones again on SIGHUP. Who
 * it is stands in its own command line, so that one whose starter was killed is found as well.
 */
export class Aardvark {
  readonly #options: AardvarkOptions;

  constructor(options: AardvarkOptions) {
    this.#options = options;
  }

  /** The one that serves the namespace as it is now. Reads /proc only. */
  running(): ProcessIdentity | undefined {
    const identity = this.#find();
    return identity && this.#isInPlace(identity) ? identity : undefined;
  }

  /** Has it read its zones, starting it where it does not run. Returns before it has. */
  async reload(): Promise<void> {
    const identity = this.running();
    if (!identity || !signalProcess(identity, 'SIGHUP')) await this.#start();
  }

  /** Waits until it has bound the addresses. Throws PORT_IN_USE naming who has one of them. */
  async serving(listen: readonly string[], network: string): Promise<void> {
    let startedAt = performance.now();
    for (let pauseMs = 0.5; ; pauseMs = Math.min(pauseMs * 2, 20)) {
      const waiting = listen.filter((address) => !this.#hasBound(address));
      const [address] = waiting;
      if (address === undefined) return;
      const waitedMs = performance.now() - startedAt;
      const isTaken = waitedMs > bindTimeoutMs && this.#holderOf(address) !== undefined;
      if (isTaken && (await this.#endFormer())) startedAt = performance.now();
      else if (isTaken || waitedMs > longBindTimeoutMs) throw this.#notServing(address, network);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  /** Idempotent. */
  async end(): Promise<void> {
    const identity = this.#find();
    // It has nothing to save, and its own way out leaves it running where its last zone went.
    if (identity && signalProcess(identity, 'SIGKILL')) await waitForEnd(identity, endTimeoutMs);
    rmSync(join(this.#options.directory, pidFile), { force: true });
  }

  /** Names of the networks that have a zone. */
  zones(): string[] {
    return zonesIn(this.#options.directory, zoneExtension);
  }

  async #start(): Promise<void> {
    const { directory, forwards, program, runner } = this.#options;
    await this.end(); // one that serves a namespace that is gone
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const argv = [
      '--config',
      directory,
      '--port',
      `${dnsPort}`,
      '--filter-search-domain',
      `.${defaultDnsDomain}`,
    ];
    const env = forwards ? { AARDVARK_NO_PROXY: undefined } : { AARDVARK_NO_PROXY: '1' };
    const place = await runner();
    const child = place.start([program(), ...argv, 'run'], 'ignore', env, '/');
    child.ref(); // unlike the daemon that it leaves behind, it is waited for
    const code = await new Promise<number | null>((resolve, reject) =>
      child.on('exit', resolve).on('error', reject),
    );
    if (code === 0 && this.running()) return;
    throw new PeapodError('COMMAND_FAILED', `aardvark-dns did not start: it exited with ${code}`, {
      hint: `see what it says: ${program()} --config ${directory} run`,
    });
  }

  #find(): ProcessIdentity | undefined {
    const { directory } = this.#options;
    const pid = Number(textOf(join(directory, pidFile)));
    if (!(pid > 0)) return undefined;
    const words = textOf(`/proc/${pid}/cmdline`).split('\0');
    const isOurs = words.some((word, index) => word === '--config' && words[index + 1] === directory);
    return isOurs ? identify(pid) : undefined;
  }

  #isInPlace({ pid }: ProcessIdentity): boolean {
    const path = this.#options.netnsPath();
    try {
      return path !== undefined && statSync(path).ino === statSync(`/proc/${pid}/ns/net`).ino;
    } catch {
      return false;
    }
  }

  #hasBound(address: string): boolean {
    const pid = this.running()?.pid;
    if (pid === undefined) return false;
    const bound = findBound('udp', address, dnsPort, `/proc/${pid}/net`);
    if (bound.length === 0) return false;
    const own = socketInodes(pid);
    return bound.some(({ inode }) => own.has(inode));
  }

  /** Whoever has port 53 of an address. */
  #holderOf(address: string): BoundSocket | undefined {
    const pid = this.running()?.pid;
    return pid === undefined ? undefined : findBound('udp', address, dnsPort, `/proc/${pid}/net`)[0];
  }

  /** Ends servers of these zones whose pid file somebody has removed, and starts anew where there were any. */
  async #endFormer(): Promise<boolean> {
    await this.end();
    const { endStrays } = await import('../src/host/process-list.ts');
    const isFormer = await endStrays(new RegExp(` --config ${RegExp.escape(this.#options.directory)} `));
    await this.#start();
    return isFormer;
  }

  #notServing(address: string, network: string): PeapodError {
    const other = this.#holderOf(address);
    if (!other) {
      return new PeapodError('COMMAND_FAILED', `aardvark-dns does not serve ${address} of "${network}"`, {
        hint: 'it says why to syslog',
      });
    }
    const holder = describeBound(other);
    return new PeapodError(
      'PORT_IN_USE',
      `port 53 of "${network}"'s gateway ${address} is in use by ${holder}`,
      {
        hint: `names need that port: free it, or make the network with --disable-dns`,
      },
    );
  }
}

/** Names of the networks that have a file of that extension. */
export function zonesIn(directory: string, extension: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith(extension))
      .map((name) => name.slice(0, -extension.length));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Of the sockets that a process holds, as /proc/net names them. */
function socketInodes(pid: number): Set<string> {
  const inodes = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const match = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`));
    if (match?.[1]) inodes.add(match[1]);
  }
  return inodes;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
