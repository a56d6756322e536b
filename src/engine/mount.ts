import { mkdirSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { RootfsPlan } from '../container/rootfs.ts';
import { unmountRootfs } from '../container/rootfs-removal.ts';
import { PeapodError } from '../errors.ts';
import { mountHere } from '../host/mounts.ts';
import type { ContainerRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import { withUserNamespace } from './lent-userns.ts';
import type { EngineParts } from './parts.ts';
import { planRootfs } from './rootfs.ts';

export interface MountView {
  readonly id: string;
  readonly names: readonly string[];
  readonly path: string;
}

/** Mounts are made where the command runs: for an unprivileged user that has to be where containers live. */
export function requireOwnMounts(context: Context, verb: string): void {
  if (!context.separateMounts) return;
  throw new PeapodError(
    'HOST_UNFIT',
    `cannot run command "peapod ${verb}" in rootless mode, must execute \`peapod unshare\` first`,
    { hint: `a mount is seen where it was made: peapod unshare sh -c 'peapod ${verb} …'` },
  );
}

/** Whether the root is mounted now, by a running container or for somebody who looks at it. */
export function isMounted(context: Context, { mounts }: RootfsPlan): boolean {
  const target = mounts[0] && context.visible(mounts[0].target);
  if (target === undefined) return false;
  const found = statSync(target, { throwIfNoEntry: false });
  return found !== undefined && found.dev !== statSync(dirname(target)).dev;
}

/** Mounts a container's root where it does not run; returns where it is. The next start takes it over. */
export async function mountContainer(parts: EngineParts, id: string): Promise<string> {
  const { context, operations, lifecycle } = parts;
  requireOwnMounts(context, 'mount');
  const record = context.store.containers.get(id) as ContainerRecord;
  if (lifecycle.isRunning(record)) return (await planRootfs(context, record)).path;
  return operations.during(id, 'files', () =>
    withUserNamespace(context, record, async (userNamespace) => {
      const plan = await planRootfs(context, record, userNamespace);
      if (isMounted(context, plan)) return plan.path;
      // What is there of a container that does not run is taken down before it starts.
      mkdirSync(context.paths.containerRuntime(id), { recursive: true, mode: 0o700 });
      for (const mount of plan.mounts) mountHere(mount);
      context.events.container('mount', record);
      return plan.path;
    }),
  );
}

/** Idempotent. Throws WRONG_STATE for a container that runs. */
export async function unmountContainer(parts: EngineParts, id: string): Promise<void> {
  const { context, operations, lifecycle } = parts;
  requireOwnMounts(context, 'unmount');
  const record = context.store.containers.get(id) as ContainerRecord;
  if (lifecycle.isRunning(record)) {
    throw new PeapodError('WRONG_STATE', `container ${record.name} runs on what is mounted`, {
      hint: `stop it first: peapod stop ${record.name}`,
    });
  }
  await operations.during(id, 'files', async () => {
    unmountRootfs(context.paths.container(id), false);
    rmSync(context.paths.containerRuntime(id), { recursive: true, force: true });
    context.events.container('unmount', record);
  });
}

export async function mountedContainers({ context }: EngineParts): Promise<MountView[]> {
  requireOwnMounts(context, 'mount');
  const views: MountView[] = [];
  for (const record of context.store.containers.all()) {
    const plan = await planRootfs(context, record);
    if (isMounted(context, plan)) views.push({ id: record.id, names: [record.name], path: plan.path });
  }
  return views;
}
