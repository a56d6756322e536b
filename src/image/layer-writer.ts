import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  lstatSync,
  openSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { makeNode, setTimes, setXattr } from '../host/nodes.ts';
import { fsPath, printable } from '../tar/fields.ts';
import type { TarTime } from '../tar/pax.ts';
import type { TarEntry, TarHandler } from '../tar/reader.ts';
import { writeAll } from '../tar/write-all.ts';
import { LayerTree } from './layer-tree.ts';
import { refusedEntry, unpackError } from './unpack-errors.ts';

const whiteoutPrefix = '.wh.';
/** Marks of aufs itself; only `opaque` and the hard links of `linked` mean something outside of it. */
const aufsPrefix = '.wh..wh.';
const opaque = '.wh..wh..opq';
const linked = '.wh..wh.plnk';

/** Where entries go: the policy about what is there already, and about links. */
export type TargetTree = Pick<
  LayerTree,
  'absolute' | 'clean' | 'isDirectory' | 'enter' | 'find' | 'makeDirectory' | 'hide' | 'makeOpaque' | 'clear'
>;

/**
 * Writes a layer as overlayfs wants it: whiteouts are character devices 0:0, opaque directories carry an
 * extended attribute. https://github.com/opencontainers/image-spec/blob/main/layer.md,
 * https://docs.kernel.org/filesystems/overlayfs.html
 *
 * Needs the capabilities of root in the user namespace that owns the directory. Throws IMAGE_INVALID for an
 * entry that would lie outside of the layer, HOST_UNFIT where ids are not mapped or the disk is full.
 */
export class LayerWriter implements TarHandler {
  readonly #tree: TargetTree;
  readonly #isLayer: boolean;
  #fd: number | undefined;
  #current: { entry: TarEntry; path: string } | undefined;
  #written = 0;
  #directoryTimes = new Map<string, TarTime>();
  #linked = false;
  #sizeBytes = 0;

  /**
   * `root`: a directory, or a tree with rules of its own. `opaqueXattr`: `user.overlay.opaque` where overlays are mounted with userxattr, else `trusted.…`; undefined for
   * an archive that is no layer, where no name means more than itself.
   */
  constructor(root: string | TargetTree, opaqueXattr: string | undefined) {
    this.#tree = typeof root === 'string' ? new LayerTree(root, opaqueXattr ?? '') : root;
    this.#isLayer = opaqueXattr !== undefined;
  }

  /** Bytes of all files so far. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  entry(entry: TarEntry): void {
    try {
      this.#entry(entry);
    } catch (error) {
      throw unpackError(entry, error);
    }
  }

  data(chunk: Uint8Array, position: number): void {
    if (this.#fd === undefined) return;
    writeAll(this.#fd, chunk, position);
    this.#written = position + chunk.length;
  }

  end(): void {
    if (this.#fd === undefined || !this.#current) return;
    const { entry, path } = this.#current;
    const fd = this.#fd;
    this.#fd = undefined;
    try {
      if (this.#written < entry.size) ftruncateSync(fd, entry.size);
      // In this order: a write drops setuid and capabilities, chown drops both as well.
      fchownSync(fd, entry.uid, entry.gid);
      fchmodSync(fd, entry.mode);
      this.#xattrs(entry, path);
      setTimes(fsPath(path), entry.mtime.seconds, entry.mtime.nanoseconds);
    } catch (error) {
      throw unpackError(entry, error);
    } finally {
      closeSync(fd);
    }
  }

  /** Closes what a failure left open; to be called once, after the last entry. */
  finish(): void {
    if (this.#linked) rmSync(this.#tree.absolute(linked), { recursive: true, force: true });
    for (const [path, time] of this.#directoryTimes) {
      if (this.#tree.isDirectory(path)) {
        setTimes(fsPath(this.#tree.absolute(path)), time.seconds, time.nanoseconds);
      }
    }
  }

  #entry(entry: TarEntry): void {
    this.#current = undefined;
    const components = this.#tree.clean(entry.path);
    const name = components.at(-1);
    if (name === undefined) {
      if (entry.type !== 'directory') throw refusedEntry(entry, 'it would replace the root of the layer');
      this.#describeDirectory(entry, '');
      return;
    }
    if (!this.#isLayer) {
      const parent = this.#tree.enter(components.slice(0, -1));
      this.#create(entry, parent === '' ? name : `${parent}/${name}`);
      return;
    }
    const aufs = components.find((component) => component.startsWith(aufsPrefix));
    if (aufs !== undefined && name !== opaque) {
      if (components[0] !== linked) return;
      this.#linked = true;
    }
    const parent = this.#tree.enter(components.slice(0, -1));
    if (name === opaque) this.#tree.makeOpaque(parent);
    else if (name.startsWith(whiteoutPrefix) && aufs === undefined) this.#whiteout(entry, parent, name);
    else this.#create(entry, parent === '' ? name : `${parent}/${name}`);
  }

  #whiteout(entry: TarEntry, parent: string, name: string): void {
    const hidden = name.slice(whiteoutPrefix.length);
    if (hidden === '' || hidden === '.' || hidden === '..') throw refusedEntry(entry, 'it hides no name');
    this.#tree.hide(parent === '' ? hidden : `${parent}/${hidden}`);
  }

  #create(entry: TarEntry, path: string): void {
    const absolute = this.#tree.absolute(path);
    if (entry.type === 'directory') {
      this.#tree.makeDirectory(path);
      this.#describeDirectory(entry, path);
      return;
    }
    const target = entry.type === 'hardlink' ? this.#linkTarget(entry) : '';
    if (target === absolute) return;
    this.#tree.clear(path);
    const at = fsPath(absolute);
    switch (entry.type) {
      case 'file': {
        const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW } = constants;
        this.#fd = openSync(at, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o600);
        this.#current = { entry, path: absolute };
        this.#written = 0;
        this.#sizeBytes += entry.size;
        return;
      }
      case 'hardlink':
        linkSync(fsPath(target), at);
        return;
      case 'symlink':
        if (entry.linkPath === '') throw refusedEntry(entry, 'a symlink without a target');
        symlinkSync(fsPath(entry.linkPath), at);
        break;
      default:
        if (!this.#node(entry, path, at)) return;
    }
    lchownSync(at, entry.uid, entry.gid);
    this.#xattrs(entry, absolute);
    setTimes(at, entry.mtime.seconds, entry.mtime.nanoseconds);
  }

  #linkTarget(entry: TarEntry): string {
    const components = this.#tree.clean(entry.linkPath);
    const name = components.at(-1);
    const parent = name === undefined ? undefined : this.#tree.find(components.slice(0, -1));
    const target =
      parent === undefined ? undefined : this.#tree.absolute(parent ? `${parent}/${name}` : `${name}`);
    const found = target === undefined ? undefined : lstatSync(fsPath(target), { throwIfNoEntry: false });
    if (target === undefined || !found || found.isDirectory()) {
      throw refusedEntry(
        entry,
        `it is a hard link to '${printable(entry.linkPath)}', which is no file of the layer`,
      );
    }
    return target;
  }

  /** False where nodes are not permitted: in a user namespace the kernel makes none but whiteouts and FIFOs. */
  #node(entry: TarEntry, path: string, at: string | Buffer): boolean {
    const { S_IFIFO, S_IFCHR, S_IFBLK } = constants;
    const type = entry.type === 'fifo' ? S_IFIFO : entry.type === 'char' ? S_IFCHR : S_IFBLK;
    const { deviceMajor, deviceMinor } = entry;
    if (entry.type === 'char' && deviceMajor === 0 && deviceMinor === 0) {
      this.#tree.hide(path);
      return false;
    }
    try {
      makeNode(at, type | entry.mode, deviceMajor, deviceMinor);
      return true;
    } catch (error) {
      if (entry.type !== 'fifo' && (error as NodeJS.ErrnoException).code === 'EPERM') return false;
      throw error;
    }
  }

  #describeDirectory(entry: TarEntry, path: string): void {
    const absolute = this.#tree.absolute(path);
    const fd = openSync(fsPath(absolute), constants.O_DIRECTORY | constants.O_NOFOLLOW);
    try {
      fchownSync(fd, entry.uid, entry.gid);
      fchmodSync(fd, entry.mode);
    } finally {
      closeSync(fd);
    }
    this.#xattrs(entry, absolute);
    this.#directoryTimes.set(path, entry.mtime);
  }

  #xattrs(entry: TarEntry, absolute: string): void {
    for (const [name, value] of entry.xattrs) {
      if (!isKept(name)) continue;
      try {
        setXattr(fsPath(absolute), Buffer.from(name, 'latin1').toString(), value);
      } catch (error) {
        // As podman: a file system or a file type without such attributes is no reason to refuse the image.
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'EPERM') throw error;
      }
    }
  }
}

/** An image may not speak to overlayfs, nor to the security modules of the host. */
function isKept(name: string): boolean {
  if (name.startsWith('user.overlay.')) return false;
  return name.startsWith('user.') || name === 'security.capability' || name.startsWith('system.posix_acl_');
}
