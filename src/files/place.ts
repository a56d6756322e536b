import { chownSync, closeSync, mkdirSync } from 'node:fs';
import { type IdMappings, rootOutside } from '../host/id-mappings.ts';
import { bindHere, type MountRequest, mountHere } from '../host/mounts.ts';
import { changeRoot } from '../host/nodes.ts';
import { openDirectoryInRoot, openInRootDirectory } from '../host/rooted.ts';

/** Where the files of a container are found; for a process of its own, run where containers live. */
export interface FilesPlace {
  /** Becomes the `/` of the process: whatever links a container has made, nothing outside can be reached. */
  readonly root: string;
  /** To be mounted first, in a mount namespace of this process' own: the container does not run. */
  readonly mounts: readonly MountRequest[];
  /** Of the container's user namespace: archives have the ids that are known in there. */
  readonly mappings?: IdMappings | undefined;
  readonly binds: readonly { readonly source: string; readonly destination: string }[];
}

/** The words before a process that mounts for itself. */
export const ownMounts = ['unshare', '--mount', '--'] as const;

export function enterPlace(place: FilesPlace): void {
  for (const mount of place.mounts) mountHere(mount);
  for (const { source, destination } of place.binds) bind(place, source, destination);
  changeRoot(place.root);
}

/** Mount points are the container's: a link among them leads nowhere but into its root. */
function bind({ root, mappings }: FilesPlace, source: string, destination: string): void {
  const owner = mappings && rootOutside(mappings);
  const fd = openInRootDirectory(root, destination) ?? makeDirectory(root, destination, owner);
  if (fd === undefined) return;
  try {
    bindHere(source, `/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}

/** As the runtime makes it when the container starts; undefined where something else is in the way. */
function makeDirectory(
  root: string,
  path: string,
  owner: { readonly uid: number; readonly gid: number } | undefined,
): number | undefined {
  let parent = '/';
  for (const name of path.split('/').filter((part) => part !== '')) {
    const fd = openDirectoryInRoot(root, parent);
    if (fd === undefined) return undefined;
    try {
      mkdirSync(`/proc/self/fd/${fd}/${name}`, 0o755);
      if (owner) chownSync(`/proc/self/fd/${fd}/${name}`, owner.uid, owner.gid);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      closeSync(fd);
    }
    parent = `${parent === '/' ? '' : parent}/${name}`;
  }
  return openInRootDirectory(root, path);
}
