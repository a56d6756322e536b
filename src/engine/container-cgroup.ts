import { posix } from 'node:path';
import { Crun } from '../container/crun.ts';
import { type CgroupPlace, findCgroupPlace, scopeWords } from '../host/cgroups.ts';
import type { Runner } from '../host/exec.ts';
import { which } from '../host/tools.ts';
import type { ContainerRecord } from '../store/records.ts';
import type { Context } from './context.ts';

const places = new WeakMap<Context, CgroupPlace>();

/** Where this caller's containers have their cgroups. Looked up once. */
export function cgroupPlace(context: Context): CgroupPlace {
  let place = places.get(context);
  if (!place) {
    place = findCgroupPlace(context.facts);
    places.set(context, place);
  }
  return place;
}

/** `context.inside()` for programs that enter the cgroup of a running container. */
export async function insideCgroups(context: Context): Promise<Runner> {
  const inside = await context.inside();
  const words = scopeWords(cgroupPlace(context), context.facts.uid);
  return words.length > 0 ? context.host.within([...words, ...inside.prefix]) : inside;
}

/** Throws TOOL_MISSING. */
export function runtime(context: Context): Crun {
  const { facts, paths } = context;
  return new Crun(which('crun', facts.env.PATH), paths.crunRoot, cgroupPlace(context).manager);
}

/** The cgroup of a pod that has one. */
export function podCgroupPath(context: Context, podId: string): string | undefined {
  const cgroup = context.store.sandboxes.get(podId)?.spec.cgroup;
  const place = cgroupPlace(context);
  if (!cgroup || place.manager !== 'cgroupfs') return undefined;
  return posix.join('/', cgroup.parent ?? place.parent, `peapod-pod-${podId}`);
}

/** linux.cgroupsPath as crun(1) reads it: a path, or `slice:prefix:name`. Undefined where there is to be none. */
export function cgroupsPath(context: Context, { id, spec, podId }: ContainerRecord): string | undefined {
  const place = cgroupPlace(context);
  if (place.manager === 'disabled' || spec.cgroup?.mode === 'disabled') return undefined;
  const parent = spec.cgroup?.parent ?? (podId && podCgroupPath(context, podId)) ?? place.parent;
  if (place.manager === 'systemd') return `${parent}:peapod:${id}`;
  return posix.join('/', parent, `peapod-${id}`);
}

/** Throws TOOL_MISSING before anything is made. */
export function requireTools({ facts }: Context): void {
  for (const tool of ['crun', 'conmon', 'nsenter', 'unshare', 'mount']) which(tool, facts.env.PATH);
}
