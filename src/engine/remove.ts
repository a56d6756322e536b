import { isPeapodError, PeapodError } from '../errors.ts';
import type { ContainerRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import type { Lifecycle } from './lifecycle.ts';

export interface RemoveOptions {
  readonly force: boolean;
  /** Anonymous ones go with it. */
  readonly volumes?: boolean;
  readonly timeoutSeconds?: number | undefined;
  /** Those that depend on it go first; otherwise they are in the way. */
  readonly depend?: boolean | undefined;
}

/** Returns the ids of what was removed, the container's own last. Throws WRONG_STATE, NAME_IN_USE with dependents. */
export async function removeContainer(
  { context, lifecycle }: { context: Context; lifecycle: Lifecycle },
  record: ContainerRecord,
  options: RemoveOptions,
): Promise<string[]> {
  if (!options.depend) refuseDependents(context, record.id);
  const dependents = dependentsOf(context, record.id);
  for (const { id } of dependents) await removeUnlessGone(lifecycle, id, options);
  await lifecycle.remove(record.id, options);
  return [...dependents.map(({ id }) => id), record.id];
}

/** Throws NAME_IN_USE where others are on its network. */
export function refuseDependents(context: Context, id: string): void {
  const dependents = dependentsOf(context, id);
  if (dependents.length === 0) return;
  const names = dependents.map(({ name }) => name).join(', ');
  throw new PeapodError(
    'NAME_IN_USE',
    `container ${id} has dependent containers which must be removed before it: ${names}: container already exists`,
    { hint: 'remove them first, or use --depend' },
  );
}

async function removeUnlessGone(lifecycle: Lifecycle, id: string, options: RemoveOptions): Promise<void> {
  try {
    await lifecycle.remove(id, options);
  } catch (error) {
    if (!isPeapodError(error, 'NOT_FOUND')) throw error;
  }
}

/** Direct and indirect ones, those that nothing depends on first. */
function dependentsOf(context: Context, id: string): ContainerRecord[] {
  return context.store.containers
    .dependentsOf(id)
    .flatMap((dependent) => [...dependentsOf(context, dependent.id), dependent]);
}
