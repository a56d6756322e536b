import type { ContainerRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import type { Launcher } from './launch.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Sandboxes } from './sandboxes.ts';
import { takeDown } from './take-down.ts';

/** With the first start: it knows all of what a container is made of, which other commands need not load. */
export async function loadLauncher(
  lifecycle: Lifecycle,
  context: Context,
  sandboxes: Sandboxes,
): Promise<Launcher> {
  const { Launcher } = await import('./launch.ts');
  const undo = (record: ContainerRecord) => takeDown(lifecycle, context, record);
  return new Launcher(context, sandboxes, () => lifecycle.crun, undo);
}
