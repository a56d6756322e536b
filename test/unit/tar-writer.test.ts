import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { plainCapability } from '../../src/tar/capability.ts';
import { type PackOptions, pack } from '../../src/tar/pack.ts';
import { type TarEntry, TarReader } from '../../src/tar/reader.ts';
import { entryHeader, type NewEntry, tarEnd, wholeEntry } from '../../src/tar/writer.ts';

interface Read {
  readonly entry: TarEntry;
  readonly content: string;
}

function read(archive: Uint8Array): Read[] {
  const found: Read[] = [];
  let current: { entry: TarEntry; content: Buffer } | undefined;
  const reader = new TarReader({
    entry: (entry) => {
      current = { entry, content: Buffer.alloc(entry.size) };
    },
    data: (chunk, position) => current?.content.set(chunk, position),
    end: () => {
      if (current) found.push({ entry: current.entry, content: current.content.toString() });
    },
  });
  reader.write(Buffer.from(archive));
  reader.finish();
  return found;
}

describe('a tar archive as it is written', () => {
  const whole: NewEntry = {
    type: 'symlink',
    path: `${'d'.repeat(120)}/n`,
    linkPath: 't'.repeat(101),
    mode: 0o4755,
    uid: 3_000_000,
    gid: 8 ** 7,
    mtime: { seconds: -2, nanoseconds: 5_000_000 },
    xattrs: new Map([['user.note', Buffer.from([0, 255])]]),
  };

  it.each<[string, NewEntry]>([
    ['what needs an extended header', whole],
    ['what does not', { type: 'directory', path: 'd/', mode: 0o755, mtime: { seconds: 7, nanoseconds: 0 } }],
    ['names that are no UTF-8', { type: 'hardlink', path: '\xff\xfe', linkPath: '\xe4', mode: 0o600 }],
    ['a device', { type: 'char', path: 'null', mode: 0o666, deviceMajor: 1, deviceMinor: 3 }],
  ])('B2: is read as it was: %s', (_, entry) => {
    const [found] = read(Buffer.concat([wholeEntry(entry), tarEnd]));
    expect(found?.entry).toMatchObject(entry);
  });

  it('B2: a size that octal digits cannot hold stands in the extended header', () => {
    const header = entryHeader({ type: 'file', path: 'large', mode: 0o644, size: 8 ** 11 + 5 });
    expect(header.toString('latin1')).toContain(' size=8589934597\n');
  });
});

describe('a directory as an archive', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'pack-'));
    mkdirSync(join(dir, 'b/empty'), { recursive: true });
    writeFileSync(join(dir, 'b/file'), 'content');
    linkSync(join(dir, 'b/file'), join(dir, 'hard'));
    symlinkSync('../nowhere', join(dir, 'link'));
    utimesSync(join(dir, 'b/file'), 1, 1.5);
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const packed = (options: Partial<PackOptions> = {}) =>
    Buffer.concat([...pack({ from: dir, name: '', ...options })]);
  const paths = (options?: Partial<PackOptions>) => read(packed(options)).map(({ entry }) => entry.path);

  it('B1: holds everything once, in the order of names, under the name that was asked for', () => {
    expect(paths()).toEqual(['./', 'b/', 'b/empty/', 'b/file', 'hard', 'link']);
    expect(paths({ name: 'top/x' })).toContain('top/x/b/file');
    expect(paths({ without: new Set(['b/empty', 'hard']) })).toEqual(['./', 'b/', 'b/file', 'link']);
    const [, , , file, hard, link] = read(packed({ preciseTimes: true, owner: { uid: 5, gid: 6 } }));
    expect(file).toMatchObject({
      content: 'content',
      entry: { uid: 5, gid: 6, mtime: { seconds: 1, nanoseconds: 500_000_000 } },
    });
    expect(hard?.entry).toMatchObject({ type: 'hardlink', linkPath: 'b/file' });
    expect(link?.entry).toMatchObject({ type: 'symlink', linkPath: '../nowhere' });
  });

  it('B1: is the same each time, and what GNU tar reads', () => {
    expect(packed().equals(packed())).toBe(true);
    const listed = execFileSync('tar', ['tf', '-'], { input: packed() }).toString();
    expect(listed.trim().split('\n')).toEqual(['./', 'b/', 'b/empty/', 'b/file', 'hard', 'link']);
  });

  it('B1: the kernel’s own file systems are left out', () => {
    const [proc, ...rest] = [...pack({ from: '/proc', name: 'proc' })];
    expect(read(Buffer.concat([proc as Buffer, ...rest])).map(({ entry }) => entry.path)).toEqual(['proc/']);
  });
});

describe('capabilities of files', () => {
  it('E2: lose the user namespace that they were given in', () => {
    const capabilities = '0004000000000000000000000000000000';
    const third = Buffer.from(`01000003${capabilities.slice(0, 32)}400d0300`, 'hex');
    expect(plainCapability(third).toString('hex')).toBe(`01000002${capabilities.slice(0, 32)}`);
    const second = Buffer.from(`01000002${capabilities.slice(0, 32)}`, 'hex');
    expect(plainCapability(second)).toEqual(second);
  });
});
