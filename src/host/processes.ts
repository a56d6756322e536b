import { readFileSync } from 'node:fs';

/** A process that cannot be mistaken for another: the kernel reuses pids, never a pid with its start time. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot: field 22 of /proc/PID/stat, see proc(5). */
  readonly startTicks: number;
}

/** Undefined where it has ended; a zombie has ended. */
export function identify(pid: number): ProcessIdentity | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The command in parentheses may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  // The first thread is a zombie while others still end, and with them the process' sockets and files.
  const threads = Number(fields[17]);
  if (state === 'X' || (state === 'Z' && threads <= 1)) return undefined;
  return { pid, startTicks: Number(fields[19]) };
}

/** Undefined where it has ended. */
export function processGroup(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
  } catch {
    return undefined;
  }
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startTicks === identity.startTicks;
}

/** Sends a signal to exactly that process; false where it has ended. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals | number): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Kills a program that this process has started, if it is still there. */
export function endChild(pid: number): void {
  const identity = identify(pid);
  if (identity) signalProcess(identity, 'SIGKILL');
}

/** Kills the process group that a process leads: with it what it has started. Nothing where there is none. */
export function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Polls until the process has ended; false after `timeoutMs`. */
export async function waitForEnd(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (let pauseMs = 1; isAlive(identity); pauseMs = Math.min(pauseMs * 2, 20)) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return true;
}

/**
 * Whether a signal can do anything to the first process of a pid namespace: the kernel drops what such a
 * process neither catches nor blocks (pid_namespaces(7)). True for a process that is not one, or has ended.
 */
export function heeds(pid: number, signal: number): boolean {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return true;
  }
  const isInit = /^NSpid:.*\t1$/m.test(status);
  const bit = 1n << BigInt(signal - 1);
  const mask = (field: string) =>
    BigInt(`0x${new RegExp(`^${field}:\\s*([0-9a-f]+)`, 'm').exec(status)?.[1] ?? '0'}`);
  return !isInit || ((mask('SigCgt') | mask('SigBlk')) & bit) !== 0n;
}

/**
 * Words before a program that must not outlive this process, even where that is killed: it would write on
 * into what the next command deletes.
 */
export const endsWithParent = ['setpriv', '--pdeathsig', 'KILL', '--'] as const;
