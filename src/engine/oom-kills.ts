import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { wasOomKilled } from '../container/exit-status.ts';
import { cgroupRoot, cgroupVersion } from '../host/cgroups.ts';
import type { ContainerRecord } from '../store/records.ts';
import { cgroupPlace } from './container-cgroup.ts';
import type { Context } from './context.ts';

/**
 * Whether the kernel has ended a container for want of memory is what conmon reads from its cgroup. systemd removes a
 * scope with its last process, and conmon comes too late now and then. The slice around it stays, and counts such kills
 * of all that is below it: what it counted at the start is noted in the runtime directory.
 */
const fileName = 'oom-kills';
const killed = 137;

/** After the start of a container whose memory is limited; costs one read, and nothing anywhere else. */
export function noteOomKills(context: Context, record: ContainerRecord, pid: number): void {
  if (!record.spec.resources?.memoryBytes || cgroupVersion() !== 2) return;
  if (cgroupPlace(context).manager !== 'systemd') return;
  const slice = sliceOf(readOr('', `/proc/${pid}/cgroup`));
  const count = slice && countIn(slice);
  if (count === undefined) return;
  writeFileSync(join(context.paths.containerRuntime(record.id), fileName), `${slice}\n${count}`);
}

/** Before somebody kills it himself: what comes of that is no lack of memory. Idempotent. */
export function forgetOomKills({ paths }: Context, id: string): void {
  rmSync(join(paths.containerRuntime(id), fileName), { force: true });
}

export function isOomKilled({ paths }: Context, id: string, exitCode: number): boolean {
  const runtimeDir = paths.containerRuntime(id);
  if (wasOomKilled(runtimeDir)) return true;
  if (exitCode !== killed) return false;
  const [slice = '', before] = readOr('', join(runtimeDir, fileName)).split('\n');
  return before !== undefined && (countIn(slice) ?? 0) > Number(before);
}

/** `0::/user.slice/…/user.slice/peapod-ID.scope/container`: what the scope is in. */
export function sliceOf(procCgroup: string): string | undefined {
  return /^0::(\/.*)\/[^/]+\.scope(\/.*)?$/m.exec(procCgroup)?.[1];
}

function countIn(slice: string): number | undefined {
  const count = /^oom_kill (\d+)$/m.exec(readOr('', join(cgroupRoot, slice, 'memory.events')))?.[1];
  return count === undefined ? undefined : Number(count);
}

function readOr(instead: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return instead; // it has just ended
  }
}
