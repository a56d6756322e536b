import { closeSync, constants, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PeapodError } from '../src/errors.ts';
import { pipe } from '../src/host/libc.ts';
import { makeFifo } from '../src/host/nodes.ts';
import { isAlive, type ProcessIdentity, signalProcess, waitForEnd } from '../src/host/processes.ts';
import { lateness, readiness } from '../src/host/read.ts';
import { toolMissing } from '../src/host/tools.ts';
import { readIdentity, writeIdentity } from './identity-file.ts';
import type { SlirpOptions } from './slirp-options.ts';
import { apiSocketName } from './slirp-socket.ts';

/**
 * The process slirp4netns(1) of one network namespace. Its files in the target's runtime directory:
 * `exit`, a FIFO that it reads and that ends it when a writer came and went; `slirp.pid`; `slirp.log`;
 * `api.sock`; `forwards`, there once a port was published through the API.
 */

export const tapName = 'tap0';

export interface SlirpStart {
  readonly directory: string;
  /** Words in front that enter the user namespace; none for root. */
  readonly prefix: readonly string[];
  /** The namespace's file as the process sees it. */
  readonly netnsPath: string;
  readonly options: SlirpOptions;
  readonly macAddress?: string | undefined;
}

const endTimeoutMs = 5_000;
/** The tap device of a slirp4netns that just ended is gone some 40 ms later. */
const busyRetryMs = 1_000;
const busyPauseMs = 10;

/**
 * For sh in the namespace. slirp4netns(1), BUGS: a greater default makes TCP into the namespace slow; a host that
 * forbids the change stays slow. The other two values are the host's, which a new namespace begins with.
 */
export function tcpBufferScript(): string {
  const [min, , max] = readFileSync('/proc/sys/net/ipv4/tcp_rmem', 'utf8').trim().split(/\s+/);
  return `echo "${min} 87380 ${max}" >/proc/sys/net/ipv4/tcp_rmem\n`;
}

/** Returns once the interface is configured and the API listens. Throws COMMAND_FAILED, TOOL_MISSING. */
export async function startSlirp(start: SlirpStart): Promise<ProcessIdentity> {
  const deadline = performance.now() + busyRetryMs;
  for (;;) {
    try {
      return await startOnce(start);
    } catch (error) {
      const busy = error instanceof Error && /TUNSETIFF.*busy/.test(error.message);
      if (!busy || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, busyPauseMs));
    }
  }
}

async function startOnce(start: SlirpStart): Promise<ProcessIdentity> {
  // Only here: whoever looks whether it runs, or publishes beside it, need not load that.
  const { spawn } = await import('node:child_process');
  const { directory } = start;
  const fifo = join(directory, 'exit');
  const logFile = join(directory, 'slirp.log');
  rmSync(fifo, { force: true });
  makeFifo(fifo, 0o600);
  const exitFd = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const logFd = openSync(logFile, 'w', 0o600);
  const { readFd, writeFd } = pipe();
  const argv = [...start.prefix, 'slirp4netns', ...slirpFlags(start), start.netnsPath, tapName];
  try {
    // In its directory, so that the API's path stays short: sockaddr_un holds 107 bytes.
    const child = spawn(argv[0] as string, argv.slice(1), {
      cwd: directory,
      detached: true,
      stdio: ['ignore', 'ignore', logFd, writeFd, exitFd],
    });
    child.unref();
    for (const fd of [exitFd, logFd, writeFd]) closeSync(fd);
    const failed = new Promise<never>((_, reject) => child.on('error', reject)).catch((error: unknown) => {
      throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? toolMissing(child.spawnfile, error) : error;
    });
    const outcome = await Promise.race([failed, readiness(readFd, () => child.kill('SIGKILL'))]);
    if (outcome === 'late') throw new PeapodError('COMMAND_FAILED', `slirp4netns ${lateness}`);
    if (outcome === 'ended') throw new PeapodError('COMMAND_FAILED', complaint(logFile));
    return writeIdentity(join(directory, 'slirp.pid'), child.pid as number);
  } finally {
    closeSync(readFd);
  }
}

function slirpFlags({ options, macAddress }: SlirpStart): string[] {
  return [
    '--configure',
    `--mtu=${options.mtuBytes}`,
    `--cidr=${options.cidr}`,
    ...(options.allowHostLoopback ? [] : ['--disable-host-loopback']),
    ...(options.enableIpv6 ? ['--enable-ipv6'] : []),
    ...(options.outboundAddr ? [`--outbound-addr=${options.outboundAddr}`] : []),
    ...(options.outboundAddr6 ? [`--outbound-addr6=${options.outboundAddr6}`] : []),
    ...(macAddress ? [`--macaddress=${macAddress}`] : []),
    '--enable-sandbox',
    '--enable-seccomp',
    `--api-socket=${apiSocketName}`,
    '--ready-fd=3',
    '--exit-fd=4',
    '--netns-type=path',
  ];
}

/** What slirp4netns said without its running commentary. */
function complaint(logFile: string): string {
  const lines = readFileSync(logFile, 'utf8')
    .split('\n')
    .filter((line) => line && !/^(sent|received) tapfd|^WARNING|^(child|parent) failed/.test(line));
  return `slirp4netns failed: ${lines.join('; ') || 'without a word'}`;
}

export function slirpOf(directory: string): ProcessIdentity | undefined {
  const identity = readIdentity(join(directory, 'slirp.pid'));
  return identity && isAlive(identity) && !isExiting(identity.pid) ? identity : undefined;
}

/** Forty milliseconds pass between the end of a slirp4netns and its being a zombie: see flag PF_EXITING in proc(5). */
export function isExiting(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const flags = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[6]);
    return (flags & PF_EXITING) !== 0;
  } catch {
    return true;
  }
}
const PF_EXITING = 0x4;

/** Remembers that the process holds host ports, which are free only when it has ended wholly. */
export function markForwards(directory: string): void {
  writeFileSync(join(directory, 'forwards'), '');
}

/**
 * Ends the process and removes its files. Idempotent; works without its pid, because the FIFO reaches a process
 * whose starter was killed before it wrote `slirp.pid`.
 * It may still be ending when this returns, but holds no host port any more.
 */
export async function endSlirp(directory: string): Promise<void> {
  const identity = readIdentity(join(directory, 'slirp.pid'));
  if (hangUp(join(directory, 'exit')) && identity) signalProcess(identity, 'SIGKILL');
  // The kernel takes 40 ms to dismantle a tap device; only whoever wants the ports back must wait for it.
  if (identity && existsSync(join(directory, 'forwards'))) await waitForEnd(identity, endTimeoutMs);
  for (const name of ['exit', 'slirp.pid', 'slirp.log', 'forwards', apiSocketName]) {
    rmSync(join(directory, name), { force: true });
  }
}

/** True where a process still had the FIFO open for reading. */
function hangUp(fifo: string): boolean {
  try {
    closeSync(openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENXIO' || code === 'ENOENT') return false;
    throw error;
  }
}
