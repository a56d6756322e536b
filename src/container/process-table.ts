import { readFileSync } from 'node:fs';
import type { Runner } from '../host/exec.ts';

/** One process of a container, see proc(5). Ids of users and groups, and pids, are the container's where not told otherwise. */
export interface ProcessEntry {
  readonly hostPid: number;
  readonly pid: number;
  /** 0 where the parent is not in the container. */
  readonly ppid: number;
  readonly pgid: number;
  readonly command: string;
  readonly args: readonly string[];
  /** One letter: R, S, D, Z, T, … */
  readonly state: string;
  readonly nice: number;
  /** `pts/0`, or `?`. */
  readonly terminal: string;
  readonly virtualBytes: number;
  readonly residentBytes: number;
  readonly cpuMs: number;
  readonly startedAtMs: number;
  /** Real and effective. */
  readonly uids: readonly [number, number];
  readonly gids: readonly [number, number];
  readonly groups: readonly number[];
  /** As the host has them: effective user and group, and groups. */
  readonly hostUid: number;
  readonly hostGid: number;
  readonly hostGroups: readonly number[];
  /** By the names of /proc/PID/status: CapInh, CapPrm, CapEff, CapBnd, CapAmb. */
  readonly capabilities: Readonly<Record<string, bigint>>;
  /** 0 none, 1 strict, 2 a filter. */
  readonly seccomp: number;
  /** Of a security module; empty without one. */
  readonly label: string;
}

/** USER_HZ, which is 100 on every architecture that Linux still has. */
const ticksPerSecond = 100;

/** /proc/stat has it too, but to the second. */
function bootTimeMs(): number {
  return Date.now() - Number.parseFloat(readFileSync('/proc/uptime', 'latin1')) * 1000;
}

/** All processes in the pid namespace of `pid`, by pid; an unprivileged user may look at them only from inside. */
export async function listProcesses(inside: Runner, pid: number): Promise<ProcessEntry[]> {
  const script = `stat -L -c '%i %n' /proc/${pid}/ns/pid /proc/[0-9]*/ns/pid 2>/dev/null`;
  const { stdout } = await inside.run(['sh', '-c', script], { accept: 'any' });
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  const wanted = lines[0]?.[0];
  const pids = lines
    .slice(1)
    .flatMap(([inode, path]) => (inode === wanted ? [Number(path?.split('/')[2])] : []));
  const bootMs = bootTimeMs();
  const raw = pids.flatMap((each) => readProcess(each, bootMs) ?? []);
  const pidOf = new Map(raw.map(({ entry }) => [entry.hostPid, entry.pid]));
  return raw
    .map(({ entry, hostPpid }) => ({ ...entry, ppid: pidOf.get(hostPpid) ?? 0 }))
    .sort((a, b) => a.pid - b.pid);
}

/** Undefined where it has ended meanwhile. */
function readProcess(pid: number, bootMs: number): { entry: ProcessEntry; hostPpid: number } | undefined {
  const read = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8');
  try {
    const stat = read('stat');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const number = (index: number) => Number(fields[index - 3]);
    const status = new Map(
      read('status')
        .split('\n')
        .map((line): [string, string[]] => {
          const [key = '', value = ''] = line.split(':');
          return [key, value.trim().split(/\s+/)];
        }),
    );
    const ids = (key: string) => (status.get(key) ?? []).flatMap((id) => (id === '' ? [] : Number(id)));
    const inUsers = idMapper(read('uid_map'));
    const inGroups = idMapper(read('gid_map'));
    const [uid = 0, euid = 0] = ids('Uid');
    const [gid = 0, egid = 0] = ids('Gid');
    const groups = ids('Groups');
    const command = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const args = read('cmdline').split('\0').slice(0, -1);
    const entry: ProcessEntry = {
      hostPid: pid,
      pid: ids('NSpid').at(-1) ?? pid,
      ppid: 0,
      pgid: ids('NSpgid').at(-1) ?? number(5),
      command,
      args: args.length > 0 ? args : [`[${command}]`],
      state: fields[0] as string,
      nice: number(19),
      terminal: terminalName(number(7)),
      virtualBytes: number(23),
      residentBytes: (ids('VmRSS')[0] ?? 0) * 1024,
      cpuMs: ((number(14) + number(15)) * 1000) / ticksPerSecond,
      startedAtMs: bootMs + (number(22) * 1000) / ticksPerSecond,
      uids: [inUsers(uid), inUsers(euid)],
      gids: [inGroups(gid), inGroups(egid)],
      groups: groups.map(inGroups),
      hostUid: euid,
      hostGid: egid,
      hostGroups: groups,
      capabilities: Object.fromEntries(
        ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map((key) => [
          key,
          BigInt(`0x${status.get(key)?.[0] || '0'}`),
        ]),
      ),
      seccomp: ids('Seccomp')[0] ?? 0,
      label: readLabel(pid),
    };
    return { entry, hostPpid: number(4) };
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

function readLabel(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/attr/current`, 'utf8').replace(/[\0\n]+$/, '');
  } catch {
    return ''; // no security module, or none that we may ask
  }
}

/** From the ids that this process sees to those of a user namespace; see user_namespaces(7). What is not mapped is the overflow id. */
export function idMapper(map: string): (id: number) => number {
  const ranges = map
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number, number]);
  return (id) => {
    const range = ranges.find(([, outside, count]) => id >= outside && id < outside + count);
    return range ? range[0] + id - range[1] : 65534;
  };
}

/** The device number of /proc/PID/stat: majors 136 to 143 are pseudo-terminals, 4 the consoles. */
export function terminalName(device: number): string {
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  if (major >= 136 && major <= 143) return `pts/${(major - 136) * 256 + minor}`;
  return major === 4 ? `tty${minor}` : '?';
}
