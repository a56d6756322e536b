import { PeapodError } from '../errors.ts';
import { isAlive, waitForEnd } from '../host/processes.ts';
import type { Context } from './context.ts';
import type { Views } from './views-of.ts';

const conditions = new Set(['configured', 'created', 'exited', 'paused', 'running', 'stopped']);

/** Blocks until the container is as asked (`stopped` matches `exited`, as in podman); returns its exit code. */
export async function waitFor(
  context: Context,
  views: Views,
  id: string,
  condition: string,
  intervalMs = 250,
): Promise<number> {
  if (!conditions.has(condition)) {
    throw new PeapodError('INVALID_ARGUMENT', `invalid condition "${condition}"`, {
      hint: `choose from ${[...conditions].join(', ')}`,
    });
  }
  for (let pauseMs = 2; ; pauseMs = Math.min(pauseMs * 2, intervalMs)) {
    context.interrupt.check();
    const record = context.store.containers.get(id);
    if (!record) return 0; // removed meanwhile: it certainly does not run
    const state = views.stateOf(record);
    const ended = condition === 'stopped' || condition === 'exited';
    if (ended ? state !== 'running' && state !== 'paused' && state !== 'stopped' : state === condition) {
      return record.exitCode ?? 0;
    }
    if (condition === 'configured' && state === 'created') return 0;
    if (ended && state === 'running' && record.process && isAlive(record.process)) {
      await waitForEnd(record.process, intervalMs);
      pauseMs = 1;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
