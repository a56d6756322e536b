import { type IdMapping, type IdMappings, ownerOutside } from '../host/id-mappings.ts';
import type { ResolvedUser } from './user.ts';

/** How many ids a user namespace has, from the text of /proc/PID/uid_map where they begin at 0 without a gap. */
export function mappedIds(idMap: string): number {
  return idMap
    .trim()
    .split('\n')
    .reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[2] ?? 0), 0);
}

/**
 * `--userns keep-id`: the caller, who is 0 outside of the container's user namespace, is `id` inside; all others
 * move by one to make room. `count` is how many ids there are outside.
 */
export function keepIdMappings(id: number, count: number): readonly IdMapping[] {
  const below = Math.min(id, count - 1);
  return [
    { containerID: 0, hostID: 1, size: below },
    { containerID: id, hostID: 0, size: 1 },
    { containerID: id + 1, hostID: id + 1, size: count - id - 1 },
  ].filter(({ size }) => size > 0);
}

/** `--userns nomap`: everybody outside but the caller, who is 0 there. */
export function noMapMappings(count: number): readonly IdMapping[] {
  return count > 1 ? [{ containerID: 0, hostID: 1, size: count - 1 }] : [];
}

/** A user of the container as those outside know it: who owns what is given to it. */
export function outsideOf(user: ResolvedUser, mappings: IdMappings | undefined): ResolvedUser {
  if (!mappings) return user;
  const uid = ownerOutside(mappings.uids, user.uid);
  return { ...user, uid, gid: ownerOutside(mappings.gids, user.gid) };
}
