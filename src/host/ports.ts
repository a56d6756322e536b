import { closeSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { endianness } from 'node:os';
import { bindPort } from './sockets.ts';

/** Who holds a port of the host, as far as this user may see: for error messages. */

export interface BoundSocket {
  /** As /proc writes it: 8 or 32 hex digits, 32-bit words in the host's byte order. */
  readonly address: string;
  readonly port: number;
  readonly inode: string;
  readonly uid: number;
  readonly listening: boolean;
}

const TCP_LISTEN = '0A';

/** The lines of /proc/net/{tcp,tcp6,udp,udp6}, see proc(5). */
export function parseSocketTable(text: string): BoundSocket[] {
  const sockets: BoundSocket[] = [];
  for (const line of text.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const [address, port] = (fields[1] ?? '').split(':');
    const inode = fields[9];
    if (!address || !port || inode === undefined) continue;
    sockets.push({
      address,
      port: Number.parseInt(port, 16),
      inode,
      uid: Number(fields[7]),
      listening: fields[3] === TCP_LISTEN,
    });
  }
  return sockets;
}

/**
 * `nginx (pid 4711)` or `a process of user 1000`; undefined where nothing holds the port. `ip` empty means all
 * addresses, so that any holder of the port counts.
 */
export function describeHolder(protocol: 'tcp' | 'udp', ip: string, port: number): string | undefined {
  const [holder] = findBound(protocol, ip, port);
  return holder && describeBound(holder);
}

/**
 * As `describeHolder`, for a port that is probably free: the kernel is asked by binding it for a moment, since its
 * tables take milliseconds to read.
 */
export function findHolder(protocol: 'tcp' | 'udp', ip: string, port: number): string | undefined {
  try {
    closeSync(bindPort(protocol, ip || '::', port, 'hold'));
    return undefined;
  } catch {
    return describeHolder(protocol, ip, port);
  }
}

/** Sockets that keep others from the port; `netDir` is `/proc/PID/net` for another network namespace. */
export function findBound(
  protocol: 'tcp' | 'udp',
  ip: string,
  port: number,
  netDir = '/proc/net',
): BoundSocket[] {
  const wanted = conflicting(ip);
  return [`${netDir}/${protocol}`, `${netDir}/${protocol}6`]
    .flatMap((path) => parseSocketTable(textOf(path)))
    .filter((socket) => socket.port === port && (protocol === 'udp' || socket.listening))
    .filter((socket) => wanted === undefined || wanted.has(socket.address));
}

/** As `describeHolder` says it. */
export function describeBound({ inode, uid }: BoundSocket): string {
  return processHolding(inode) ?? `a process of user ${uid}`;
}

/** The addresses as /proc writes them that keep `ip` from being bound; undefined for any. */
function conflicting(ip: string): ReadonlySet<string> | undefined {
  if (ip === '' || ip === '::' || ip === '0.0.0.0') return undefined;
  const anyIpv6 = '0'.repeat(32);
  if (ip.includes(':')) return new Set([anyIpv6, procAddress(expandIpv6(ip))]);
  const bytes = ip.split('.').map(Number);
  return new Set(['00000000', anyIpv6, procAddress(bytes), procAddress([...mappedPrefix, ...bytes])]);
}

const mappedPrefix = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

function procAddress(bytes: readonly number[]): string {
  const hex = (byte: number) => byte.toString(16).padStart(2, '0').toUpperCase();
  let text = '';
  for (let word = 0; word < bytes.length; word += 4) {
    const four = bytes.slice(word, word + 4);
    text += (endianness() === 'LE' ? four.reverse() : four).map(hex).join('');
  }
  return text;
}

function expandIpv6(ip: string): number[] {
  const [head = '', tail] = ip.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const gap = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  return [...before, ...gap, ...after].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/** Sees the processes of this user, or all for root. */
function processHolding(inode: string): string | undefined {
  const link = `socket:[${inode}]`;
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      for (const fd of readdirSync(`/proc/${pid}/fd`)) {
        if (readlinkSync(`/proc/${pid}/fd/${fd}`) === link) return `${commandName(pid)} (pid ${pid})`;
      }
    } catch {
      // another user's, or ended meanwhile
    }
  }
  return undefined;
}

function commandName(pid: string): string {
  return textOf(`/proc/${pid}/comm`).trim() || 'a process';
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
