import type { Crun } from '../container/crun.ts';
import type { Context } from './context.ts';

/** Lets a paused container go on, so that it hears a signal. Idempotent; one that is gone is no error. */
export async function thaw(context: Context, crun: Crun, id: string): Promise<void> {
  const runner = await context.inside();
  if (await crun.isPaused(runner, id)) await crun.resume(runner, id);
  context.store.containers.setPaused(id, false);
}
