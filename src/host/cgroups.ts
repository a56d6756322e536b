import { constants as access, accessSync, existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { HostFacts } from './facts.ts';

/** Where the control groups are mounted, on every distribution. See cgroups(7). */
export const cgroupRoot = '/sys/fs/cgroup';

/** 1 also where both are mounted side by side ("hybrid"): controllers are v1's there. */
export function cgroupVersion(): 1 | 2 {
  return existsSync(join(cgroupRoot, 'cgroup.controllers')) ? 2 : 1;
}

/** Who makes the cgroups of this caller's containers, and below which one. */
export type CgroupPlace =
  /** Nobody may make one: nothing can be limited. */
  | { readonly manager: 'disabled' }
  /** The runtime makes directories; `parent` is absolute within the hierarchy, empty for its top. */
  | { readonly manager: 'cgroupfs'; readonly parent: string }
  /** The user's own systemd makes scopes in a slice. */
  | { readonly manager: 'systemd'; readonly parent: string };

/**
 * Root makes cgroups where it wants. Anyone else needs some that were given to them: by a systemd session, or
 * as a directory of cgroup v2 that they may write to. cgroup v1 cannot be given away safely.
 */
export function findCgroupPlace(facts: Pick<HostFacts, 'rootless' | 'env'>): CgroupPlace {
  if (!facts.rootless) return { manager: 'cgroupfs', parent: '' };
  if (cgroupVersion() === 1) return { manager: 'disabled' };
  const runtimeDir = facts.env.XDG_RUNTIME_DIR;
  // Where a systemd keeps the tree of cgroups, nobody else is to make some in it.
  if (runtimeDir !== undefined && existsSync(join(runtimeDir, 'systemd', 'private')))
    return { manager: 'systemd', parent: 'user.slice' };
  const delegated = delegatedDirectory();
  return delegated === undefined ? { manager: 'disabled' } : { manager: 'cgroupfs', parent: delegated };
}

/**
 * The nearest cgroup at or above the caller's that it may divide: writable, and without processes, because a
 * cgroup that has some cannot have controlled children (cgroups(7), "no internal processes").
 */
function delegatedDirectory(): string | undefined {
  const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/';
  for (let path = own; path !== '/' && !path.startsWith('/..'); path = dirname(path)) {
    const dir = join(cgroupRoot, path);
    if (!mayWrite(join(dir, 'cgroup.procs')) || !mayWrite(dir)) return undefined;
    if (readFileSync(join(dir, 'cgroup.procs'), 'utf8') === '' && hasControllers(dir)) return path;
  }
  return undefined;
}

/**
 * Words to put before a program that is to enter a cgroup of the user's systemd; none where they are not needed. A
 * process may be moved only within what was given to its user (cgroups(7), "delegation containment"), and a login
 * session is no part of that.
 */
export function scopeWords(place: CgroupPlace, uid: number): readonly string[] {
  if (place.manager !== 'systemd') return [];
  const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/';
  if (own.includes(`/user@${uid}.service/`)) return [];
  return ['systemd-run', '--user', '--scope', '--quiet', '--collect', '--'];
}

function hasControllers(dir: string): boolean {
  return /\bmemory\b/.test(readFileSync(join(dir, 'cgroup.controllers'), 'utf8'));
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, access.W_OK);
    return true;
  } catch {
    return false;
  }
}
