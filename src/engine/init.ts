import { PeapodError } from '../errors.ts';
import type { ContainerRecord } from '../store/records.ts';
import { isInitialized, isRunning } from './alive.ts';
import type { EngineParts } from './parts.ts';

/** All of a start but the first instruction. Throws WRONG_STATE. */
export async function initContainer(parts: EngineParts, { id, sandboxId }: ContainerRecord): Promise<void> {
  const { context, operations, lifecycle } = parts;
  await operations.duringBoth({ id, sandboxId }, 'start', async () => {
    const record = context.store.containers.get(id);
    if (record && !isRunning(context, record) && !isInitialized(context, record)) {
      return lifecycle.prepare(id);
    }
    throw new PeapodError(
      'WRONG_STATE',
      `container ${id} has already been created in runtime: container state improper`,
    );
  });
}
