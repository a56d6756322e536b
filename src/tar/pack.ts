import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  statfsSync,
} from 'node:fs';
import { type IdMapping, type IdMappings, insideId, overflowId } from '../host/id-mappings.ts';
import { getXattr, listXattrs } from '../host/nodes.ts';
import { plainCapability } from './capability.ts';
import { fsPath, padding } from './fields.ts';
import type { TarEntryType } from './reader.ts';
import { entryHeader, tarEnd, wholeEntry } from './writer.ts';

export interface PackOptions {
  /** A directory or file, as a byte string. */
  readonly from: string;
  /** Its name in the archive; empty for a directory whose contents stand at the top. */
  readonly name: string;
  /** Owner of every entry, in the place of the files' own. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
  /** Owners are known in this user namespace; one that is not is nobody. */
  readonly mappings?: IdMappings | undefined;
  /** Paths below `from` that are left out, with all below them. */
  readonly without?: ReadonlySet<string>;
  /** `from` is the writable layer of an overlay: what it hides is written as OCI layers have it. */
  readonly overlay?: boolean;
  /** To the nanosecond; layers have whole seconds, as other tools write them. */
  readonly preciseTimes?: boolean;
}

/** Pieces of a file: large enough that the calls do not count. */
const pieceBytes = 256 * 1024;
const { S_IFMT, S_IFREG, S_IFDIR, S_IFLNK, S_IFCHR, S_IFBLK, S_IFIFO } = constants;
const types: Readonly<Record<number, TarEntryType>> = {
  [S_IFREG]: 'file',
  [S_IFDIR]: 'directory',
  [S_IFLNK]: 'symlink',
  [S_IFCHR]: 'char',
  [S_IFBLK]: 'block',
  [S_IFIFO]: 'fifo',
};

/** /proc, /sys, cgroups, /dev/pts, /dev/mqueue: what the kernel makes up is nobody's files. See statfs(2). */
const kernelFileSystems = new Set([0x9fa0, 0x62656572, 0x27e0eb, 0x63677270, 0x1cd1, 0x19800202]);

/**
 * A directory tree or file as a tar archive, names in the order of their bytes. Sockets are left out, and so
 * is what lies in the kernel's own file systems. What changes while it is read is written as it was found.
 * Throws what node:fs does.
 */
export function* pack(options: PackOptions): Generator<Buffer> {
  const links = new Map<string, string>();
  yield* packOne(
    { options, links },
    { path: options.from, name: options.name, below: '', device: undefined },
  );
  yield tarEnd;
}

interface Tree {
  readonly options: PackOptions;
  /** Names of files that have several, by inode. */
  readonly links: Map<string, string>;
}

interface Place {
  readonly path: string;
  readonly name: string;
  /** The path below `from`. */
  readonly below: string;
  /** That of the directory it lies in. */
  readonly device: bigint | undefined;
}

function* packOne(tree: Tree, { path, name, below, device }: Place): Generator<Buffer> {
  const { options, links } = tree;
  const stats = lstatSync(fsPath(path), { bigint: true });
  const type = types[Number(stats.mode) & S_IFMT];
  if (type === undefined) return;
  const [major, minor] = deviceOf(stats.rdev);
  if (options.overlay && type === 'char' && major === 0 && minor === 0) {
    yield wholeEntry({ type: 'file', path: hiding(name), mode: 0o600 });
    return;
  }
  const entry = {
    type,
    path: type === 'directory' ? `${name === '' ? '.' : name}/` : name,
    mode: Number(stats.mode) & 0o7777,
    ...(options.owner ?? ownerOf(stats, options.mappings)),
    mtime: timeOf(stats.mtimeNs, options.preciseTimes === true),
    deviceMajor: major,
    deviceMinor: minor,
    xattrs: xattrsOf(path),
  };
  const inode = `${stats.dev}:${stats.ino}`;
  const first = links.get(inode);
  if (type !== 'directory' && stats.nlink > 1n) {
    if (first !== undefined) {
      yield entryHeader({ ...entry, type: 'hardlink', linkPath: first, xattrs: new Map() });
      return;
    }
    links.set(inode, name);
  }
  if (type === 'symlink') {
    const target = readlinkSync(fsPath(path), { encoding: 'buffer' }).toString('latin1');
    yield entryHeader({ ...entry, linkPath: target });
  } else if (type === 'file') {
    yield* packFile(path, entry, Number(stats.size));
  } else {
    yield entryHeader(entry);
  }
  if (type !== 'directory') return;
  if (options.overlay && isOpaque(path)) {
    yield wholeEntry({ type: 'file', path: `${name === '' ? '' : `${name}/`}.wh..wh..opq`, mode: 0o600 });
  }
  if (stats.dev !== device && kernelFileSystems.has(statfsSync(fsPath(path)).type)) return;
  for (const child of childrenOf(path)) {
    const at = below === '' ? child : `${below}/${child}`;
    if (options.without?.has(at)) continue;
    yield* packOne(tree, {
      path: `${path === '/' ? '' : path}/${child}`,
      name: name === '' ? child : `${name}/${child}`,
      below: at,
      device: stats.dev,
    });
  }
}

function ownerOf(
  stats: { readonly uid: bigint; readonly gid: bigint },
  mappings: IdMappings | undefined,
): { uid: number; gid: number } {
  const [uid, gid] = [Number(stats.uid), Number(stats.gid)];
  if (!mappings) return { uid, gid };
  const known = (ids: readonly IdMapping[], id: number) => insideId(ids, id) ?? overflowId;
  return { uid: known(mappings.uids, uid), gid: known(mappings.gids, gid) };
}

function* packFile(path: string, entry: Parameters<typeof entryHeader>[0], size: number): Generator<Buffer> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  // It may be something else by now, which must not make us wait.
  const fd = openSync(fsPath(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    yield entryHeader({ ...entry, size });
    for (let left = size; left > 0; ) {
      const piece = Buffer.allocUnsafe(Math.min(left, pieceBytes));
      const count = readSync(fd, piece, 0, piece.length, null);
      // A file that has become shorter is filled up: its length stands in the archive already.
      const bytes = count === 0 ? piece.fill(0) : piece.subarray(0, count);
      left -= bytes.length;
      yield bytes;
    }
    yield Buffer.alloc(padding(size));
  } finally {
    closeSync(fd);
  }
}

function childrenOf(path: string): string[] {
  const names = readdirSync(fsPath(path), { encoding: 'buffer' }) as Buffer[];
  return names.map((name) => name.toString('latin1')).sort();
}

/** `a/b` is hidden by `a/.wh.b`. */
function hiding(name: string): string {
  const slash = name.lastIndexOf('/') + 1;
  return `${name.slice(0, slash)}.wh.${name.slice(slash)}`;
}

function isOpaque(path: string): boolean {
  return ['user.overlay.opaque', 'trusted.overlay.opaque'].some(
    (name) => getXattr(fsPath(path), name)?.toString() === 'y',
  );
}

/** What images keep of extended attributes: nothing that speaks to overlayfs or to the host's security modules. */
function xattrsOf(path: string): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (const name of listXattrs(fsPath(path))) {
    const isKept = name.startsWith('user.')
      ? !name.startsWith('user.overlay.')
      : name === 'security.capability';
    const value = isKept ? getXattr(fsPath(path), name) : undefined;
    if (!value) continue;
    const plain = name === 'security.capability' ? plainCapability(value) : value;
    found.set(Buffer.from(name).toString('latin1'), plain);
  }
  return found;
}

function timeOf(nanoseconds: bigint, precise: boolean): { seconds: number; nanoseconds: number } {
  const billion = 1_000_000_000n;
  const rest = ((nanoseconds % billion) + billion) % billion;
  return { seconds: Number((nanoseconds - rest) / billion), nanoseconds: precise ? Number(rest) : 0 };
}

/** gnu_dev_major and gnu_dev_minor, see makedev(3). */
function deviceOf(device: bigint): [number, number] {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn);
  return [Number(major), Number(minor)];
}
