import { closeSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostRunner } from '../src/host/exec.ts';
import { isAlive, type ProcessIdentity, signalProcess, waitForEnd } from '../src/host/processes.ts';
import { bindPort } from '../src/host/sockets.ts';
import { portError } from '../src/network/port-error.ts';
import type { PortMapping } from '../src/network/types.ts';

/**
 * Rules alone would let another program bind a published port, and wonder why nobody comes. So a process per
 * `publish` (`sleep`, 0.2 MB) keeps the ports bound without listening: others get EADDRINUSE, and what no
 * rule redirects, like [::1] of an IPv4 network, is refused at once instead of hanging.
 */

const filePrefix = 'port-holder.';
/** Well below the limit of open files that a process usually has. */
const portsPerHolder = 256;

/** The shell writes what `startHolder` writes too, for the case that the caller is killed before it can. */
const holderScript = `
read -r stat </proc/$$/stat
printf '%s\n' "$stat" "$2" >"$1.new.$$"
mv "$1.new.$$" "$1$$"
exec sleep infinity`;

const endTimeoutMs = 2000;

interface Holder extends ProcessIdentity {
  readonly file: string;
  readonly ports: readonly PortMapping[];
}

/**
 * All or none. `bound` is called when the last of them is bound, before the process is there that keeps it: what may
 * go on then need not wait for it. Throws PORT_IN_USE naming who has it, INVALID_ARGUMENT for an address the host lacks.
 */
export function holdPorts(directory: string, ports: readonly PortMapping[], bound?: () => void): void {
  const started: ProcessIdentity['pid'][] = [];
  try {
    for (let at = 0; at < ports.length; at += portsPerHolder) {
      const some = ports.slice(at, at + portsPerHolder);
      const fds = bindAll(some);
      try {
        if (at + portsPerHolder >= ports.length) bound?.();
        if (fds.length > 0) started.push(startHolder(directory, some, fds));
      } finally {
        for (const fd of fds) closeSync(fd);
      }
    }
  } catch (error) {
    for (const pid of started) process.kill(pid, 'SIGKILL');
    throw error;
  }
}

/** Resolves when others can bind them. Idempotent; without `ports` all that the target holds. */
export async function releasePorts(directory: string, ports?: readonly PortMapping[]): Promise<void> {
  for (const holder of holders(directory)) {
    const remaining = ports ? holder.ports.filter((port) => !ports.some((one) => isSame(one, port))) : [];
    if (remaining.length === holder.ports.length) continue;
    if (signalProcess(holder, 'SIGKILL')) await waitForEnd(holder, endTimeoutMs);
    rmSync(holder.file, { force: true });
    if (remaining.length > 0) holdPorts(directory, remaining);
  }
}

/** Reads /proc only. */
export function lostHolders(directory: string): boolean {
  return holders(directory).some((holder) => !isAlive(holder));
}

/** Whether somebody holds some, and nobody has lost any. Reads /proc only. */
export function areHeld(directory: string): boolean {
  const all = holders(directory);
  return all.length > 0 && all.every(isAlive);
}

function startHolder(directory: string, ports: readonly PortMapping[], fds: readonly number[]): number {
  const file = join(directory, filePrefix);
  const argv = ['sh', '-c', holderScript, 'sh', file, JSON.stringify(ports)];
  // Its environment says whose it is: nothing else of it does.
  const pid = hostRunner.detach(argv, ['ignore', 'ignore', 'ignore', ...fds], { PEAPOD_SANDBOX: directory });
  writeFileSync(`${file}${pid}`, `${readFileSync(`/proc/${pid}/stat`, 'latin1').trim()}\n${argv.at(-1)}\n`);
  return pid;
}

function bindAll(ports: readonly PortMapping[]): number[] {
  const fds: number[] = [];
  try {
    for (const port of ports) {
      const fd = bindOne(port);
      if (fd !== undefined) fds.push(fd);
    }
    return fds;
  } catch (error) {
    for (const fd of fds) closeSync(fd);
    throw error;
  }
}

/** Undefined where the port is free but cannot be held. */
function bindOne(port: PortMapping): number | undefined {
  if (port.protocol === 'sctp') return undefined;
  const ip = port.hostIp || '::';
  try {
    return bindPort(port.protocol, ip, port.hostPort, 'hold');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw portError(error, port);
  }
  try {
    // Only connections in TIME_WAIT may be in the way: a server could start here.
    closeSync(bindPort(port.protocol, ip, port.hostPort, 'serve'));
    return undefined;
  } catch (error) {
    throw portError(error, port);
  }
}

function holders(directory: string): Holder[] {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch {
    return [];
  }
  return names
    .filter((name) => /^port-holder\.\d+$/.test(name))
    .flatMap((name) => readHolder(join(directory, name)));
}

function readHolder(file: string): Holder[] {
  try {
    const [stat = '', ports = ''] = readFileSync(file, 'utf8').split('\n');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return [
      { file, pid: Number.parseInt(stat, 10), startTicks: Number(fields[19]), ports: JSON.parse(ports) },
    ];
  } catch {
    return []; // it has just gone
  }
}

function isSame(one: PortMapping, other: PortMapping): boolean {
  return one.protocol === other.protocol && one.hostIp === other.hostIp && one.hostPort === other.hostPort;
}
