import { isAlive } from '../host/processes.ts';
import type { WatchedContainer } from '../store/supervision.ts';
import type { Context } from './context.ts';

/**
 * What should look after containers and was killed: who starts one again, the monitor that would have seen its end,
 * who has its health checked. Every command asks; the answer comes from /proc.
 */
export function unattended({ store, facts }: Context): {
  restart: WatchedContainer[];
  health: WatchedContainer[];
} {
  const watched = store.supervision.watched(facts.bootId);
  return { restart: watched.filter(isForgotten), health: watched.filter(isUnchecked) };
}

function isForgotten({ restarter, restarts, state, process, monitor }: WatchedContainer): boolean {
  if (restarter && isAlive(restarter)) return false;
  if (state === 'exited') return restarter !== undefined;
  return restarts && process !== undefined && !isAlive(process) && !(monitor && isAlive(monitor));
}

function isUnchecked({ isChecked, healthTimer, state, process }: WatchedContainer): boolean {
  if (!isChecked || state !== 'running' || (healthTimer && isAlive(healthTimer))) return false;
  return process !== undefined && isAlive(process);
}
