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
