import { posix } from 'node:path';
import { findDirectory } from '../container/fill-volumes.ts';
import { pathInPlace, type RootfsPlan } from '../container/rootfs.ts';
import { PeapodError } from '../errors.ts';
import { kindInRoot } from '../host/rooted.ts';
import type { ContainerRecord } from '../store/records.ts';

/** File systems of the runtime's own. */
const alwaysMounted = ['/dev', '/proc', '/run', '/sys'];

/**
 * A working directory that was asked for has to be there, unless it is below a mount, or on the way to one: the
 * runtime would make it. Throws NOT_FOUND (126) in podman's words; nothing where only the mounted root can tell.
 */
export function requireWorkdir({ id, spec }: ContainerRecord, { places }: RootfsPlan): void {
  if (!spec.workdirMustExist) return;
  const workdir = posix.resolve(spec.workdir);
  const mounted = [...alwaysMounted, ...spec.mounts.map(({ destination }) => posix.resolve(destination))];
  if (mounted.some((at) => isWithin(workdir, at) || isWithin(at, workdir))) return;
  if (findDirectory(places, workdir) !== 'absent') return;
  const isFile = places.some((place) => {
    const inner = pathInPlace(place, workdir);
    return inner !== undefined && kindInRoot(place.dir, inner) === 'file';
  });
  const message = isFile
    ? `workdir "${spec.workdir}" exists on container ${id}, but is not a directory`
    : `workdir "${spec.workdir}" does not exist on container ${id}`;
  throw new PeapodError('NOT_FOUND', message, {
    hint: 'choose a directory of the image, or mount one there',
    exitCode: 126,
  });
}

function isWithin(path: string, dir: string): boolean {
  return path === dir || path.startsWith(dir === '/' ? dir : `${dir}/`);
}
