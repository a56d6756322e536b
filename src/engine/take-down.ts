import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Crun } from '../container/crun.ts';
import { waitForExitCode } from '../container/exit-status.ts';
import { unmountRootfs } from '../container/rootfs-removal.ts';
import { type FileLock, waitForLock } from '../host/locks.ts';
import { isAlive } from '../host/processes.ts';
import type { ContainerRecord } from '../store/records.ts';
import { cgroupsPath } from './container-cgroup.ts';
import type { Context } from './context.ts';
import { killPatienceMs } from './end-process.ts';
import { endHealth } from './health.ts';
import { isOomKilled } from './oom-kills.ts';

/** Of a container whose first process has ended: 255 where conmon was killed before it could write the code, as podman has it. */
export async function exitOf(
  context: Context,
  { id, monitor }: ContainerRecord,
): Promise<{ exitCode: number; oomKilled: boolean }> {
  const isMonitored = () => monitor !== undefined && isAlive(monitor);
  const waited = await waitForExitCode(context.paths.exits, id, { isMonitored, timeoutMs: killPatienceMs });
  const exitCode = waited ?? 255;
  return { exitCode, oomKilled: isOomKilled(context, id, exitCode) };
}

/** Mounts, crun's state, runtime files. Idempotent. */
export async function takeDown(
  lifecycle: { readonly crun: Crun; isRunning(record: ContainerRecord): boolean },
  context: Context,
  record: ContainerRecord,
): Promise<void> {
  const { paths, separateMounts } = context;
  const { id } = record;
  const { crun } = lifecycle;
  const [{ releaseVolumes }, { unmountSharedMemory }] = await Promise.all([
    import('./volume-mounts.ts'),
    import('./container-namespaces.ts'),
  ]);
  endHealth(context, record);
  if (!crun.forgetDead(id, record.process && cgroupsPath(context, record))) {
    await crun.delete(await context.inside(), id);
    // Of one that was killed half-way crun itself knows nothing.
    rmSync(join(paths.crunRoot, id), { recursive: true, force: true });
  }
  unmountRootfs(paths.container(id), separateMounts);
  await releaseVolumes(context, record, (other) => lifecycle.isRunning(other));
  unmountSharedMemory(context, record);
  rmSync(paths.containerRuntime(id), { recursive: true, force: true });
}

/** Held while a command attends a container: conmon's exit command waits for it. */
export async function attendLock({ paths }: Context, id: string): Promise<FileLock | undefined> {
  const dir = paths.containerRuntime(id);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  // Where the runtime directory is gone, its monitor could not say how it ended.
  mkdirSync(paths.exits, { recursive: true });
  return waitForLock(join(dir, 'lock'), 'exclusive', 0);
}
