import { isPeapodError } from '../errors.ts';
import { checkPruneFilters, filterContainers, filterPods } from './filter-views.ts';
import type { Filters } from './filters.ts';
import type { EngineParts } from './parts.ts';

const ended = ['created', 'exited', 'stopped'];

/** Removes containers that do not run. Returns the ids. */
export async function pruneContainers(parts: EngineParts, filters: Filters): Promise<string[]> {
  checkPruneFilters(filters);
  const unused = parts.views.containers().filter(({ state }) => ended.includes(state));
  return removeEach(filterContainers(unused, filters), (id) => parts.lifecycle.remove(id, { force: false }));
}

/** Removes pods whose containers have all ended; one that was never started stays, as in podman. Returns the ids. */
export async function prunePods(parts: EngineParts, filters: Filters): Promise<string[]> {
  checkPruneFilters(filters);
  const unused = (await parts.views.pods()).filter(
    ({ status }) => status === 'Exited' || status === 'Stopped',
  );
  return removeEach(filterPods(unused, filters), (id) => parts.pods.remove(id, { force: false }));
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
