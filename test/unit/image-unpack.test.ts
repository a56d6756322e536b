import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LayerRoom, opaque, self, sha256 } from '../fixtures/layer.ts';
import { makeTar } from '../fixtures/tar.ts';
import { getXattr } from '../fixtures/xattr.ts';

let room: LayerRoom;
beforeEach(() => {
  room = new LayerRoom();
});
afterEach(() => room.dispose());

const isWhiteout = (path: string) => {
  const found = lstatSync(room.at(path));
  return found.isCharacterDevice() && found.rdev === 0;
};

describe('unpacking a layer', () => {
  it('B2: files, links, modes, times and attributes are as the archive has them', async () => {
    const bytes = await room.unpack(
      { path: './', type: 'directory', mode: 0o711 },
      { path: 'dir/', type: 'directory', mode: 0o2750, mtimeSeconds: 1000 },
      { path: 'dir/file', content: 'content', mode: 0o4755, pax: { mtime: '99.000000123' } },
      { path: 'dir/hard', type: 'hardlink', link: './dir/file' },
      { path: 'dir/soft', type: 'symlink', link: '/nowhere', mtimeSeconds: 5 },
      { path: 'dir/old', mtimeSeconds: 0, pax: { mtime: '-7' } },
      { path: 'fifo', type: 'fifo', mode: 0o600 },
      { path: 'made/on/the/way', content: 'x' },
      { path: 'note', pax: { 'SCHILY.xattr.user.note': 'hello', 'SCHILY.xattr.user.overlay.opaque': 'y' } },
    );
    expect(bytes).toBe(8);
    expect(lstatSync(room.layer).mode & 0o7777).toBe(0o711);
    expect(lstatSync(room.at('dir')).mode & 0o7777).toBe(0o2750);
    expect(lstatSync(room.at('dir')).mtimeMs).toBe(1_000_000);
    const file = lstatSync(room.at('dir/file'), { bigint: true });
    expect(Number(file.mode) & 0o7777).toBe(0o4755);
    expect(file.mtimeNs).toBe(99_000_000_123n);
    expect(lstatSync(room.at('dir/hard'), { bigint: true }).ino).toBe(file.ino);
    expect(readlinkSync(room.at('dir/soft'))).toBe('/nowhere');
    expect(lstatSync(room.at('dir/soft')).mtimeMs).toBe(5000);
    expect(lstatSync(room.at('dir/old'), { bigint: true }).mtimeNs).toBe(-7_000_000_000n);
    expect(lstatSync(room.at('fifo')).isFIFO()).toBe(true);
    expect(readFileSync(room.at('made/on/the/way'), 'utf8')).toBe('x');
    expect(lstatSync(room.at('made')).mode & 0o7777).toBe(0o755);
    expect(getXattr(room.at('note'), 'user.note')?.toString()).toBe('hello');
    expect(getXattr(room.at('note'), opaque)).toBeUndefined();
  });

  it('B2: a whiteout becomes a device 0:0, an opaque mark an attribute of its directory', async () => {
    await room.unpack(
      { path: 'etc/', type: 'directory' },
      { path: 'etc/.wh.gone' },
      { path: '.wh.top' },
      { path: 'var/cache/.wh..wh..opq' },
      { path: 'var/cache/new', content: 'n' },
    );
    expect(isWhiteout('etc/gone')).toBe(true);
    expect(isWhiteout('top')).toBe(true);
    expect(getXattr(room.at('var/cache'), opaque)?.toString()).toBe('y');
    expect(readdirSync(room.at('var/cache'))).toEqual(['new']);
    expect(getXattr(room.at('etc'), opaque)).toBeUndefined();
  });

  it('B2: a whiteout hides lower layers only, in whatever order the archive has it', async () => {
    await room.unpack(
      { path: 'file', content: 'kept' },
      { path: '.wh.file' },
      { path: 'dir/kept', content: 'kept' },
      { path: '.wh.dir' },
      { path: '.wh.late' },
      { path: 'late', content: 'kept' },
      { path: '.wh.lateDir' },
      { path: 'lateDir/', type: 'directory' },
      { path: '.wh.implied' },
      { path: 'implied/file', content: 'kept' },
    );
    expect(readFileSync(room.at('file'), 'utf8')).toBe('kept');
    expect(readFileSync(room.at('dir/kept'), 'utf8')).toBe('kept');
    expect(readFileSync(room.at('late'), 'utf8')).toBe('kept');
    expect(readFileSync(room.at('implied/file'), 'utf8')).toBe('kept');
    for (const dir of ['dir', 'lateDir', 'implied'])
      expect(getXattr(room.at(dir), opaque)?.toString(), dir).toBe('y');
  });

  it('B2: what aufs leaves in old layers is dropped, but its hard links are resolved', async () => {
    await room.unpack(
      { path: '.wh..wh.aufs', content: 'a' },
      { path: '.wh..wh.orph/', type: 'directory' },
      { path: '.wh..wh.orph/x', content: 'a' },
      { path: '.wh..wh.plnk/', type: 'directory' },
      { path: '.wh..wh.plnk/1.2', content: 'linked' },
      { path: 'a', type: 'hardlink', link: '.wh..wh.plnk/1.2' },
      { path: 'b', type: 'hardlink', link: '.wh..wh.plnk/1.2' },
    );
    expect(readdirSync(room.layer).sort()).toEqual(['a', 'b']);
    expect(readFileSync(room.at('a'), 'utf8')).toBe('linked');
    expect(lstatSync(room.at('a')).nlink).toBe(2);
  });

  it('B2: a later entry replaces an earlier one of the same name', async () => {
    await room.unpack(
      { path: 'a', content: 'first' },
      { path: 'a', content: 'second, longer' },
      { path: 'b/c', content: 'x' },
      { path: 'b', type: 'symlink', link: 'a' },
      { path: 'd', content: 'x' },
      { path: 'd/', type: 'directory', mode: 0o700 },
      { path: 'd/e', content: 'y' },
      { path: 'd/', type: 'directory', mode: 0o755 },
      { path: 'f', type: 'symlink', link: '/etc' },
      { path: 'f/', type: 'directory' },
      { path: 'f/g', content: 'z' },
    );
    expect(readFileSync(room.at('a'), 'utf8')).toBe('second, longer');
    expect(readlinkSync(room.at('b'))).toBe('a');
    expect(lstatSync(room.at('d')).mode & 0o7777).toBe(0o755);
    expect(readdirSync(room.at('d'))).toEqual(['e']);
    expect(readFileSync(room.at('f/g'), 'utf8')).toBe('z');
  });

  it('B2: a relative symlink of the layer leads its files, also to directories that lower layers have', async () => {
    await room.unpack(
      { path: 'lib', type: 'symlink', link: 'usr/lib' },
      { path: 'lib/one', content: '1' },
      { path: 'usr/share/up', type: 'symlink', link: '../local' },
      { path: 'usr/share/up/two', content: '2' },
    );
    expect(readFileSync(room.at('usr/lib/one'), 'utf8')).toBe('1');
    expect(readFileSync(room.at('usr/local/two'), 'utf8')).toBe('2');
    expect(lstatSync(room.at('lib')).isSymbolicLink()).toBe(true);
  });

  it('B2: names in any encoding are kept byte for byte', async () => {
    await room.unpack({ path: 'x', pax: { path: Buffer.from('caf\xe9', 'latin1') } }, { path: 'größe' });
    const names = readdirSync(room.layer, { encoding: 'buffer' }).map((name) => name.toString('latin1'));
    expect(names.sort()).toEqual(['caf\xe9', Buffer.from('größe').toString('latin1')].sort());
  });

  it('B2: plain, gzip, zstd, and streams in several members give the same layer', async () => {
    const tar = makeTar([{ ...self, path: 'file', content: 'x'.repeat(300_000) }]);
    const [first, second] = [tar.subarray(0, 1000), tar.subarray(1000)];
    const skippable = Buffer.concat([Buffer.from('502a4d1804000000', 'hex'), Buffer.from('skip')]);
    const stored = [
      tar,
      gzipSync(tar),
      Buffer.concat([gzipSync(first), gzipSync(second)]),
      zstdCompressSync(tar),
      Buffer.concat([skippable, zstdCompressSync(first), skippable, zstdCompressSync(second), skippable]),
    ];
    for (const bytes of stored) {
      room.empty();
      expect(await room.unpackBytes(bytes, sha256(tar))).toBe(300_000);
      expect(lstatSync(room.at('file')).size).toBe(300_000);
    }
  });
});
