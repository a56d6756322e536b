import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type TarEntry, TarReader } from '../../src/tar/reader.ts';
import { header, makeTar, padded } from '../fixtures/tar.ts';

const top = fileURLToPath(new URL('../..', import.meta.url));

interface Read extends TarEntry {
  readonly content: string;
}

/** Reads in pieces of that many bytes. */
function read(tar: Buffer, pieceBytes = tar.length): Read[] {
  const entries: Read[] = [];
  let content = Buffer.alloc(0);
  let current: TarEntry | undefined;
  const reader = new TarReader({
    entry: (entry) => {
      current = entry;
      content = Buffer.alloc(entry.size);
    },
    data: (chunk, position) => {
      content.set(chunk, position);
    },
    end: () => {
      entries.push({ ...(current as TarEntry), content: content.toString('latin1') });
    },
  });
  for (let at = 0; at < tar.length; at += pieceBytes) reader.write(tar.subarray(at, at + pieceBytes));
  reader.finish();
  return entries;
}

function inDirectory<T>(work: (dir: string) => T): T {
  const dir = mkdtempSync(join(tmpdir(), 'peapod-tar-'));
  try {
    return work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const many = makeTar([
  { path: './', type: 'directory' },
  { path: 'empty' },
  { path: 'file', content: 'x'.repeat(1000), mode: 0o4755, uid: 7, gid: 8, mtimeSeconds: 1 },
  { path: 'exact', content: 'y'.repeat(1024) },
  { path: `deep/${'n'.repeat(150)}`, content: 'long' },
  { path: 'link', type: 'symlink', link: 't'.repeat(150) },
  { path: 'hard', type: 'hardlink', link: 'file' },
  { path: 'null', type: 'char', major: 1, minor: 3 },
  {
    path: 'attr',
    content: 'z',
    pax: { 'SCHILY.xattr.user.note': Buffer.from([0, 255, 10]), mtime: '12.000000345' },
  },
]);

describe('the tar reader', () => {
  it('B2: gives the same entries however the stream is cut', () => {
    const whole = read(many);
    expect(whole.map(({ path, type, size }) => [path.slice(0, 8), type, size])).toEqual([
      ['./', 'directory', 0],
      ['empty', 'file', 0],
      ['file', 'file', 1000],
      ['exact', 'file', 1024],
      ['deep/nnn', 'file', 4],
      ['link', 'symlink', 0],
      ['hard', 'hardlink', 0],
      ['null', 'char', 0],
      ['attr', 'file', 1],
    ]);
    for (const pieceBytes of [1, 7, 100, 511, 512, 513, 4096]) expect(read(many, pieceBytes)).toEqual(whole);
  });

  it('B2: keeps modes, owners, times, links, devices and attributes', () => {
    const [, , file, , deep, link, hard, node, attr] = read(many);
    expect(file).toMatchObject({ mode: 0o4755, uid: 7, gid: 8, mtime: { seconds: 1, nanoseconds: 0 } });
    expect(deep?.path).toBe(`deep/${'n'.repeat(150)}`);
    expect(deep?.content).toBe('long');
    expect(link?.linkPath).toBe('t'.repeat(150));
    expect(hard?.linkPath).toBe('file');
    expect(node).toMatchObject({ deviceMajor: 1, deviceMinor: 3 });
    expect(attr?.xattrs.get('user.note')).toEqual(Buffer.from([0, 255, 10]));
    expect(attr?.mtime).toEqual({ seconds: 12, nanoseconds: 345 });
  });

  it('B2: knows times before 1970 in both notations', () => {
    const pax = makeTar([{ path: 'a', pax: { mtime: '-1.25' } }]);
    expect(read(pax)[0]?.mtime).toEqual({ seconds: -2, nanoseconds: 750_000_000 });
    const block = header({ path: 'a' }, '0', 0);
    block.fill(0xff, 136, 148); // base 256: -1
    expect(read(Buffer.concat([fixSum(block), Buffer.alloc(1024)]))[0]?.mtime.seconds).toBe(-1);
  });

  it('B2: reads long names of GNU tar, names in other encodings, and sizes beyond 8 GiB', () => {
    const name = `${'g'.repeat(120)}/ü`;
    const long = Buffer.concat([
      header({ path: '././@LongLink' }, 'L', name.length + 2),
      padded(Buffer.from(`${name}\0`)),
      header({ path: 'cut' }, '0', 0),
      Buffer.alloc(1024),
    ]);
    expect(Buffer.from(read(long)[0]?.path ?? '', 'latin1').toString()).toBe(name);
    const big = header({ path: 'big' }, '0', 0);
    big.fill(0, 124, 136);
    big[124] = 0x80;
    big.writeUIntBE(9 * 2 ** 30, 130, 6);
    const sizes: number[] = [];
    const reader = new TarReader({ entry: ({ size }) => sizes.push(size), data: () => {}, end: () => {} });
    reader.write(fixSum(big));
    expect(sizes).toEqual([9 * 2 ** 30]);
  });

  it.each([
    ['--format=gnu'],
    ['--format=posix'],
    ['--format=posix', '--sparse-version=0.0'],
    ['--format=posix', '--sparse-version=0.1'],
  ])('B2: sparse files of GNU tar (%s %s) get their holes', (...flags) => {
    inDirectory((dir) => {
      const content = Buffer.alloc(2_000_000);
      const fd = openSync(join(dir, 'sparse'), 'w');
      ftruncateSync(fd, content.length);
      for (let at = 10_000; at < content.length; at += 50_000) {
        content.write(`piece at ${at}`, at);
        writeSync(fd, `piece at ${at}`, at);
      }
      closeSync(fd);
      const target = join(dir, 'out.tar');
      execFileSync('tar', ['-S', ...flags.filter(Boolean), '-C', dir, '-cf', target, 'sparse']);
      const tar = readFileSync(target);
      expect(tar.length).toBeLessThan(400_000);
      for (const pieceBytes of [tar.length, 1000]) {
        const [entry] = read(tar, pieceBytes);
        expect(entry?.path).toBe('sparse');
        expect(entry?.content === content.toString('latin1')).toBe(true);
      }
    });
  });

  it('B2: agrees with GNU tar on an archive of real files', () => {
    inDirectory((dir) => {
      for (const format of ['v7', 'ustar', 'gnu', 'posix']) {
        const target = join(dir, `${format}.tar`);
        execFileSync(
          'tar',
          [`--format=${format}`, '-cf', target, '-C', join(top, 'node_modules'), 'vitest'],
          {
            stdio: 'ignore',
          },
        );
        const listed = execFileSync('tar', ['-tf', target], { encoding: 'utf8' }).trim().split('\n');
        expect(read(readFileSync(target), 100_000).map(({ path }) => path)).toEqual(listed);
      }
    });
  });

  it.each([
    ['a stream that ends within a file', many.subarray(0, 1024 + 300)],
    ['a stream that ends within a header', many.subarray(0, 700)],
    ['a wrong checksum', Buffer.concat([Buffer.from('x'), many.subarray(1)])],
    ['something else', Buffer.from('not a tar archive at all'.repeat(100))],
    ['an unknown type', Buffer.concat([header({ path: 'a' }, 'Q', 0), Buffer.alloc(1024)])],
    ['a NUL in a pax path', makeTar([{ path: 'a', pax: { path: 'a\0b' } }])],
    ['a pax size that is no number', makeTar([{ path: 'a', pax: { size: '-5' } }])],
    [
      'a pax record that is too long',
      Buffer.concat([
        header({ path: 'p' }, 'x', 12),
        padded(Buffer.from('99 path=abc\n')),
        Buffer.alloc(1024),
      ]),
    ],
    ['an extended header that is too large', header({ path: 'p' }, 'x', 2 ** 30)],
    [
      'a sparse map outside of its file',
      makeTar([{ path: 'a', content: 'x', pax: { 'GNU.sparse.size': '5', 'GNU.sparse.map': '9,1' } }]),
    ],
    [
      'a sparse map that claims more than is there',
      makeTar([{ path: 'a', content: 'x', pax: { 'GNU.sparse.size': '50', 'GNU.sparse.map': '0,9' } }]),
    ],
  ])('E6: %s is refused', (_, tar) => {
    for (const pieceBytes of [tar.length, 100]) {
      expect(() => read(tar, pieceBytes)).toThrow(expect.objectContaining({ code: 'IMAGE_INVALID' }));
    }
  });
});

function fixSum(block: Buffer): Buffer {
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}
