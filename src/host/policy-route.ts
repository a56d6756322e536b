import { closeSync, readSync, writeSync } from 'node:fs';
import { checked, libc, O_CLOEXEC } from './libc.ts';

/** Policy routing by rtnetlink(7): `ip` would do it too, but takes a process for each address family. */

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const NETLINK_ROUTE = 0;
const RTM_NEWROUTE = 24;
const RTM_NEWRULE = 32;
/** NLM_F_REQUEST, NLM_F_ACK, NLM_F_EXCL, NLM_F_CREATE. */
const makeNew = 0x1 | 0x4 | 0x200 | 0x400;
const headerBytes = 16;
const families = { 4: 2, 6: 10 } as const;
const RTPROT_STATIC = 4;
const RT_SCOPE_HOST = 254;
const RTN_LOCAL = 2;
const RTA_OIF = 4;
const RTA_TABLE = 15;
const FR_ACT_TO_TBL = 1;
const FRA_PRIORITY = 6;
const FRA_FWMARK = 10;
const FRA_TABLE = 15;
/** `lo` of every network namespace. */
const loopbackIndex = 1;

export interface MarkedRoute {
  readonly mark: number;
  /** Of routing tables; must be free. */
  readonly table: number;
  /** Of rules, asked before the main table's 32766. */
  readonly priority: number;
}

/**
 * From now on packets of this network namespace with that mark are taken for its own, wherever they are addressed
 * to: `ip rule add fwmark MARK lookup TABLE`, `ip route add local default dev lo table TABLE`. Idempotent.
 * Throws EPERM, EAFNOSUPPORT, …
 */
export function deliverMarked(family: 4 | 6, { mark, table, priority }: MarkedRoute): void {
  const route = [families[family], 0, 0, 0, 0, RTPROT_STATIC, RT_SCOPE_HOST, RTN_LOCAL, 0, 0, 0, 0];
  const rule = [families[family], 0, 0, 0, 0, 0, 0, FR_ACT_TO_TBL, 0, 0, 0, 0];
  const fd = checked('socket', () => libc().socket(AF_NETLINK, SOCK_RAW | O_CLOEXEC, NETLINK_ROUTE));
  try {
    request(fd, RTM_NEWROUTE, route, [
      [RTA_TABLE, table],
      [RTA_OIF, loopbackIndex],
    ]);
    request(fd, RTM_NEWRULE, rule, [
      [FRA_PRIORITY, priority],
      [FRA_FWMARK, mark],
      [FRA_TABLE, table],
    ]);
  } finally {
    closeSync(fd);
  }
}

/** A message and its acknowledgement, see netlink(7). */
function request(fd: number, type: number, header: readonly number[], attributes: [number, number][]): void {
  const message = Buffer.alloc(headerBytes + header.length + 8 * attributes.length);
  message.writeUInt32LE(message.length, 0);
  message.writeUInt16LE(type, 4);
  message.writeUInt16LE(makeNew, 6);
  message.set(header, headerBytes);
  for (const [index, [attribute, value]] of attributes.entries()) {
    const at = headerBytes + header.length + 8 * index;
    message.writeUInt16LE(8, at);
    message.writeUInt16LE(attribute, at + 2);
    message.writeUInt32LE(value, at + 4);
  }
  writeSync(fd, message);
  const answer = Buffer.alloc(4096);
  readSync(fd, answer);
  const code = answer.readInt32LE(headerBytes);
  const { getSystemErrorName } = process.getBuiltinModule('node:util');
  const name = code === 0 ? undefined : getSystemErrorName(code);
  if (name === undefined || name === 'EEXIST') return;
  throw Object.assign(new Error(`${name}: rtnetlink message ${type}`), {
    code: name,
  });
}
