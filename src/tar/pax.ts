import { invalidTar } from './fields.ts';

/** Extended headers: POSIX.1-2017 pax, "pax Extended Header". */

export interface TarTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** Records of the form `LENGTH KEY=VALUE\n`, where LENGTH counts the whole record. */
export function parsePax(bytes: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>();
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(0x20, at);
    const length = space < 0 ? Number.NaN : Number(bytes.toString('latin1', at, space));
    const end = at + length;
    const equals = bytes.indexOf(0x3d, space);
    const whole = Number.isInteger(length) && end <= bytes.length && equals > space && equals < end;
    if (!whole || bytes[end - 1] !== 0x0a) throw invalidTar('a pax record is malformed');
    const key = bytes.toString('latin1', space + 1, equals);
    // Version 0.0 of GNU's sparse format repeats its keys.
    const earlier = key.startsWith('GNU.sparse.') ? records.get(key) : undefined;
    const value = Buffer.from(bytes.subarray(equals + 1, end - 1));
    records.set(key, earlier ? Buffer.concat([earlier, Buffer.from(','), value]) : value);
    at = end;
  }
  return records;
}

/** An empty value deletes the record. */
export function paxText(pax: ReadonlyMap<string, Buffer>, key: string): string | undefined {
  const text = pax.get(key)?.toString('latin1');
  if (text?.includes('\0')) throw invalidTar(`the pax record ${key} holds a NUL byte`);
  return text || undefined;
}

export function paxNumber(pax: ReadonlyMap<string, Buffer>, key: string): number {
  const text = pax.get(key)?.toString('latin1') ?? '';
  if (!/^\d{1,15}$/.test(text)) throw invalidTar(`the pax record ${key} is not a number`);
  return Number(text);
}

export function paxTime(pax: ReadonlyMap<string, Buffer>): TarTime {
  const text = pax.get('mtime')?.toString('latin1') ?? '';
  const parts = /^(-?)(\d{1,12})(?:\.(\d*))?$/.exec(text);
  if (!parts) throw invalidTar('the pax record mtime is not a time');
  const seconds = Number(parts[2]);
  const nanoseconds = Number((parts[3] ?? '').padEnd(9, '0').slice(0, 9));
  if (parts[1] !== '-') return { seconds, nanoseconds };
  return nanoseconds === 0
    ? { seconds: -seconds, nanoseconds: 0 }
    : { seconds: -seconds - 1, nanoseconds: 1e9 - nanoseconds };
}

const noXattrs: ReadonlyMap<string, Buffer> = new Map();
const xattrPrefix = 'SCHILY.xattr.';

/** Extended attributes as star and GNU tar write them. */
export function xattrsOf(pax: ReadonlyMap<string, Buffer>): ReadonlyMap<string, Buffer> {
  if (pax.size === 0) return noXattrs;
  const found = new Map<string, Buffer>();
  for (const [key, value] of pax) {
    if (key.startsWith(xattrPrefix)) found.set(key.slice(xattrPrefix.length), value);
  }
  return found;
}
