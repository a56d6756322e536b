import { closeSync, mkdirSync, openSync } from 'node:fs';
import { release } from 'node:os';
import { checked, cString, libc, O_CLOEXEC, treeCall } from './libc.ts';

/** mount(2) and umount2(2) in the caller's own mount namespace: a program for each costs 4 ms. */

export interface MountRequest {
  readonly type: string;
  readonly source: string;
  readonly target: string;
  /** The file system's own, e.g. `lowerdir=…`; relative paths in it are taken from `workingDir`. */
  readonly options: string;
  readonly workingDir?: string | undefined;
  /** Directories that are shown with mapped ids at other places while the mount is made. */
  readonly idmapped?: readonly IdmappedDirectory[] | undefined;
}

/** A place below which files belong to the ids that a user namespace makes of theirs. */
export interface IdmappedDirectory {
  readonly source: string;
  readonly at: string;
  /** Path of the user namespace. */
  readonly userNamespace: string;
}

/** Throws what mount(2) says. */
export function mountHere(request: MountRequest): void {
  const { type, source, target, options, workingDir, idmapped = [] } = request;
  const before = workingDir === undefined ? undefined : process.cwd();
  if (workingDir !== undefined) process.chdir(workingDir);
  try {
    for (const directory of idmapped) showIdmapped(directory);
    checked(
      'mount',
      () => libc().mount(cString(source), cString(target), cString(type), 0, cString(options)),
      target,
    );
  } finally {
    // An overlay has what it was made of for itself.
    for (const { at } of idmapped) detachMount(at);
    if (before !== undefined) process.chdir(before);
  }
}

function showIdmapped({ source, at, userNamespace }: IdmappedDirectory): void {
  mkdirSync(at, { recursive: true });
  const fd = idmappedTree(source, userNamespace);
  try {
    const move = () =>
      treeCall(SYS_move_mount, fd, cString(''), AT_FDCWD, cString(at), MOVE_MOUNT_F_EMPTY_PATH);
    checked('move_mount', move, at);
  } finally {
    closeSync(fd);
  }
}

/** Whether the kernel and the file system of a directory can map its ids for an overlay: Linux 5.19. */
export function canIdmap(source: string, userNamespace: string): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number.parseFloat);
  if (major < 5 || (major === 5 && minor < 19)) return false;
  try {
    closeSync(idmappedTree(source, userNamespace));
    return true;
  } catch (error) {
    if (['EINVAL', 'EPERM', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** The same numbers on all architectures. */
const SYS_open_tree = 428;
const SYS_move_mount = 429;
const SYS_mount_setattr = 442;
const OPEN_TREE_CLONE = 1;
const MOVE_MOUNT_F_EMPTY_PATH = 4;
const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const MOUNT_ATTR_RDONLY = 0x1n;
const MOUNT_ATTR_IDMAP = 0x10_0000n;

/** A mount in no tree yet, read-only: whatever removes files must not reach those that others share. See mount_setattr(2). */
function idmappedTree(source: string, userNamespace: string): number {
  const flags = OPEN_TREE_CLONE | O_CLOEXEC;
  const open = () => treeCall(SYS_open_tree, AT_FDCWD, cString(source), flags, cString(''), 0);
  const fd = checked('open_tree', open, source);
  const user = openSync(userNamespace, 'r');
  try {
    const attributes = new BigUint64Array([MOUNT_ATTR_IDMAP | MOUNT_ATTR_RDONLY, 0n, 0n, BigInt(user)]);
    const size = attributes.byteLength;
    const set = () => treeCall(SYS_mount_setattr, fd, cString(''), AT_EMPTY_PATH, attributes, size);
    checked('mount_setattr', set, source);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  } finally {
    closeSync(user);
  }
}

/** The same by mount(8), for other mount namespaces. */
export function mountCommands(request: MountRequest): string[][] {
  const { type, source, target, options, workingDir } = request;
  const command = ['mount', '-t', type, source, '-o', options, target];
  return workingDir === undefined ? [command] : [['cd', workingDir], command];
}

const MS_REC = 0x4000;
const MS_BIND = 0x1000;

/** Shows a directory or file at another place, with all that is mounted below it. */
export function bindHere(source: string, target: string): void {
  checked(
    'mount',
    () => libc().mount(cString(source), cString(target), cString('none'), MS_BIND | MS_REC, cString('')),
    target,
  );
}

const MNT_DETACH = 2;

/** Takes a mount out of the tree, busy or not; false where nothing is mounted there. */
export function detachMount(target: string): boolean {
  try {
    checked('umount2', () => libc().umount2(cString(target), MNT_DETACH), target);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EINVAL' || code === 'ENOENT') return false;
    throw error;
  }
}
