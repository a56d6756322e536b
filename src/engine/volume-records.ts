import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { removeTree } from '../container/rootfs-removal.ts';
import { readWorkNames, workName } from '../image/work-directory.ts';
import type { ContainerRecord, VolumeRecord } from '../store/records.ts';
import type { Context } from './context.ts';

/** Where directories wait for their deletion: no volume can have such a name. */
function removedDir(context: Context): string {
  return join(context.paths.volumes, '.removed');
}

/**
 * Takes volumes that no container has out of the store, and their directories out of the way. Within a transaction;
 * `deleteRemoved` afterwards frees what they take. Returns the names of those that are gone.
 */
function forgetUnused(context: Context, names: readonly string[]): string[] {
  const { volumes } = context.store;
  return names.filter((name) => {
    if (volumes.usersOf(name).length > 0 || !volumes.delete(name)) return false;
    const dir = join(context.paths.volumes, name);
    if (existsSync(dir)) {
      mkdirSync(removedDir(context), { recursive: true, mode: 0o700 });
      renameSync(dir, join(removedDir(context), workName('removed')));
    }
    return true;
  });
}

/** Takes a container out of the store, with `volumes` those that were made for it alone, too. */
export async function forgetContainer(
  context: Context,
  { id, sandboxId }: ContainerRecord,
  volumes: boolean,
): Promise<void> {
  const { store } = context;
  const gone = store.db.transaction(() => {
    const anonymous = volumes
      ? store.volumes.usedBy(id).filter((name) => store.volumes.get(name)?.anonymous)
      : [];
    store.containers.delete(id);
    if (sandboxId === id) store.sandboxes.delete(id);
    store.names.release(id);
    return forgetUnused(context, anonymous);
  });
  await deleteRemoved(context, gone);
}

/** Takes away those of some volumes that no container has. Returns the names of those that are gone. */
export async function removeUnused(context: Context, names: readonly string[]): Promise<string[]> {
  const gone = context.store.db.transaction(() => forgetUnused(context, names));
  await deleteRemoved(context, gone);
  return gone;
}

/** Deletes what this process has taken out of the way, and what one that was killed has left there. */
async function deleteRemoved(context: Context, gone: readonly string[]): Promise<void> {
  if (gone.length === 0) return;
  for (const name of gone) context.events.volume('remove', name);
  const dir = removedDir(context);
  const { live, abandoned } = readWorkNames(dir);
  const own = live.filter((name) => name.startsWith(`removed-${process.pid}-`));
  for (const name of [...own, ...abandoned]) await removeTree(join(dir, name), () => context.inside());
}

/** Gives the volumes that a container did not name their names: 64 hex digits, as podman's. */
export function nameAnonymous(
  mounts: ContainerRecord['spec']['mounts'],
  newName: () => string,
): { mounts: ContainerRecord['spec']['mounts']; anonymous: ReadonlySet<string> } {
  const anonymous = new Set<string>();
  const named = mounts.map((mount) => {
    if (mount.type !== 'volume' || mount.source !== '') return mount;
    const source = newName();
    anonymous.add(source);
    return { ...mount, source };
  });
  return { mounts: named, anonymous };
}

/**
 * Within the transaction that writes a container: its volumes are its own from now on, and are made where there
 * are none of that name. Returns the names of those that were made.
 */
export function useVolumes(
  context: Context,
  { id, spec, createdAtMs }: ContainerRecord,
  anonymous: ReadonlySet<string>,
): string[] {
  const { volumes } = context.store;
  const names = new Set(spec.mounts.flatMap(({ type, source }) => (type === 'volume' ? [source] : [])));
  return [...names].filter((name) => {
    const made = volumes.insert(newVolume(name, createdAtMs, { anonymous: anonymous.has(name) }));
    volumes.use(id, name);
    return made;
  });
}

export function newVolume(name: string, createdAtMs: number, more: Partial<VolumeRecord> = {}): VolumeRecord {
  return {
    name,
    createdAtMs,
    labels: {},
    options: {},
    anonymous: false,
    needsCopyUp: true,
    needsChown: true,
    ...more,
  };
}
