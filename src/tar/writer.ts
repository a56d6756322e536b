import { blockBytes, padding } from './fields.ts';
import type { TarTime } from './pax.ts';
import type { TarEntry, TarEntryType } from './reader.ts';

/**
 * Writes tar archives as POSIX.1-2017 pax has them: ustar headers, and an extended header only where a field
 * does not fit. Paths are byte strings as in `reader.ts`.
 */
const flagOf: Readonly<Record<TarEntryType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

/** An entry with what most entries have left out. */
export type NewEntry = Pick<TarEntry, 'type' | 'path' | 'mode'> & Partial<TarEntry>;

/** What ends an archive. */
export const tarEnd = Buffer.alloc(2 * blockBytes);

/** The blocks before a file's content; `padding` says how many zero bytes follow it. */
export function entryHeader(entry: NewEntry): Buffer {
  const { path, linkPath = '', mtime = { seconds: 0, nanoseconds: 0 }, xattrs = new Map() } = entry;
  const { uid = 0, gid = 0, size = 0 } = entry;
  const records: Buffer[] = [];
  const text = (key: string, value: string, limit: number) => {
    if (value.length > limit || !/^\p{ASCII}*$/u.test(value)) records.push(record(key, latin1(value)));
  };
  const number = (key: string, value: number, digits: number) => {
    if (value >= 8 ** digits) records.push(record(key, latin1(String(value))));
  };
  text('path', path, 100);
  text('linkpath', linkPath, 100);
  number('uid', uid, 7);
  number('gid', gid, 7);
  number('size', size, 11);
  if (mtime.nanoseconds !== 0 || mtime.seconds < 0 || mtime.seconds >= 8 ** 11)
    records.push(record('mtime', latin1(timeText(mtime))));
  for (const [name, value] of xattrs) records.push(record(`SCHILY.xattr.${name}`, value));
  const header = ustar({ ...entry, linkPath, uid, gid, size, mtime });
  if (records.length === 0) return header;
  const body = Buffer.concat(records);
  const extended = ustar({ type: 'file', path: 'PaxHeaders/entry', mode: 0o644, size: body.length }, 'x');
  return Buffer.concat([extended, body, Buffer.alloc(padding(body.length)), header]);
}

/** A whole entry whose content is at hand. */
export function wholeEntry(entry: NewEntry, content: Uint8Array = new Uint8Array()): Buffer {
  const header = entryHeader({ ...entry, size: content.length });
  return Buffer.concat([header, content, Buffer.alloc(padding(content.length))]);
}

function ustar(entry: NewEntry, flag = flagOf[entry.type]): Buffer {
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, offset: number, digits: number) => {
    const fits = value >= 0 && value < 8 ** digits;
    block.write(`${(fits ? value : 0).toString(8).padStart(digits, '0')}\0`, offset, 'latin1');
  };
  block.write(entry.path, 0, 100, 'latin1');
  octal(entry.mode, 100, 7);
  octal(entry.uid ?? 0, 108, 7);
  octal(entry.gid ?? 0, 116, 7);
  octal(entry.size ?? 0, 124, 11);
  octal(entry.mtime?.seconds ?? 0, 136, 11);
  block.write('        ', 148, 'latin1');
  block.write(flag, 156, 'latin1');
  block.write(entry.linkPath ?? '', 157, 100, 'latin1');
  block.write('ustar\u000000', 257, 'latin1');
  octal(entry.deviceMajor ?? 0, 329, 7);
  octal(entry.deviceMinor ?? 0, 337, 7);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** `LENGTH KEY=VALUE\n`, where LENGTH counts itself. */
function record(key: string, value: Uint8Array): Buffer {
  const rest = Buffer.concat([latin1(` ${key}=`), value, latin1('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([latin1(String(length)), rest]);
}

function timeText({ seconds, nanoseconds }: TarTime): string {
  if (nanoseconds === 0) return String(seconds);
  const [whole, part] = seconds < 0 ? [-seconds - 1, 1e9 - nanoseconds] : [seconds, nanoseconds];
  const digits = String(part).padStart(9, '0').replace(/0+$/, '');
  return `${seconds < 0 ? '-' : ''}${whole}.${digits}`;
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
