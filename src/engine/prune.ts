import { isPeapodError } from '../errors.ts';
import { checkPruneFilters, filterContainers, filterPods } from './filter-views.ts';
import type { Filters } from './filters.ts';
import type { EngineParts } from './parts.ts';

const ended = ['created', 'exited', 'stopped'];

export interface PruneOptions {
  /** Nothing is removed. */
  readonly dryRun?: boolean;
  /** What goes first, and does not count. */
  readonly leaving?: ReadonlySet<string>;
}

type PruneParts = Pick<EngineParts, 'views' | 'lifecycle' | 'pods'>;

/** Removes containers that do not run. Returns the ids. */
export async function pruneContainers(
  parts: PruneParts,
  filters: Filters,
  { dryRun, leaving }: PruneOptions = {},
): Promise<string[]> {
  checkPruneFilters(filters);
  const unused = parts.views
    .containers()
    .filter(({ id, state }) => ended.includes(state) && !leaving?.has(id));
  const chosen = filterContainers(unused, filters);
  if (dryRun) return chosen.map(({ id }) => id);
  return removeEach(chosen, (id) => parts.lifecycle.remove(id, { force: false }));
}

/** Removes pods whose containers have all ended; one that was never started stays, as in podman. Returns the ids. */
export async function prunePods(
  parts: PruneParts,
  filters: Filters,
  { dryRun }: PruneOptions = {},
): Promise<string[]> {
  checkPruneFilters(filters);
  const unused = (await parts.views.pods()).filter(
    ({ status }) => status === 'Exited' || status === 'Stopped',
  );
  const chosen = filterPods(unused, filters);
  if (dryRun) return chosen.map(({ id }) => id);
  return removeEach(chosen, (id) => parts.pods.remove(id, { force: false }));
}

/** What was started or removed meanwhile is left alone. */
async function removeEach(
  views: readonly { id: string }[],
  remove: (id: string) => Promise<unknown>,
): Promise<string[]> {
  const removed = await Promise.all(
    views.map(async ({ id }) => {
      try {
        await remove(id);
        return [id];
      } catch (error) {
        if (isPeapodError(error, 'WRONG_STATE') || isPeapodError(error, 'NOT_FOUND')) return [];
        throw error;
      }
    }),
  );
  return removed.flat();
}
