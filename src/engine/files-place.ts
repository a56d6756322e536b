import type { FilesPlace } from '../files/place.ts';
import { ownMounts } from '../files/place.ts';
import type { Runner } from '../host/exec.ts';
import type { ContainerRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import { withUserNamespace } from './lent-userns.ts';
import { isMounted } from './mount.ts';
import type { EngineParts } from './parts.ts';
import { planRootfs } from './rootfs.ts';
import { prepare } from './volume-mounts.ts';

/** Where a process finds a container's files, and what to put before it. */
export interface Access {
  readonly place: FilesPlace;
  readonly runner: Runner;
}

/**
 * Lends the files of a container to `work`: those of its running process, with all that is mounted there, or
 * its root and volumes, mounted for `work` alone while nobody may start it.
 */
export async function withFiles<T>(
  parts: Pick<EngineParts, 'context' | 'operations' | 'lifecycle'>,
  id: string,
  work: (access: Access, record: ContainerRecord) => Promise<T>,
): Promise<T> {
  const { context, operations, lifecycle } = parts;
  const record = context.store.containers.get(id) as ContainerRecord;
  if (lifecycle.isRunning(record) && record.process) {
    const root = `/proc/${record.process.pid}/root`;
    const place = { root, mounts: [], binds: [], mappings: record.spec.userns };
    return work({ place, runner: await context.inside() }, record);
  }
  return operations.during(id, 'files', () =>
    withUserNamespace(context, record, async (userNamespace) => {
      const root = await rootAtRest(context, record, userNamespace);
      const place = { ...root, binds: bindsOf(context, record) };
      return work({ place, runner: (await context.inside()).within(ownMounts) }, record);
    }),
  );
}

/** The root alone, as it is mounted for a running container, or to be mounted by the process that reads it. */
export async function withRoot<T>(
  parts: Pick<EngineParts, 'context' | 'operations' | 'lifecycle'>,
  id: string,
  work: (access: Access, record: ContainerRecord) => Promise<T>,
): Promise<T> {
  const { context, operations, lifecycle } = parts;
  const record = context.store.containers.get(id) as ContainerRecord;
  const inside = await context.inside();
  if (lifecycle.isRunning(record)) {
    const { path } = await planRootfs(context, record);
    const place = { root: path, mounts: [], binds: [], mappings: record.spec.userns };
    return work({ place, runner: inside }, record);
  }
  return operations.during(id, 'files', () =>
    withUserNamespace(context, record, async (userNamespace) => {
      const place = await rootAtRest(context, record, userNamespace);
      return work({ place, runner: inside.within(ownMounts) }, record);
    }),
  );
}

async function rootAtRest(
  context: Context,
  record: ContainerRecord,
  userNamespace: string | undefined,
): Promise<FilesPlace> {
  const plan = await planRootfs(context, record, userNamespace);
  // An overlay must not be mounted twice; its mounts are seen in a copy of their namespace, too.
  const mounts = isMounted(context, plan) ? [] : plan.mounts;
  return { root: plan.path, mounts, binds: [], mappings: record.spec.userns };
}

/** Directories of volumes and of the host; what is made anew at each start holds nothing yet. */
function bindsOf(context: Context, record: ContainerRecord): FilesPlace['binds'] {
  return record.spec.mounts.flatMap(({ type, source, destination, options }) => {
    if (options.includes('O')) return [];
    if (type === 'bind') return [{ source, destination }];
    const volume = type === 'volume' ? context.store.volumes.get(source) : undefined;
    const place = volume && prepare(context, volume);
    return place && !place.mount ? [{ source: place.data, destination }] : [];
  });
}
