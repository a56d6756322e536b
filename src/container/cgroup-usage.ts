import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupRoot } from '../host/cgroups.ts';

/** What the processes of one cgroup use; 0 for what its kernel does not count. */
export interface CgroupUsage {
  readonly cpuTimeNs: number;
  readonly memoryBytes: number;
  /** `Infinity` for no limit. */
  readonly memoryLimitBytes: number;
  readonly pids: number;
  readonly blockReadBytes: number;
  readonly blockWriteBytes: number;
}

/** Reads a file of a cgroup; undefined where it is not there. */
export type ReadCgroupFile = (controller: string, file: string) => string | undefined;

/**
 * Files of the cgroup that a process is in, by /proc/PID/cgroup. On v2 the controller does not matter; where
 * both versions are mounted, v1's hierarchies are meant.
 */
export function cgroupFilesOf(procCgroup: string, version: 1 | 2): ReadCgroupFile {
  const paths = pathsIn(procCgroup);
  return (controller, file) => {
    const path = paths.get(version === 2 ? '' : controller);
    if (path === undefined) return undefined;
    return readText(join(cgroupRoot, version === 2 ? '' : controller, path, file));
  };
}

/** Where it is below the root of the hierarchies; of v1's, where it is in that of memory. */
export function cgroupPathIn(procCgroup: string, version: 1 | 2): string | undefined {
  return pathsIn(procCgroup).get(version === 2 ? '' : 'memory');
}

/** By controller, without a name on v2. */
function pathsIn(procCgroup: string): ReadonlyMap<string, string> {
  const paths = new Map<string, string>();
  for (const line of procCgroup.trim().split('\n')) {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    for (const controller of controllers.split(',')) paths.set(controller, path);
  }
  return paths;
}

export function readUsage(read: ReadCgroupFile, version: 1 | 2): CgroupUsage {
  return version === 2 ? readUsageV2(read) : readUsageV1(read);
}

function readUsageV1(read: ReadCgroupFile): CgroupUsage {
  const io = blockIoV1(read('blkio', 'blkio.throttle.io_service_bytes_recursive') ?? '');
  return {
    cpuTimeNs: Number(read('cpuacct', 'cpuacct.usage') ?? 0),
    memoryBytes: Number(read('memory', 'memory.usage_in_bytes') ?? 0),
    memoryLimitBytes: limit(read('memory', 'memory.limit_in_bytes')),
    pids: Number(read('pids', 'pids.current') ?? 0),
    ...io,
  };
}

/** Lines as `8:0 Read 4096`. */
function blockIoV1(text: string): Pick<CgroupUsage, 'blockReadBytes' | 'blockWriteBytes'> {
  const sum = (what: string) =>
    [...text.matchAll(new RegExp(`^\\d+:\\d+ ${what} (\\d+)$`, 'gm'))].reduce(
      (total, [, bytes]) => total + Number(bytes),
      0,
    );
  return { blockReadBytes: sum('Read'), blockWriteBytes: sum('Write') };
}

function readUsageV2(read: ReadCgroupFile): CgroupUsage {
  const microseconds = /^usage_usec (\d+)$/m.exec(read('cpu', 'cpu.stat') ?? '')?.[1];
  const io = read('io', 'io.stat') ?? '';
  const sum = (key: string) =>
    [...io.matchAll(new RegExp(` ${key}=(\\d+)`, 'g'))].reduce(
      (total, [, bytes]) => total + Number(bytes),
      0,
    );
  return {
    cpuTimeNs: Number(microseconds ?? 0) * 1000,
    memoryBytes: Number(read('memory', 'memory.current') ?? 0),
    memoryLimitBytes: limit(read('memory', 'memory.max')),
    pids: Number(read('pids', 'pids.current') ?? 0),
    blockReadBytes: sum('rbytes'),
    blockWriteBytes: sum('wbytes'),
  };
}

/** v2 writes `max`, v1 a number near 2^63. */
function limit(text: string | undefined): number {
  const bytes = Number(text ?? 'max');
  return Number.isNaN(bytes) || bytes > 2 ** 60 ? Number.POSITIVE_INFINITY : bytes;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined; // the controller is off, or the container has just ended
  }
}

/** Bytes that came in and went out by all interfaces but the loopback, from the text of /proc/PID/net/dev. */
export function networkBytes(netDev: string): { readonly input: number; readonly output: number } {
  let input = 0;
  let output = 0;
  for (const line of netDev.split('\n')) {
    const [, name, numbers = ''] = /^\s*(\S+):\s*(.*)$/.exec(line) ?? [];
    if (name === undefined || name === 'lo') continue;
    const fields = numbers.split(/\s+/).map(Number);
    input += fields[0] ?? 0;
    output += fields[8] ?? 0;
  }
  return { input, output };
}
