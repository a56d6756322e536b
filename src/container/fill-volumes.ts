import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fstatSync,
  lstatSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../errors.ts';
import { hostRunner } from '../host/exec.ts';
import { lockFile } from '../host/locks.ts';
import { kindInRoot, openDirectoryInRoot } from '../host/rooted.ts';
import { pathInPlace, type RootPlace } from './rootfs.ts';

export interface FillRequest {
  /** The container's root, mounted. */
  readonly root: string;
  readonly volumes: readonly {
    /** The volume's own directory. */
    readonly dir: string;
    /** Where its files are. */
    readonly data: string;
    /** Path in the container. */
    readonly destination: string;
    readonly copy: boolean;
    /** For a destination that the root has not; its own owner and mode go before. Left out: nothing is given away. */
    readonly owner?: { readonly uid: number; readonly gid: number };
  }[];
}

/**
 * What a root that is not mounted yet has at a path. `full` also where that cannot be told for sure: behind
 * a symlink, or where the caller may not look.
 */
export function findDirectory(places: readonly RootPlace[], path: string): 'absent' | 'empty' | 'full' {
  let found: 'absent' | 'empty' = 'absent';
  try {
    for (const place of places) {
      const { dir } = place;
      const inner = pathInPlace(place, path);
      if (inner === undefined) continue;
      if (hasSymlink(dir, inner)) return 'full';
      const kind = kindInRoot(dir, inner);
      if (kind === undefined) continue;
      if (kind !== 'directory') return found;
      if (readdirSync(join(dir, inner)).length > 0) return 'full';
      found = 'empty';
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    return 'full';
  }
  return found;
}

function hasSymlink(dir: string, path: string): boolean {
  let at = dir;
  for (const name of path.split('/').filter((each) => each !== '')) {
    at = join(at, name);
    const stats = lstatSync(at, { throwIfNoEntry: false });
    if (!stats) return false;
    if (stats.isSymbolicLink()) return true;
  }
  return false;
}

/**
 * `peapod internal fill-volumes REQUEST`: gives volumes what the container's root has at their places, run where
 * containers live. A mark tells a half-made copy, which is made again, from files that are somebody's own.
 */
export async function run(args: readonly string[]): Promise<number> {
  try {
    const { root, volumes } = JSON.parse(args[0] ?? '') as FillRequest;
    for (const volume of volumes) await fill(root, volume);
    return 0;
  } catch (error) {
    process.stderr.write(`a volume could not be filled: ${messageOf(error)}\n`);
    return 1;
  }
}

async function fill(root: string, volume: FillRequest['volumes'][number]): Promise<void> {
  const { dir, data, owner } = volume;
  const lock = lockFile(join(dir, 'lock'), 'exclusive', { wait: true });
  const fd = openDirectoryInRoot(root, volume.destination);
  try {
    if (fd === undefined) {
      if (owner) chownSync(data, owner.uid, owner.gid);
      return;
    }
    const before = statSync(data);
    if (volume.copy) await copyInto(fd, dir, data);
    const like = owner ? fstatSync(fd) : before;
    chownSync(data, like.uid, like.gid);
    chmodSync(data, like.mode & 0o7777);
    if (owner) utimesSync(data, like.atime, like.mtime);
  } finally {
    if (fd !== undefined) closeSync(fd);
    lock?.release();
  }
}

async function copyInto(fd: number, dir: string, data: string): Promise<void> {
  const mark = join(dir, 'filling');
  if (!existsSync(mark) && readdirSync(data).length > 0) return;
  writeFileSync(mark, '');
  await hostRunner.run(['cp', '-a', '/proc/self/fd/3/.', data], { fds: [fd] });
  rmSync(mark);
}
