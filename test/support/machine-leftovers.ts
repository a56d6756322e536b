import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';

/** What of the machine's own namespaces the suite must not change. */
export interface MachineState {
  readonly mounts: readonly string[];
  readonly interfaces: readonly string[];
  readonly tables: readonly string[];
  /** Of containers and pods, below any hierarchy, that hold no process: others may be of a suite that still runs. */
  readonly cgroups: readonly string[];
}

const cgroupRoot = '/sys/fs/cgroup';

export function readMachine(): MachineState {
  const nft = spawnSync('nft', ['list', 'tables'], { encoding: 'utf8' });
  return {
    mounts: lines(readFileSync('/proc/self/mountinfo', 'utf8')).map((line) => line.split(' ')[4] ?? ''),
    interfaces: [...readdirOr('/sys/class/net'), ...Object.keys(networkInterfaces())],
    tables: lines(nft.stdout ?? ''),
    cgroups: ['', ...readdirOr(cgroupRoot)].flatMap((hierarchy) =>
      readdirOr(join(cgroupRoot, hierarchy))
        .filter((name) => name.startsWith('peapod-'))
        .map((name) => join(hierarchy, name))
        .filter((path) => read(join(cgroupRoot, path, 'cgroup.procs')) === ''),
    ),
  };
}

/** One line for each thing that a suite left behind; `dir` is its directory. */
export function machineLeftovers(before: MachineState, dir: string): string[] {
  const now = readMachine();
  const isOurs = /peapod|cni-|veth/;
  return [
    ...added(before.mounts, now.mounts)
      .filter((mount) => mount.startsWith(dir) || isOurs.test(mount))
      .map((mount) => `mount ${mount}`),
    ...added(before.interfaces, now.interfaces).map((name) => `interface ${name}`),
    ...added(before.tables, now.tables).map((table) => `nft ${table}`),
    ...added(before.cgroups, now.cgroups).map((path) => `cgroup ${path}`),
    ...processesOf(dir),
    // A test that has disposed of its hosts has removed their directories.
    ...readdirOr(dir)
      .filter((name) => name !== 'bin' && name !== 'owner' && name !== 'images')
      .map((name) => `test host ${name}`),
  ];
}

/** Commands carry the run's directory in their environment, and so does what they start. */
function processesOf(dir: string): string[] {
  return readdirOr('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => read(`/proc/${pid}/environ`).includes(`PEAPOD_TEST_RUN=${dir}`))
    .map((pid) => `process ${pid} ${read(`/proc/${pid}/cmdline`).split('\0').join(' ').slice(0, 160)}`);
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

function added(before: readonly string[], after: readonly string[]): string[] {
  const known = new Set(before);
  return [...new Set(after)].filter((entry) => !known.has(entry));
}

function readdirOr(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
