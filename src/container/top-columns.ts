import { capabilityNames } from './capabilities.ts';
import type { ProcessEntry } from './process-table.ts';

/** The names that belong to ids: the container's own, and the host's. An id without a name stands for itself. */
export interface IdNames {
  readonly user: (uid: number) => string;
  readonly group: (gid: number) => string;
  readonly hostUser: (uid: number) => string;
  readonly hostGroup: (gid: number) => string;
}

interface Column {
  readonly heading: string;
  readonly cell: (process: ProcessEntry, names: IdNames, nowMs: number) => string;
}

/** By ps(1)'s AIX descriptors and those of containers, as podman has them: https://github.com/containers/psgo. */
const columns: Readonly<Record<string, Column>> = {
  args: { heading: 'COMMAND', cell: ({ args }) => args.join(' ') },
  capamb: { heading: 'AMBIENT CAPS', cell: capabilities('CapAmb') },
  capbnd: { heading: 'BOUNDING CAPS', cell: capabilities('CapBnd') },
  capeff: { heading: 'EFFECTIVE CAPS', cell: capabilities('CapEff') },
  capinh: { heading: 'INHERITED CAPS', cell: capabilities('CapInh') },
  capprm: { heading: 'PERMITTED CAPS', cell: capabilities('CapPrm') },
  comm: { heading: 'COMMAND', cell: ({ command }) => command },
  etime: { heading: 'ELAPSED', cell: ({ startedAtMs }, _, nowMs) => goDuration(nowMs - startedAtMs) },
  group: { heading: 'GROUP', cell: ({ gids }, names) => names.group(gids[1]) },
  groups: { heading: 'GROUPS', cell: ({ groups }, names) => groups.map(names.group).join(',') },
  hgroup: { heading: 'HGROUP', cell: ({ hostGid }, names) => names.hostGroup(hostGid) },
  hgroups: { heading: 'HGROUPS', cell: ({ hostGroups }, names) => hostGroups.map(names.hostGroup).join(',') },
  hpid: { heading: 'HPID', cell: ({ hostPid }) => String(hostPid) },
  huser: { heading: 'HUSER', cell: ({ hostUid }, names) => names.hostUser(hostUid) },
  label: { heading: 'LABEL', cell: ({ label }) => label || '?' },
  nice: { heading: 'NI', cell: ({ nice }) => String(nice) },
  pcpu: { heading: '%CPU', cell: processorShare },
  pgid: { heading: 'PGID', cell: ({ pgid }) => String(pgid) },
  pid: { heading: 'PID', cell: ({ pid }) => String(pid) },
  ppid: { heading: 'PPID', cell: ({ ppid }) => String(ppid) },
  rgroup: { heading: 'RGROUP', cell: ({ gids }, names) => names.group(gids[0]) },
  rss: { heading: 'RSS', cell: ({ residentBytes }) => String(Math.trunc(residentBytes / 1024)) },
  ruser: { heading: 'RUSER', cell: ({ uids }, names) => names.user(uids[0]) },
  seccomp: { heading: 'SECCOMP', cell: ({ seccomp }) => ['disabled', 'strict', 'filter'][seccomp] ?? '?' },
  state: { heading: 'STATE', cell: ({ state }) => state },
  stime: { heading: 'STIME', cell: ({ startedAtMs }) => startTime(startedAtMs) },
  time: { heading: 'TIME', cell: ({ cpuMs }) => goDuration(Math.trunc(cpuMs / 1000) * 1000) },
  tty: { heading: 'TTY', cell: ({ terminal }) => terminal },
  user: { heading: 'USER', cell: ({ uids }, names) => names.user(uids[1]) },
  vsz: { heading: 'VSZ', cell: ({ virtualBytes }) => String(Math.trunc(virtualBytes / 1024)) },
};

/** ps(1)'s short spellings. */
const codes: Readonly<Record<string, string>> = {
  '%C': 'pcpu',
  '%G': 'group',
  '%P': 'ppid',
  '%U': 'user',
  '%a': 'args',
  '%c': 'comm',
  '%g': 'rgroup',
  '%n': 'nice',
  '%p': 'pid',
  '%r': 'pgid',
  '%t': 'etime',
  '%u': 'ruser',
  '%x': 'time',
  '%y': 'tty',
  '%z': 'vsz',
};

export const descriptors: readonly string[] = Object.keys(columns);

const defaultDescriptors = ['user', 'pid', 'ppid', 'pcpu', 'etime', 'tty', 'time', 'args'];

/** The names of columns that the words of a command line ask for; undefined where one is none: then they are for ps(1). */
export function parseDescriptors(words: readonly string[]): readonly string[] | undefined {
  const asked = words.flatMap((word) => word.split(',')).filter((word) => word !== '');
  if (asked.length === 0) return defaultDescriptors;
  const names = asked.map((word) => codes[word] ?? word);
  return names.every((name) => Object.hasOwn(columns, name)) ? names : undefined;
}

export function headings(names: readonly string[]): string[] {
  return names.map((name) => (columns[name] as Column).heading);
}

export function cells(
  process: ProcessEntry,
  wanted: readonly string[],
  names: IdNames,
  nowMs: number,
): string[] {
  return wanted.map((name) => (columns[name] as Column).cell(process, names, nowMs));
}

function processorShare({ cpuMs, startedAtMs }: ProcessEntry, _: IdNames, nowMs: number): string {
  const elapsedMs = Math.max(nowMs - startedAtMs, 1);
  return ((100 * cpuMs) / elapsedMs).toFixed(3);
}

function capabilities(set: string): Column['cell'] {
  return (process) => {
    const mask = process.capabilities[set] ?? 0n;
    if (mask === 0n) return 'none';
    const names = capabilityNames(mask);
    return names === undefined ? 'full' : names.map((name) => name.replace('CAP_', '')).join(',');
  };
}

/** `2006-01-02 15:04:05 +0000 UTC`, in UTC. */
function startTime(timeMs: number): string {
  const [day, time] = new Date(timeMs).toISOString().split(/[T.]/);
  return `${day} ${time} +0000 UTC`;
}

/** As Go prints a duration: `1h2m3.5s`, `852ms`, `0s`. */
export function goDuration(durationMs: number): string {
  const whole = Math.max(0, Math.round(durationMs));
  if (whole === 0) return '0s';
  if (whole < 1000) return `${whole}ms`;
  const hours = Math.trunc(whole / 3_600_000);
  const minutes = Math.trunc(whole / 60_000) % 60;
  const seconds = `${(whole % 60_000) / 1000}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
