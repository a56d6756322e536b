import { dlopen, FFIType, ptr, read } from 'bun:ffi';

/**
 * The door to C, for system calls that neither `node:` APIs nor a tool offers, or that are called too often for
 * a program each. What is done with them stands in locks.ts, sockets.ts, mounts.ts and nodes.ts.
 */

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
  lgetxattr: { args: [FFIType.ptr, FFIType.ptr, FFIType.ptr, FFIType.u64], returns: FFIType.i64 },
  llistxattr: { args: [FFIType.ptr, FFIType.ptr, FFIType.u64], returns: FFIType.i64 },
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
  recvmsg: { args: [FFIType.i32, FFIType.ptr, FFIType.i32], returns: FFIType.i64 },
  sendmsg: { args: [FFIType.i32, FFIType.ptr, FFIType.i32], returns: FFIType.i64 },
  setsockopt: {
    args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.u32],
    returns: FFIType.i32,
  },
  shutdown: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  pipe2: { args: [FFIType.ptr, FFIType.i32], returns: FFIType.i32 },
  socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  socketpair: { args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr], returns: FFIType.i32 },
  tcgetattr: { args: [FFIType.i32, FFIType.ptr], returns: FFIType.i32 },
  tcsetattr: { args: [FFIType.i32, FFIType.i32, FFIType.ptr], returns: FFIType.i32 },
  utimensat: { args: [FFIType.i32, FFIType.ptr, FFIType.ptr, FFIType.i32], returns: FFIType.i32 },
  syscall: { args: [FFIType.i64, FFIType.i32, FFIType.ptr, FFIType.ptr, FFIType.u64], returns: FFIType.i64 },
} as const;

type Name = keyof typeof symbols;
type Libc = ReturnType<typeof dlopen<typeof symbols>>['symbols'];

/** Each function is bound at its first call: all of them at once take half a millisecond, and a command needs few. */
const bound = Object.defineProperties(
  {},
  Object.fromEntries(
    (Object.keys(symbols) as Name[]).map((name) => [name, { configurable: true, get: () => bind(name) }]),
  ),
) as Libc;

function bind(name: Name): unknown {
  const value = dlopen('libc.so.6', { [name]: symbols[name] }).symbols[name];
  Object.defineProperty(bound, name, { value });
  return value;
}

export function libc(): Libc {
  return bound;
}

let loadedTreeCall: ReturnType<typeof loadTreeCall> | undefined;
function loadTreeCall() {
  const { i32, i64, ptr, u64 } = FFIType;
  return dlopen('libc.so.6', { syscall: { args: [i64, i32, ptr, i64, ptr, u64], returns: i64 } }).symbols;
}

/** open_tree, move_mount and mount_setattr, which are newer than the C libraries in use: one shape fits all. */
export function treeCall(
  number: number,
  fd: number,
  path: Uint8Array,
  flags: number,
  pointer: Uint8Array | BigUint64Array,
  last: number,
): number {
  loadedTreeCall ??= loadTreeCall();
  return Number(loadedTreeCall.syscall(number, fd, path, flags, pointer, last));
}

/** An error as node:fs throws it: `code` (`EAGAIN`), `errno` (negative), `syscall`. */
function systemError(syscall: string, errno: number, subject?: string): NodeJS.ErrnoException {
  // Only here: importing it costs every command a millisecond.
  const { getSystemErrorMessage, getSystemErrorName } = process.getBuiltinModule('node:util');
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

/** Where a buffer lies, for structures that point at it. Only as long as somebody holds the buffer. */
export function addressOf(buffer: Uint8Array): bigint {
  return BigInt(ptr(buffer));
}

/** A path or name as C takes it. */
export function cString(text: string | Uint8Array): Uint8Array {
  return Buffer.concat([typeof text === 'string' ? Buffer.from(text) : text, Buffer.alloc(1)]);
}

export const O_CLOEXEC = 0o2000000;

const F_SETPIPE_SZ = 1031;
const pipeBytes = 1 << 20;

/** Lets writer and reader go each at its own pace; where the kernel refuses, they wait for each other more often. */
export function widenPipe(fd: number): void {
  libc().fcntl(fd, F_SETPIPE_SZ, pipeBytes);
}

/** A pipe whose ends no other program inherits unless they are passed to it. */
export function pipe(): { readonly readFd: number; readonly writeFd: number } {
  const fds = new Int32Array(2);
  checked('pipe2', () => libc().pipe2(fds, O_CLOEXEC));
  return { readFd: fds[0] as number, writeFd: fds[1] as number };
}
