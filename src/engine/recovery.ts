import type { Operation } from '../store/operations.ts';
import type { Context } from './context.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Pods } from './pods.ts';
import type { Restarts } from './restarts.ts';
import type { Sandboxes } from './sandboxes.ts';

/**
 * Brings what a killed command was at to rest: what it was creating is undone, what it was removing is
 * removed, anything else goes back to a state from which every command can start. Runs with the operation
 * taken over. Every step is idempotent, so that a recovery that is killed itself is simply repeated.
 */
export async function recoverOperation(
  context: Context,
  left: Operation,
  parts: { pods: Pods; lifecycle: Lifecycle; sandboxes: Sandboxes; restarts: Restarts },
): Promise<void> {
  const { store } = context;
  const id = left.subjectId;
  if (left.verb === 'network' && store.sandboxes.get(id)) await parts.sandboxes.networks.reconcile(id);
  const forgotten = left.verb === 'create' || left.verb === 'remove';
  if (store.pods.get(id)) {
    if (forgotten) await parts.pods.dismantle(id);
    else await parts.pods.settle(id);
    return;
  }
  const container = store.containers.get(id);
  if (!container) return;
  if (['create', 'start'].includes(left.verb) && !parts.lifecycle.isRunning(container)) {
    const { endHalfMade } = await import('./half-made.ts');
    await endHalfMade(context, container);
  }
  if (container.spec.userns) await (await context.images()).deleteAbandonedCopies();
  // Whether a killed `rm` was to take volumes along is not known: they can still be removed.
  const volumes = left.verb === 'create' || container.spec.remove;
  if (forgotten) return parts.lifecycle.dismantle(id, undefined, volumes);
  if (left.verb === 'pause') {
    const { settlePause } = await import('./pause.ts');
    return settlePause(context, parts.lifecycle, id);
  }
  if (left.verb === 'update') {
    const { settleUpdate } = await import('./update.ts');
    await settleUpdate(context, parts.lifecycle, id);
  }
  await parts.lifecycle.settle(id);
  // This command has other things to do than to wait.
  if (parts.restarts.isMine(id)) {
    const { resume } = await import('./resume.ts');
    resume(context, {
      containerId: id,
      state: 'exited',
      restarter: store.self,
      restarts: true,
      isChecked: false,
    });
  }
}
