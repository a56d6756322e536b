import { lstatSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { RootfsPlan } from '../container/rootfs.ts';
import type { ResolvedUser } from '../container/user.ts';
import { PeapodError } from '../errors.ts';
import { outsideId, rootOutside } from '../host/id-mappings.ts';
import type { ContainerRecord, MountSpec } from '../store/records.ts';
import type { Context } from './context.ts';

export interface UsernsStart {
  /** Where the runtime finds the root. */
  readonly rootDir: string;
  /** Words before the runtime where it makes the container. */
  readonly runtimePrefix: readonly string[];
  /** Commands for where containers live. */
  readonly before: readonly (readonly string[])[];
}

/** Directories that the file system hierarchy standard has on every machine, and that anybody may pass through. */
const places = ['/mnt', '/media', '/srv', '/opt'];

/**
 * What a start needs besides for a container in a user namespace of its own. The root of that namespace may not
 * walk to the container's directory, which nobody but the caller may: so the runtime gets a mount namespace
 * in which the container's root stands where it can, and which ends with the runtime.
 */
export function startInUserns(
  context: Context,
  record: ContainerRecord,
  plan: RootfsPlan,
  user: ResolvedUser,
  mounts: readonly MountSpec[],
): UsernsStart {
  const { userns } = record.spec;
  if (!userns) throw new Error(`${record.id} has no user namespace`);
  refuseUnmapped(user, userns.uids, userns.gids);
  const rootDir = places.find((place) => isFree(place, mounts)) ?? '/mnt';
  const script = 'mount --rbind "$1" "$2" && shift 2 && exec "$@"';
  const root = rootOutside(userns);
  const files = ['hosts', 'hostname', 'resolv.conf', '.containerenv', 'localtime', 'passwd', 'group']
    .map((name) => join(context.paths.containerRuntime(record.id), name))
    .filter((path) => lstatSync(path, { throwIfNoEntry: false }));
  return {
    rootDir,
    runtimePrefix: [
      '/usr/bin/env',
      ...['unshare', '--mount', '--propagation', 'slave', '--'],
      ...['sh', '-c', script, 'sh', plan.path, rootDir],
    ],
    // The caller goes on writing them, without root by their group, which is the caller's own.
    before: context.facts.rootless
      ? [
          ['chown', `${root.uid}:0`, ...files],
          ['chmod', '0664', ...files],
        ]
      : [['chown', `${root.uid}:${root.gid}`, ...files]],
  };
}

function isFree(place: string, mounts: readonly MountSpec[]): boolean {
  if (!lstatSync(place, { throwIfNoEntry: false })?.isDirectory()) return false;
  return !mounts.some(({ source }) => {
    const real = realOr(source);
    return real === place || real.startsWith(`${place}/`);
  });
}

function realOr(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function refuseUnmapped(
  { uid, gid }: ResolvedUser,
  uids: NonNullable<ContainerRecord['spec']['userns']>['uids'],
  gids: typeof uids,
): void {
  const kind =
    outsideId(uids, uid) === undefined ? 'UID' : outsideId(gids, gid) === undefined ? 'GID' : undefined;
  if (!kind) return;
  throw new PeapodError(
    'INVALID_ARGUMENT',
    `the container's user namespace doesn't map ${kind} ${kind === 'UID' ? uid : gid}`,
    { hint: 'give it more ids, such as --userns auto:size=65536, or another --user', exitCode: 126 },
  );
}
