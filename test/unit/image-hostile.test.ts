import { randomBytes } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LayerRoom, opaque, self, sha256 } from '../fixtures/layer.ts';
import { makeTar, type TarItem } from '../fixtures/tar.ts';
import { getXattr } from '../fixtures/xattr.ts';

let room: LayerRoom;
beforeEach(() => {
  room = new LayerRoom();
});
afterEach(() => room.dispose());

describe('a hostile or broken layer', () => {
  const refused = expect.objectContaining({ code: 'IMAGE_INVALID' });
  const outside: readonly [string, TarItem[]][] = [
    ['a path that climbs out', [{ path: '../outside', content: 'x' }]],
    ['a path that climbs out further in', [{ path: 'a/../../outside', content: 'x' }]],
    ['an absolute path that climbs', [{ path: '/../outside', content: 'x' }]],
    [
      'a file through an absolute symlink',
      [
        { path: 'evil', type: 'symlink', link: '/TOP' },
        { path: 'evil/outside', content: 'x' },
      ],
    ],
    [
      'a file through a relative symlink that climbs out',
      [
        { path: 'a/evil', type: 'symlink', link: '../..' },
        { path: 'a/evil/outside', content: 'x' },
      ],
    ],
    [
      'a file through a chain of symlinks',
      [
        { path: 'one', type: 'symlink', link: '.' },
        { path: 'one/two', type: 'symlink', link: 'one/..' },
        { path: 'two/outside', content: 'x' },
      ],
    ],
    [
      'symlinks in a circle',
      [
        { path: 'a', type: 'symlink', link: 'b' },
        { path: 'b', type: 'symlink', link: 'a' },
        { path: 'a/x', content: 'x' },
      ],
    ],
    ['a hard link to the outside', [{ path: 'link', type: 'hardlink', link: '../outside' }]],
    [
      'a hard link through a symlink',
      [
        { path: 'evil', type: 'symlink', link: '/TOP' },
        { path: 'link', type: 'hardlink', link: 'evil/outside' },
      ],
    ],
    ['a hard link to what is not there', [{ path: 'link', type: 'hardlink', link: 'missing' }]],
    ['a hard link to a directory', [{ path: 'link', type: 'hardlink', link: './' }]],
    ['a whiteout of ..', [{ path: 'a/.wh...' }]],
    ['a whiteout of .', [{ path: '.wh..' }]],
    ['a whiteout of nothing', [{ path: '.wh.' }]],
    ['a whiteout that climbs out', [{ path: '../.wh.outside' }]],
    [
      'a whiteout through a symlink',
      [{ path: 'evil', type: 'symlink', link: '/TOP' }, { path: 'evil/.wh.outside' }],
    ],
    [
      'an opaque mark through a symlink',
      [{ path: 'evil', type: 'symlink', link: '/TOP' }, { path: 'evil/.wh..wh..opq' }],
    ],
    [
      'a file in the place of the root',
      [
        { path: './', content: '' },
        { path: '/', type: 'symlink', link: '/TOP' },
      ],
    ],
    [
      'a file below a file',
      [
        { path: 'a', content: 'x' },
        { path: 'a/b', content: 'y' },
      ],
    ],
    ['a name that is too long', [{ path: 'n'.repeat(300), content: 'x' }]],
    ['a symlink to nothing', [{ path: 'a', type: 'symlink', link: '' }]],
  ];

  it.each(outside)('E6: %s is refused, and nothing outside is touched', async (_, items) => {
    const real = items.map((item) =>
      item.link ? { ...item, link: item.link.replace('/TOP', room.top) } : item,
    );
    const before = readdirSync(room.top).concat('blob').sort();
    await expect(room.unpack(...real)).rejects.toThrow(refused);
    expect(readFileSync(room.outside, 'utf8')).toBe('untouched');
    expect(lstatSync(room.outside).nlink).toBe(1);
    expect(readdirSync(room.top).sort()).toEqual(before);
    expect(getXattr(room.top, opaque)).toBeUndefined();
  });

  it('E6: a last component that is a symlink is replaced, not followed', async () => {
    await room.unpack(
      { path: 'evil', type: 'symlink', link: room.outside },
      { path: 'evil', content: 'mine' },
      { path: 'dir', type: 'symlink', link: room.top },
      { path: 'dir', type: 'directory', mode: 0o755 },
    );
    expect(readFileSync(room.outside, 'utf8')).toBe('untouched');
    expect(lstatSync(room.at('evil')).isFile()).toBe(true);
    expect(lstatSync(room.at('dir')).isDirectory()).toBe(true);
    expect(lstatSync(room.top).mode & 0o777).toBe(0o700);
  });

  it('B2: content that is not what the image says is refused', async () => {
    const tar = makeTar([{ ...self, path: 'a' }]);
    await expect(room.unpackBytes(tar, `sha256:${'0'.repeat(64)}`)).rejects.toThrow(refused);
    // Bytes after the archive's end count as well.
    await expect(room.unpackBytes(Buffer.concat([tar, Buffer.alloc(512)]), sha256(tar))).rejects.toThrow(
      refused,
    );
  });

  it.each([
    ['gzip', (tar: Buffer) => gzipSync(tar)],
    ['zstd', (tar: Buffer) => zstdCompressSync(tar)],
  ])('E6: a %s stream that is damaged or cut off is refused', async (_, compress) => {
    const tar = makeTar([{ ...self, path: 'a', content: randomBytes(64) }]);
    const good = compress(tar);
    await expect(room.unpackBytes(good.subarray(0, good.length - 20), sha256(tar))).rejects.toThrow(refused);
    const damaged = Buffer.from(good);
    damaged[40] = (damaged[40] as number) ^ 0xff;
    await expect(room.unpackBytes(damaged, sha256(tar))).rejects.toThrow(refused);
  });

  it('B2: compression that is not supported is named with what to do', async () => {
    const xz = Buffer.concat([Buffer.from('fd377a585a00', 'hex'), Buffer.alloc(100)]);
    await expect(room.unpackBytes(xz, sha256(xz))).rejects.toThrow(
      expect.objectContaining({ code: 'IMAGE_INVALID', hint: expect.stringContaining('xz -d') }),
    );
  });
});
