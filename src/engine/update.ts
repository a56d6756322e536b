import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ociResources } from '../container/resources.ts';
import { PeapodError } from '../errors.ts';
import { cgroupVersion } from '../host/cgroups.ts';
import type { ResourceSpec } from '../store/records/resources.ts';
import type { ContainerRecord } from '../store/records.ts';
import { admitResources, readCgroupHost } from './admit-resources.ts';
import { cgroupPlace } from './container-cgroup.ts';
import type { ResourceFlags } from './container-flags.ts';
import type { Context } from './context.ts';
import type { Lifecycle } from './lifecycle.ts';
import { parseResources } from './parse-resources.ts';
import type { EngineParts } from './parts.ts';

/**
 * Changes limits of a container: of its cgroup at once where it runs, and for every later start. What the
 * runtime refuses changes nothing. Throws INVALID_ARGUMENT, HOST_UNFIT where it has no cgroup.
 */
export async function updateContainer(
  { context, operations, lifecycle }: EngineParts,
  { id }: ContainerRecord,
  flags: ResourceFlags,
  warn: (message: string) => void,
): Promise<void> {
  const { store } = context;
  await operations.during(id, 'update', async () => {
    const record = store.containers.get(id);
    if (!record) throw new PeapodError('NOT_FOUND', `no such container ${id.slice(0, 12)}`);
    const before = record.spec.resources ?? {};
    const changes = admit(context, record, parseResources(flags, before), warn);
    const after = { ...before, ...changes };
    store.containers.setSpec(id, { ...record.spec, resources: after });
    if (!lifecycle.isRunning(record)) return;
    try {
      await apply(context, lifecycle, id, changes);
    } catch (error) {
      store.containers.setSpec(id, record.spec);
      await apply(context, lifecycle, id, undone(changes, before)).catch(() => {});
      throw error;
    }
  });
}

/** After an update that was killed between the store and the kernel. The caller holds the operation. */
export async function settleUpdate(context: Context, lifecycle: Lifecycle, id: string): Promise<void> {
  const record = context.store.containers.get(id);
  if (record && lifecycle.isRunning(record)) await apply(context, lifecycle, id, record.spec.resources ?? {});
}

function admit(
  context: Context,
  { name, spec }: ContainerRecord,
  changes: ResourceSpec,
  warn: (message: string) => void,
): ResourceSpec {
  const mayLimit = cgroupPlace(context).manager !== 'disabled';
  if (!mayLimit || spec.cgroup?.mode === 'disabled') {
    throw new PeapodError('HOST_UNFIT', `container ${name} has no cgroup whose limits could be changed`, {
      hint: 'a container has one where the host delegates cgroup v2 to its user, or as root',
    });
  }
  const host = readCgroupHost(cgroupVersion(), context.facts.rootless, mayLimit);
  return admitResources(changes, spec.cgroup ?? { mode: 'enabled' }, host, warn);
}

async function apply(
  context: Context,
  lifecycle: Lifecycle,
  id: string,
  changes: ResourceSpec,
): Promise<void> {
  if (Object.keys(changes).length === 0) return;
  const file = join(context.paths.containerRuntime(id), 'resources.json');
  writeFileSync(file, JSON.stringify(ociResources(changes)), { mode: 0o600 });
  await (await context.inside()).run(lifecycle.crun.command('update', `--resources=${file}`, id));
}

/** What the kernel has where nothing was asked for. */
const unlimited: ResourceSpec = {
  memoryBytes: -1,
  memorySwapBytes: -1,
  memoryReservationBytes: -1,
  memorySwappiness: 60,
  cpuShares: 1024,
  cpuPeriodUs: 100_000,
  cpuQuotaUs: -1,
  pidsLimit: -1,
};

function undone(changes: ResourceSpec, before: ResourceSpec): ResourceSpec {
  const known = { ...unlimited, ...before };
  return Object.fromEntries(Object.entries(known).filter(([key]) => Object.hasOwn(changes, key)));
}
