import type { ContainerRecord, SandboxSpec } from '../store/records.ts';
import type { AfterCreate } from './containers.ts';
import type { EngineParts } from './parts.ts';
import type { PlannedUserns } from './user-namespaces.ts';
import { removeUnused, useVolumes } from './volume-records.ts';

export interface NewContainer {
  readonly record: ContainerRecord;
  /** Its own sandbox; undefined where it is its pod's. */
  readonly own: SandboxSpec | undefined;
  /** Volumes among its mounts that are made for it alone. */
  readonly anonymous: ReadonlySet<string>;
  /** Of its own, or its pod's; undefined for that of all the user's containers. */
  readonly userns: PlannedUserns | undefined;
}

/**
 * Writes a container down, and starts it where `after` says so. `check` runs in the transaction, `prepare` before
 * the start. Where anything fails, nothing of it stays.
 */
export async function makeContainer(
  { context, operations, lifecycle }: Pick<EngineParts, 'context' | 'operations' | 'lifecycle'>,
  { record, own, anonymous, userns }: NewContainer,
  steps: { check?(): void; prepare?(): Promise<void> },
  after: AfterCreate,
): Promise<void> {
  const { store, facts, interrupt, events } = context;
  const { id, name } = record;
  let madeVolumes: string[] = [];
  await operations.creating(
    id,
    () => {
      steps.check?.();
      store.names.claim(name, 'container', id);
      const users = userns ? { userns: userns.settle() } : {};
      if (own) {
        store.sandboxes.insert(id, { ...own, ...users }, facts.bootId);
        store.ports.reserve(id, own.ports);
      }
      store.containers.insert({ ...record, spec: { ...record.spec, ...users } });
      if (record.spec.restart) store.supervision.begin(id);
      madeVolumes = useVolumes(context, record, anonymous);
    },
    async () => {
      for (const volume of madeVolumes) events.volume('create', volume);
      events.container('create', record);
      await steps.prepare?.();
      interrupt.check();
      if (after.start) await lifecycle.startCreated(id, after);
    },
    async () => {
      await lifecycle.dismantle(id);
      await removeUnused(context, madeVolumes);
    },
  );
}
