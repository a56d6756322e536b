import { cgroupVersion } from '../host/cgroups.ts';
import type { ContainerRecord } from '../store/records.ts';
import { podCgroupPath } from './container-cgroup.ts';
import type { Context } from './context.ts';

/** Most pods have no cgroup of their own: what makes and removes it is loaded for those that do. */

/** Before a member is made: the runtime puts its cgroup into the pod's. Idempotent. */
export async function makePodCgroup(context: Context, { podId, spec }: ContainerRecord): Promise<void> {
  if (podId === undefined || spec.cgroup?.mode === 'disabled' || spec.cgroup?.parent) return;
  const path = podCgroupPath(context, podId);
  const resources = context.store.sandboxes.get(podId)?.spec.cgroup?.resources;
  if (path === undefined || !resources) return;
  const { makeCgroup } = await import('../container/pod-cgroup.ts');
  makeCgroup(path, resources, cgroupVersion());
}

/** Idempotent. */
export async function removePodCgroup(context: Context, podId: string): Promise<void> {
  const path = podCgroupPath(context, podId);
  if (path === undefined) return;
  const { removeCgroup } = await import('../container/pod-cgroup.ts');
  removeCgroup(path, cgroupVersion());
}
