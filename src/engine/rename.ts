import type { ContainerRecord } from '../store/records.ts';
import { checkName } from './names.ts';
import type { EngineParts } from './parts.ts';

/** Gives a container another name, which its network knows from then on. Throws NAME_IN_USE, INVALID_ARGUMENT. */
export async function renameContainer(
  parts: EngineParts,
  record: ContainerRecord,
  newName: string,
): Promise<void> {
  const { context, operations, sandboxes } = parts;
  checkName(newName);
  const rename = () =>
    operations.during(record.id, 'network', async () => {
      const { names, db } = context.store;
      db.transaction(() => names.rename(record.id, 'container', newName));
      context.events.container('rename', { ...record, name: newName });
      await sandboxes.networks.announce(record.sandboxId);
    });
  await (record.sandboxId === record.id ? rename() : operations.during(record.sandboxId, 'network', rename));
}
