import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ociResources } from '../container/resources.ts';
import { PeapodError } from '../errors.ts';
import { cgroupVersion } from '../host/cgroups.ts';
import type { ResourceSpec } from '../store/records/resources.ts';
import type { ContainerRecord, ContainerSpec } from '../store/records.ts';
import { admitResources, readCgroupHost } from './admit-resources.ts';
import { cgroupPlace } from './container-cgroup.ts';
import type { UpdateRequest } from './container-flags.ts';
import type { Context } from './context.ts';
import type { Lifecycle } from './lifecycle.ts';
import { parseResources } from './parse-resources.ts';
import type { EngineParts } from './parts.ts';
import { parseRestart } from './restart-policy.ts';

/**
 * Changes limits of a container: of its cgroup at once where it runs, and for every later start; and its restart
 * policy, which counts at its next end. What the runtime refuses changes nothing. Throws INVALID_ARGUMENT, HOST_UNFIT where it has no cgroup.
 */
export async function updateContainer(
  { context, operations, lifecycle }: EngineParts,
  { id }: ContainerRecord,
  { restart, ...flags }: UpdateRequest,
  warn: (message: string) => void,
): Promise<void> {
  const { store } = context;
  if (restart !== undefined) await endRestart(lifecycle, store.containers.get(id), restart);
  await operations.during(id, 'update', async () => {
    const record = store.containers.get(id);
    if (!record) throw new PeapodError('NOT_FOUND', `no such container ${id.slice(0, 12)}`);
    const before = record.spec.resources ?? {};
    const asked = parseResources(flags, before);
    const changesLimits = restart === undefined || Object.keys(asked).length > 0;
    const changes = changesLimits ? admit(context, record, asked, warn) : {};
    store.db.transaction(() => {
      const spec = restart === undefined ? record.spec : withRestart(record.spec, restart);
      store.containers.setSpec(id, { ...spec, resources: { ...before, ...changes } });
      if (spec.restart && !record.spec.restart) store.supervision.begin(id);
    });
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

/** One that waits to be started again, and is not to be any more, stays as it ended. */
async function endRestart(
  lifecycle: Lifecycle,
  record: ContainerRecord | undefined,
  restart: string,
): Promise<void> {
  if (!record || parseRestart(restart, record.spec.remove)) return;
  if (lifecycle.isRestarting(record)) await lifecycle.stop(record.id);
}

function withRestart(spec: ContainerSpec, word: string): ContainerSpec {
  const { restart: _, ...rest } = spec;
  const restart = parseRestart(word, spec.remove);
  return restart ? { ...rest, restart } : rest;
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
