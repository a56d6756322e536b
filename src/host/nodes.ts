import { checked, cString, libc } from './libc.ts';

/** Nodes of the file system and their attributes, where node:fs has no call for them. */

/** mkfifo(3). Throws EEXIST, ENOENT as node:fs does. */
export function makeFifo(path: string, mode: number): void {
  checked('mkfifo', () => libc().mkfifo(Buffer.from(`${path}\0`), mode), path);
}

/** Makes a directory the `/` of this process for good. Needs CAP_SYS_CHROOT. */
export function changeRoot(path: string): void {
  checked('chroot', () => libc().chroot(cString(path)), path);
  process.chdir('/');
}

/** Sets an extended attribute, of a symlink itself. Throws ENOTSUP, EPERM, … as node:fs does. */
export function setXattr(path: string | Uint8Array, name: string, value: Uint8Array): void {
  // An empty array has no address to pass.
  const bytes = value.length > 0 ? value : new Uint8Array(1);
  checked('lsetxattr', () => libc().lsetxattr(cString(path), cString(name), bytes, value.length, 0), name);
}

/** Larger than what the kernel allows for a list of names, and for a value: xattr(7). */
const xattrLimitBytes = 64 * 1024;
let xattrBuffer: Buffer | undefined;

/** Names of the extended attributes, of a symlink itself; none where the file system has no such thing. */
export function listXattrs(path: string | Uint8Array): string[] {
  xattrBuffer ??= Buffer.alloc(xattrLimitBytes);
  const bytes = xattrBuffer;
  try {
    const list = () => Number(libc().llistxattr(cString(path), bytes, bytes.length));
    const length = checked('llistxattr', list, String(path));
    return bytes.toString('utf8', 0, length).split('\0').slice(0, -1);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTSUP' || code === 'EOPNOTSUPP') return [];
    throw error;
  }
}

/** The value of an extended attribute, of a symlink itself; undefined where it is not there, or not for us. */
export function getXattr(path: string | Uint8Array, name: string): Buffer | undefined {
  xattrBuffer ??= Buffer.alloc(xattrLimitBytes);
  const bytes = xattrBuffer;
  try {
    const get = () => Number(libc().lgetxattr(cString(path), cString(name), bytes, bytes.length));
    return Buffer.from(bytes.subarray(0, checked('lgetxattr', get, name)));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (['ENODATA', 'ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'EACCES'].includes(code ?? '')) return undefined;
    throw error;
  }
}

/** Makes a FIFO or a device node; `mode` with the type bits (S_IFIFO, S_IFCHR, S_IFBLK). */
export function makeNode(path: string | Uint8Array, mode: number, major: number, minor: number): void {
  // gnu_dev_makedev, see makedev(3).
  const device =
    ((BigInt(major) & 0xfffff000n) << 32n) |
    ((BigInt(major) & 0xfffn) << 8n) |
    ((BigInt(minor) & 0xffffff00n) << 12n) |
    (BigInt(minor) & 0xffn);
  checked('mknod', () => libc().mknod(cString(path), mode, device), String(path));
}

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;

/** Sets both times to the nanosecond, of a symlink itself; node:fs loses digits, and Bun's takes none before 1970. */
export function setTimes(path: string | Uint8Array, seconds: number, nanoseconds: number): void {
  const times = new BigInt64Array([seconds, nanoseconds, seconds, nanoseconds].map(BigInt));
  checked(
    'utimensat',
    () => libc().utimensat(AT_FDCWD, cString(path), times, AT_SYMLINK_NOFOLLOW),
    String(path),
  );
}
