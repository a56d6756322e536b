import { dlopen, FFIType, read } from 'bun:ffi';
import { closeSync, constants, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { getSystemErrorMessage, getSystemErrorName } from 'node:util';

/** System calls that neither `node:` APIs nor a tool offers. The only file that calls into C. */

const symbols = {
  __errno_location: { args: [], returns: FFIType.ptr },
  bind: { args: [FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
  cfmakeraw: { args: [FFIType.ptr], returns: FFIType.void },
  chroot: { args: [FFIType.ptr], returns: FFIType.i32 },
  connect: { args: [FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
  fcntl: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  flock: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  inet_pton: { args: [FFIType.i32, FFIType.ptr, FFIType.ptr], returns: FFIType.i32 },
  ioctl: { args: [FFIType.i32, FFIType.u64, FFIType.ptr], returns: FFIType.i32 },
  lsetxattr: {
    args: [FFIType.ptr, FFIType.ptr, FFIType.ptr, FFIType.u64, FFIType.i32],
    returns: FFIType.i32,
  },
  mknod: { args: [FFIType.ptr, FFIType.u32, FFIType.u64], returns: FFIType.i32 },
  listen: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  mkfifo: { args: [FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
  mount: {
    args: [FFIType.ptr, FFIType.ptr, FFIType.ptr, FFIType.u64, FFIType.ptr],
    returns: FFIType.i32,
  },
  umount2: { args: [FFIType.ptr, FFIType.i32], returns: FFIType.i32 },
  setsockopt: {
    args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.u32],
    returns: FFIType.i32,
  },
  shutdown: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  pipe2: { args: [FFIType.ptr, FFIType.i32], returns: FFIType.i32 },
  socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  tcgetattr: { args: [FFIType.i32, FFIType.ptr], returns: FFIType.i32 },
  tcsetattr: { args: [FFIType.i32, FFIType.i32, FFIType.ptr], returns: FFIType.i32 },
  utimensat: { args: [FFIType.i32, FFIType.ptr, FFIType.ptr, FFIType.i32], returns: FFIType.i32 },
  syscall: { args: [FFIType.i64, FFIType.i32, FFIType.ptr, FFIType.ptr, FFIType.u64], returns: FFIType.i64 },
} as const;

let loaded: ReturnType<typeof load> | undefined;
function load() {
  return dlopen('libc.so.6', symbols).symbols;
}
export function libc(): ReturnType<typeof load> {
  loaded ??= load();
  return loaded;
}

/** An error as node:fs throws it: `code` (`EAGAIN`), `errno` (negative), `syscall`. */
function systemError(syscall: string, errno: number, subject?: string): NodeJS.ErrnoException {
  const code = getSystemErrorName(-errno);
  const what = subject === undefined ? syscall : `${syscall} '${subject}'`;
  const error: NodeJS.ErrnoException = new Error(`${code}: ${getSystemErrorMessage(-errno)}, ${what}`);
  return Object.assign(error, { code, errno: -errno, syscall });
}

/** Must follow the failed call at once: the runtime makes system calls of its own. */
function lastErrno(): number {
  const address = libc().__errno_location();
  return address === null ? 0 : read.i32(address, 0);
}

const EINTR = 4;

/** Runs a call that returns -1 on failure; throws what errno says. */
export function checked(syscall: string, call: () => number, subject?: string): number {
  for (;;) {
    const result = call();
    if (result !== -1) return result;
    const errno = lastErrno();
    if (errno !== EINTR) throw systemError(syscall, errno, subject);
  }
}

export interface FileLock {
  /** Idempotent. The kernel releases the lock of a process that ended, too. */
  release(): void;
}

const lockOperation = { shared: 1, exclusive: 2 } as const;
const LOCK_NB = 4;

/**
 * Takes an advisory flock(2) on a file, made where it is missing. Where another holds it, blocks the whole
 * thread with `wait`, else returns undefined. A process that locks a path twice waits for itself.
 */
export function lockFile(
  path: string,
  mode: keyof typeof lockOperation,
  options: { readonly wait: boolean },
): FileLock | undefined {
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    const operation = lockOperation[mode] | (options.wait ? 0 : LOCK_NB);
    checked('flock', () => libc().flock(fd, operation), path);
  } catch (error) {
    closeSync(fd);
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
  let held = true;
  return {
    release() {
      if (held) closeSync(fd);
      held = false;
    },
  };
}

/**
 * As `lockFile` with `wait`, but polls, so that timers and signal handlers of this process go on.
 * Undefined after `timeoutMs`.
 */
export async function waitForLock(
  path: string,
  mode: keyof typeof lockOperation,
  timeoutMs: number,
): Promise<FileLock | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 20)) {
    const lock = lockFile(path, mode, { wait: false });
    if (lock || performance.now() > deadline) return lock;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const SOCK_CLOEXEC = 0o2000000;
/** sockaddr_un: a 2-byte family, then at most 107 bytes and a NUL, see unix(7). */
const unixPathBytes = 108;

/**
 * Connects to a Unix socket of type SOCK_SEQPACKET, which node:net does not have, and returns its fd; every
 * fs.read and fs.write on it is one packet. Throws ECONNREFUSED, ENOENT, … as node:fs does.
 */
export function connectSeqpacket(path: string): number {
  // A path too long for sockaddr_un is reached through its directory's file descriptor.
  const directory = Buffer.byteLength(path) < unixPathBytes ? undefined : openSync(dirname(path), 'r');
  let fd: number | undefined;
  try {
    const reachable = directory === undefined ? path : `/proc/self/fd/${directory}/${basename(path)}`;
    const address = Buffer.alloc(2 + unixPathBytes);
    address.writeUInt16LE(AF_UNIX, 0);
    const length = 2 + address.write(reachable, 2) + 1;
    const socket = checked('socket', () => libc().socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    fd = socket;
    checked('connect', () => libc().connect(socket, address, length), path);
    return socket;
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    throw error;
  } finally {
    if (directory !== undefined) closeSync(directory);
  }
}

const F_DUPFD_CLOEXEC = 1030;

/** A second descriptor of the same open file, which no other program inherits. */
export function duplicateFd(fd: number): number {
  return checked('fcntl', () => libc().fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

const SHUT_WR = 1;

/** Half-closes a socket: the peer reads an end of file, this side can still read. */
export function shutdownWrite(fd: number): void {
  checked('shutdown', () => libc().shutdown(fd, SHUT_WR));
}

export const O_CLOEXEC = 0o2000000;

/** A pipe whose ends no other program inherits unless they are passed to it. */
export function pipe(): { readonly readFd: number; readonly writeFd: number } {
  const fds = new Int32Array(2);
  checked('pipe2', () => libc().pipe2(fds, O_CLOEXEC));
  return { readFd: fds[0] as number, writeFd: fds[1] as number };
}

const AF_INET = 2;
const AF_INET6 = 10;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const SO_REUSEADDR = 2;
const SOL_SOCKET = 1;
const SOCK_DGRAM = 2;
const SOCK_STREAM = 1;
const listenBacklog = 4096;

/**
 * Binds a host port and returns the fd (close-on-exec); a TCP one listens. `ip` is a literal; `::` serves IPv4
 * as well, and `0.0.0.0` takes its place where the host has no IPv6. Node's own servers are not used because
 * the runtime may set SO_REUSEPORT, with which two owners of one port do not notice each other.
 * With `use: 'hold'` a TCP one refuses connections and keeps others from the port; connections of before that
 * are still in TIME_WAIT stand in its way. Throws EADDRINUSE, EACCES, EADDRNOTAVAIL as node:net does.
 */
export function bindPort(
  protocol: 'tcp' | 'udp',
  ip: string,
  port: number,
  use: 'serve' | 'hold' = 'serve',
): number {
  const type = (protocol === 'tcp' ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC;
  const listens = protocol === 'tcp' && use === 'serve';
  const subject = ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
  let family = ip.includes(':') ? AF_INET6 : AF_INET;
  let address = socketAddress(ip, port);
  let fd: number;
  try {
    fd = checked('socket', () => libc().socket(family, type, 0));
  } catch (error) {
    if (ip !== '::' || (error as NodeJS.ErrnoException).code !== 'EAFNOSUPPORT') throw error;
    family = AF_INET;
    address = socketAddress('0.0.0.0', port);
    fd = checked('socket', () => libc().socket(family, type, 0));
  }
  try {
    if (family === AF_INET6) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, ip === '::' ? 0 : 1);
    // Two sockets that both allow reuse may share a port as long as neither listens.
    if (listens) setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    checked('bind', () => libc().bind(fd, address, address.length), subject);
    if (listens) checked('listen', () => libc().listen(fd, listenBacklog), subject);
    return fd;
  } catch (error) {
    closeSync(fd);
    const noIpv6 = (error as NodeJS.ErrnoException).code === 'EADDRNOTAVAIL' && ip === '::';
    if (noIpv6) return bindPort(protocol, '0.0.0.0', port, use);
    throw error;
  }
}

function setOption(fd: number, level: number, option: number, value: number): void {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32LE(value);
  checked('setsockopt', () => libc().setsockopt(fd, level, option, buffer, 4));
}

/** sockaddr_in of ip(7), sockaddr_in6 of ipv6(7): ports and addresses in network byte order. */
function socketAddress(ip: string, port: number): Buffer {
  const sixth = ip.includes(':');
  const family = sixth ? AF_INET6 : AF_INET;
  const address = Buffer.alloc(sixth ? 28 : 16);
  address.writeUInt16LE(family, 0);
  address.writeUInt16BE(port, 2);
  const text = Buffer.from(`${ip}\0`);
  const target = address.subarray(sixth ? 8 : 4);
  if (libc().inet_pton(family, text, target) !== 1) {
    throw Object.assign(new Error(`${ip} is not an IP address`), { code: 'EINVAL' });
  }
  return address;
}

/** mkfifo(3). Throws EEXIST, ENOENT as node:fs does. */
export function makeFifo(path: string, mode: number): void {
  checked('mkfifo', () => libc().mkfifo(Buffer.from(`${path}\0`), mode), path);
}

function cString(text: string | Uint8Array): Uint8Array {
  return Buffer.concat([typeof text === 'string' ? Buffer.from(text) : text, Buffer.alloc(1)]);
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
