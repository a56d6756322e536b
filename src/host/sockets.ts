import { closeSync, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { checked, libc } from './libc.ts';

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
    const address = unixAddress(reachable);
    const socket = checked('socket', () => libc().socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    fd = socket;
    checked('connect', () => libc().connect(socket, address, address.length), path);
    return socket;
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    throw error;
  } finally {
    if (directory !== undefined) closeSync(directory);
  }
}

/** sockaddr_un of unix(7), as long as it must be. */
export function unixAddress(path: string): Buffer {
  const text = Buffer.from(path);
  if (text.length >= unixPathBytes) throw new RangeError(`${path} is too long for a socket's address`);
  const address = Buffer.alloc(2 + text.length + 1);
  address.writeUInt16LE(AF_UNIX, 0);
  text.copy(address, 2);
  return address;
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

/** setsockopt(2) with a number. */
export function setOption(fd: number, level: number, option: number, value: number): void {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32LE(value);
  checked('setsockopt', () => libc().setsockopt(fd, level, option, buffer, 4));
}

/** sockaddr_in of ip(7), sockaddr_in6 of ipv6(7): ports and addresses in network byte order. */
export function socketAddress(ip: string, port: number): Buffer {
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
