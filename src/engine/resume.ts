import type { WatchedContainer } from '../store/supervision.ts';
import type { Context } from './context.ts';
import { startGated } from './gated.ts';
import { startHealthTimer } from './health.ts';

/** Does in the background what conmon's exit command would have done for a container that nobody attends to. */
export function resume(context: Context, left: WatchedContainer): void {
  startGated(context, [...context.self, 'container', 'cleanup', left.containerId], (restarter) =>
    context.store.supervision.handOver(left, restarter),
  );
}

/** Has the health of a container checked again whose timer was killed. */
export function resumeHealth(context: Context, id: string): void {
  const record = context.store.containers.get(id);
  if (record) startHealthTimer(context, record);
}
