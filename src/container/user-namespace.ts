import type { KeepIdSpec } from '../store/records/isolation.ts';
import type { ResolvedUser } from './user.ts';

/** linux.uidMappings of the OCI runtime specification; "host" is whoever starts the runtime. */
export interface OciIdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

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
export function keepIdMappings(id: number, count: number): readonly OciIdMapping[] {
  const below = Math.min(id, count - 1);
  return [
    { containerID: 0, hostID: 1, size: below },
    { containerID: id, hostID: 0, size: 1 },
    { containerID: id + 1, hostID: id + 1, size: count - id - 1 },
  ].filter(({ size }) => size > 0);
}

/** A user of the container as those outside know it: who owns what is given to it. */
export function outsideOf(user: ResolvedUser, { uid, gid }: KeepIdSpec): ResolvedUser {
  const outside = (id: number, kept: number) => (id === kept ? 0 : id < kept ? id + 1 : id);
  return { ...user, uid: outside(user.uid, uid), gid: outside(user.gid, gid) };
}

export interface IdMappings {
  readonly uids: readonly OciIdMapping[];
  readonly gids: readonly OciIdMapping[];
}
