import { closeSync, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { addressOf, checked, libc, O_CLOEXEC } from './libc.ts';
import { unixAddress } from './sockets.ts';

/**
 * Open files on their way from one process to another: messages of a Unix socket that carry descriptors (SCM_RIGHTS,
 * unix(7)). The kernel keeps them until they are received, or the receiving socket is closed.
 */

export interface FdMessage {
  /** Not empty. */
  readonly text: string;
  readonly fds: readonly number[];
}

/** The kernel takes at most 253 in one message. */
export const maxFdsPerMessage = 200;

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_SEQPACKET = 5;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;
/** Sizes in bytes on 64-bit Linux: struct msghdr, struct iovec, sockaddr_un, struct cmsghdr. */
const headerBytes = 56;
const vectorBytes = 16;
const addressBytes = 112;
const controlHeaderBytes = 16;
const controlBytes = controlHeaderBytes + maxFdsPerMessage * 4;
const controlAt = headerBytes + vectorBytes + addressBytes;
const textAt = controlAt + controlBytes;
const maxTextBytes = 64 * 1024;

/** A socket to receive at, bound to a path that is not there yet. Returns its fd, close-on-exec. */
export function openInbox(path: string): number {
  const fd = datagramSocket();
  try {
    throughDirectory(path, (reachable) => {
      const address = unixAddress(reachable);
      checked('bind', () => libc().bind(fd, address, address.length), path);
    });
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Two ends for messages, close-on-exec both: one for this process, one for a program to inherit. */
export function fdChannel(): readonly [number, number] {
  const ends = new Int32Array(2);
  checked('socketpair', () => libc().socketpair(AF_UNIX, SOCK_SEQPACKET | O_CLOEXEC, 0, ends));
  return [ends[0] as number, ends[1] as number];
}

/** Returns before it has been received. Throws EPIPE where the other end is closed, EAGAIN where too much waits. */
export function sendFds(channel: number, message: FdMessage): void {
  send(channel, message);
}

/** As sendFds, to the inbox at a path. Throws ECONNREFUSED, ENOENT where nobody receives, EAGAIN. */
export function sendFdsTo(path: string, message: FdMessage): void {
  const socket = datagramSocket();
  try {
    throughDirectory(path, (reachable) => send(socket, message, unixAddress(reachable), path));
  } finally {
    closeSync(socket);
  }
}

function send(socket: number, { text, fds }: FdMessage, address?: Buffer, subject?: string): void {
  if (fds.length > maxFdsPerMessage)
    throw new RangeError(`${fds.length} descriptors are too many for a message`);
  const used = controlHeaderBytes + fds.length * 4;
  const message = layOut(Buffer.from(text), used, address);
  message.writeBigUInt64LE(BigInt(used), controlAt);
  message.writeInt32LE(SOL_SOCKET, controlAt + 8);
  message.writeInt32LE(SCM_RIGHTS, controlAt + 12);
  for (const [index, fd] of fds.entries()) {
    message.writeInt32LE(fd, controlAt + controlHeaderBytes + index * 4);
  }
  const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
  checked('sendmsg', () => Number(libc().sendmsg(socket, message, flags)), subject);
}

/**
 * The next message; undefined where none waits. With `wait` blocks the whole thread until there is one, and is undefined
 * where the other end of a channel is closed.
 */
export function receiveFds(socket: number, { wait = false } = {}): FdMessage | undefined {
  const message = layOut(Buffer.alloc(maxTextBytes), controlBytes);
  let length: number;
  try {
    const flags = (wait ? 0 : MSG_DONTWAIT) | MSG_CMSG_CLOEXEC;
    length = checked('recvmsg', () => Number(libc().recvmsg(socket, message, flags)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
  if (length === 0) return undefined;
  // The kernel has written how much of both there is.
  const carried = message.readBigUInt64LE(40) > 0n ? Number(message.readBigUInt64LE(controlAt)) : 0;
  const fds: number[] = [];
  for (let at = controlHeaderBytes; at < carried; at += 4) fds.push(message.readInt32LE(controlAt + at));
  return { text: message.toString('utf8', textAt, textAt + length), fds };
}

/** A struct msghdr and all that it points at in one buffer, so that nothing of it is freed before the rest. */
function layOut(text: Buffer, control: number, address?: Buffer): Buffer {
  const message = Buffer.alloc(textAt + text.length);
  const start = addressOf(message);
  if (address) {
    message.writeBigUInt64LE(start + BigInt(headerBytes + vectorBytes), 0);
    message.writeUInt32LE(address.length, 8);
    address.copy(message, headerBytes + vectorBytes);
  }
  message.writeBigUInt64LE(start + BigInt(headerBytes), 16);
  message.writeBigUInt64LE(1n, 24);
  message.writeBigUInt64LE(start + BigInt(controlAt), 32);
  message.writeBigUInt64LE(BigInt(control), 40);
  message.writeBigUInt64LE(start + BigInt(textAt), headerBytes);
  message.writeBigUInt64LE(BigInt(text.length), headerBytes + 8);
  text.copy(message, textAt);
  return message;
}

function datagramSocket(): number {
  return checked('socket', () => libc().socket(AF_UNIX, SOCK_DGRAM | O_CLOEXEC, 0));
}

/** A path too long for sockaddr_un is reached through its directory's descriptor. */
function throughDirectory(path: string, use: (reachable: string) => void): void {
  const directory = openSync(dirname(path), 'r');
  try {
    use(`/proc/self/fd/${directory}/${basename(path)}`);
  } finally {
    closeSync(directory);
  }
}
