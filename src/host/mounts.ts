import { checked, cString, libc } from './libc.ts';

/** mount(2) and umount2(2) in the caller's own mount namespace: a program for each costs 4 ms. */

export interface MountRequest {
  readonly type: string;
  readonly source: string;
  readonly target: string;
  /** The file system's own, e.g. `lowerdir=…`; relative paths in it are taken from `workingDir`. */
  readonly options: string;
  readonly workingDir?: string | undefined;
}

/** Throws what mount(2) says. */
export function mountHere(request: MountRequest): void {
  const { type, source, target, options, workingDir } = request;
  const before = workingDir === undefined ? undefined : process.cwd();
  if (workingDir !== undefined) process.chdir(workingDir);
  try {
    checked(
      'mount',
      () => libc().mount(cString(source), cString(target), cString(type), 0, cString(options)),
      target,
    );
  } finally {
    if (before !== undefined) process.chdir(before);
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
