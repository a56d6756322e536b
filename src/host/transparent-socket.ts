import { closeSync } from 'node:fs';
import { checked, libc, O_CLOEXEC } from './libc.ts';
import { setOption, socketAddress } from './sockets.ts';

export interface Endpoint {
  /** A literal; both ends of a connection are of one family. */
  readonly ip: string;
  readonly port: number;
}

const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const AF_INET = 2;
const AF_INET6 = 10;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_MARK = 36;
const IPPROTO_IP = 0;
const IP_TRANSPARENT = 19;
const IPPROTO_IPV6 = 41;
const IPV6_TRANSPARENT = 75;
/** libuv has no name for it. */
const EINPROGRESS = 115;

/**
 * A socket that speaks as somebody else: bound to an address that need not be this host's (IP_TRANSPARENT, ip(7)),
 * its packets carrying `mark`. A TCP one is connecting when this returns, and writable once it has connected or
 * failed. Where the chosen port is taken, another one is. Returns the fd: non-blocking, close-on-exec.
 * Needs CAP_NET_ADMIN over the network namespace. Throws EPERM, EADDRNOTAVAIL, … as node:net does.
 */
export function openAs(
  protocol: 'tcp' | 'udp',
  speaker: Endpoint,
  to: Endpoint | undefined,
  mark: number,
): number {
  try {
    return open(protocol, speaker, to, mark);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (speaker.port === 0 || (code !== 'EADDRINUSE' && code !== 'EADDRNOTAVAIL')) throw error;
    return open(protocol, { ...speaker, port: 0 }, to, mark);
  }
}

function open(protocol: 'tcp' | 'udp', speaker: Endpoint, to: Endpoint | undefined, mark: number): number {
  const sixth = speaker.ip.includes(':');
  const type = (protocol === 'tcp' ? SOCK_STREAM : SOCK_DGRAM) | O_CLOEXEC | SOCK_NONBLOCK;
  const fd = checked('socket', () => libc().socket(sixth ? AF_INET6 : AF_INET, type, 0));
  try {
    if (sixth) setOption(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, 1);
    else setOption(fd, IPPROTO_IP, IP_TRANSPARENT, 1);
    setOption(fd, SOL_SOCKET, SO_MARK, mark);
    // A client that comes again finds its port in TIME_WAIT here.
    if (protocol === 'tcp') setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    const from = socketAddress(speaker.ip, speaker.port);
    checked('bind', () => libc().bind(fd, from, from.length), speaker.ip);
    if (to) connect(fd, to);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function connect(fd: number, to: Endpoint): void {
  const address = socketAddress(to.ip, to.port);
  try {
    checked('connect', () => libc().connect(fd, address, address.length), to.ip);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).errno !== -EINPROGRESS) throw error;
  }
}
