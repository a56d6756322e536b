import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { PeapodError } from '../errors.ts';
import { checked, libc, O_CLOEXEC } from './libc.ts';

/** Files inside of a container's root: its contents are not trusted, so no path may lead out of it. */

/**
 * The text of a regular file inside `rootDir`; undefined where there is none, or only something that is no
 * regular file. Throws IMAGE_INVALID for one above `maxBytes`.
 */
export function readTextInRoot(rootDir: string, path: string, maxBytes: number): string | undefined {
  // O_NONBLOCK: a FIFO of that name must not make us wait.
  const fd = openOrUndefined(rootDir, path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  if (fd === undefined) return undefined;
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) return undefined;
    if (stats.size > maxBytes) {
      throw new PeapodError('IMAGE_INVALID', `${path} of the container is larger than ${maxBytes} bytes`);
    }
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

/** What a path inside `rootDir` is, links followed inside; undefined where it does not exist. */
export function kindInRoot(rootDir: string, path: string): 'directory' | 'file' | 'other' | undefined {
  const fd = openOrUndefined(rootDir, path, O_PATH);
  if (fd === undefined) return undefined;
  try {
    const stats = fstatSync(fd);
    if (stats.isDirectory()) return 'directory';
    return stats.isFile() ? 'file' : 'other';
  } finally {
    closeSync(fd);
  }
}

/**
 * Adds lines to a text file inside of `rootDir`; makes the file, for all to read, where there is none. Something
 * else of that name is left as it is.
 */
export function appendTextInRoot(rootDir: string, path: string, text: string): void {
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
  const fd = openOrUndefined(rootDir, path, flags | constants.O_NOCTTY);
  if (fd === undefined) return;
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) return;
    const last = Buffer.alloc(1);
    if (stats.size > 0) readSync(fd, last, 0, 1, stats.size - 1);
    writeFileSync(fd, stats.size > 0 && last.toString() !== '\n' ? `\n${text}` : text);
  } finally {
    closeSync(fd);
  }
}

/** A descriptor of a directory inside `rootDir`, links followed inside; undefined where there is none. */
export function openDirectoryInRoot(rootDir: string, path: string): number | undefined {
  return openOrUndefined(rootDir, path, constants.O_RDONLY | constants.O_DIRECTORY);
}

/** A descriptor that only names a file or directory inside `rootDir`; undefined where there is none. */
export function openInRootDirectory(rootDir: string, path: string): number | undefined {
  return openOrUndefined(rootDir, path, O_PATH);
}

const O_PATH = 0o10000000;

function openOrUndefined(rootDir: string, path: string, flags: number): number | undefined {
  const rootFd = openSync(rootDir, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return openInRoot(rootFd, path, flags);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'EISDIR'].includes(code ?? '')) return undefined;
    throw error;
  } finally {
    closeSync(rootFd);
  }
}

/** The same number on every architecture, see openat2(2); Linux 5.6 and later. */
const SYS_openat2 = 437;
const RESOLVE_IN_ROOT = 0x10;
/** Of files that are made. */
const mode = 0o644;

/**
 * Opens a path inside of a directory as if that directory were `/`: no link, absolute or with `..`, leads
 * out of it, whatever others change meanwhile. `flags` as for open(2). Throws ENOENT, … as node:fs does.
 */
function openInRoot(rootFd: number, path: string, flags: number): number {
  const made = flags & constants.O_CREAT ? mode : 0;
  const how = new BigUint64Array([BigInt(flags | O_CLOEXEC), BigInt(made), BigInt(RESOLVE_IN_ROOT)]);
  const name = Buffer.from(`${path}\0`);
  return checked(
    'openat2',
    () => Number(libc().syscall(SYS_openat2, rootFd, name, how, how.byteLength)),
    path,
  );
}
