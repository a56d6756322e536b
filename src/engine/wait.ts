import { PeapodError } from '../errors.ts';
import { isAlive, waitForEnd } from '../host/processes.ts';
import type { Containers } from './containers.ts';
import type { Context } from './context.ts';
import type { Views } from './views-of.ts';

const conditions = new Set(['configured', 'created', 'exited', 'paused', 'running', 'stopped']);

export interface WaitRequest {
  /** States, any of which will do; `stopped` matches `exited`, as in podman. */
  readonly conditions: readonly string[];
  /** Between two looks. */
  readonly intervalMs?: number | undefined;
  /** A container that does not exist has the code -1. */
  readonly ignore: boolean;
}

/**
 * Blocks until each container is in one of the states; returns their exit codes, as podman -1 for one that has not
 * ended. As with podman nobody is waited for where one of the names is wrong: throws NOT_FOUND.
 */
export async function waitForAll(
  context: Context,
  containers: Containers,
  views: Views,
  names: readonly string[],
  { conditions: wanted, intervalMs, ignore }: WaitRequest,
): Promise<number[]> {
  for (const condition of wanted) {
    if (conditions.has(condition)) continue;
    throw new PeapodError('INVALID_ARGUMENT', `unknown container state: ${condition}: invalid argument`, {
      hint: `choose from ${[...conditions].join(', ')}`,
    });
  }
  const ids = names.map((name) => (ignore ? containers.find(name) : containers.require(name))?.id);
  return Promise.all(ids.map((id) => (id ? waitFor(context, views, id, wanted, intervalMs) : -1)));
}

async function waitFor(
  context: Context,
  views: Views,
  id: string,
  wanted: readonly string[],
  intervalMs = 250,
): Promise<number> {
  const forEnd = wanted.some(isEnd);
  for (let pauseMs = 2; ; pauseMs = Math.min(pauseMs * 2, intervalMs)) {
    context.interrupt.check();
    const record = context.store.containers.get(id);
    // Removed meanwhile: it certainly does not run.
    if (!record) return context.store.containers.exitCodeOf(id) ?? 0;
    const state = views.stateOf(record);
    // Between its end and the record of it the code is not known yet.
    const unsettled = state === 'stopped' || (state === 'restarting' && record.state !== 'exited');
    const ended = state !== 'running' && state !== 'paused' && !unsettled;
    if (forEnd && ended) return record.exitCode ?? 0;
    if (wanted.some((condition) => !isEnd(condition) && matches(condition, state))) return -1;
    if (forEnd && state === 'running' && record.process && isAlive(record.process)) {
      await waitForEnd(record.process, intervalMs);
      pauseMs = 1;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

function matches(condition: string, state: string): boolean {
  return state === (condition === 'configured' ? 'created' : condition);
}

function isEnd(condition: string): boolean {
  return condition === 'stopped' || condition === 'exited';
}
