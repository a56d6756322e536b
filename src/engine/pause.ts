import { PeapodError } from '../errors.ts';
import type { ContainerRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { EngineParts } from './parts.ts';

type Parts = Pick<EngineParts, 'context' | 'operations' | 'lifecycle'>;

/** Freezes a running container by the freezer of its cgroup. Throws WRONG_STATE, HOST_UNFIT without cgroups. */
export async function pauseContainer(parts: Parts, id: string): Promise<void> {
  const { context, operations, lifecycle } = parts;
  requireFreezer(lifecycle);
  await operations.during(id, 'pause', async () => {
    const record = requireRecord(context, id);
    if (!lifecycle.isRunning(record)) {
      throw improper(
        `"${record.state}" is not running, can't pause`,
        `peapod start ${record.name} starts it`,
      );
    }
    if (record.state === 'paused') throw improper(`"${id}" is already paused`);
    await lifecycle.crun.pause(await context.inside(), id);
    context.store.containers.setPaused(id, true);
    context.events.container('pause', record);
  });
}

/** Lets a paused container go on. Throws WRONG_STATE. */
export async function unpauseContainer(parts: Parts, id: string): Promise<void> {
  const { context, operations, lifecycle } = parts;
  requireFreezer(lifecycle);
  await operations.during(id, 'pause', async () => {
    const record = requireRecord(context, id);
    if (record.state !== 'paused' || !lifecycle.isRunning(record)) {
      throw improper(`"${id}" is not paused, can't unpause`);
    }
    await lifecycle.crun.resume(await context.inside(), id);
    context.store.containers.setPaused(id, false);
    context.events.container('unpause', record);
  });
}

/** After a command that was killed between the kernel and the store. The caller holds the operation. */
export async function settlePause(context: Context, lifecycle: Lifecycle, id: string): Promise<void> {
  const record = context.store.containers.get(id);
  if (!record || !lifecycle.isRunning(record)) return lifecycle.settle(id);
  context.store.containers.setPaused(id, await lifecycle.crun.isPaused(await context.inside(), id));
}

/** Throws HOST_UNFIT. */
export function requireFreezer(lifecycle: Lifecycle): void {
  if (lifecycle.crun.cgroupManager !== 'disabled') return;
  throw new PeapodError('HOST_UNFIT', 'pause is not supported for rootless containers without a cgroup', {
    hint: 'a container has one where the host delegates cgroup v2 to its user, or as root',
  });
}

/** podman does not restart what is paused. */
export function restartOfPaused({ name }: ContainerRecord): PeapodError {
  return improper(
    'unable to restart a container in a paused or unknown state',
    `peapod unpause ${name} lets it go on`,
  );
}

function requireRecord(context: Context, id: string): ContainerRecord {
  const record = context.store.containers.get(id);
  if (!record) throw new PeapodError('NOT_FOUND', `no such container ${id.slice(0, 12)}`);
  return record;
}

function improper(message: string, hint?: string): PeapodError {
  return new PeapodError('WRONG_STATE', `${message}: container state improper`, hint ? { hint } : {});
}
