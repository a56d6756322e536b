import { chownSync, constants, lstatSync, mkdirSync, readlinkSync, rmSync, type Stats } from 'node:fs';
import { PeapodError } from '../errors.ts';
import { makeNode, setXattr } from '../host/nodes.ts';
import { fsPath, printable } from '../tar/fields.ts';

/** As many symlinks as the kernel follows, see path_resolution(7). */
const symlinkLimit = 40;

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * The directory that a layer is unpacked into. Paths are byte strings relative to it, without a leading
 * slash; the root is the empty string. No method leaves the directory, whatever symlinks the layer has made:
 * one that is absolute, or that climbs out, is refused with IMAGE_INVALID.
 */
export class LayerTree {
  readonly #root: string;
  readonly #opaqueXattr: string;
  /** Directories that are known to be real ones: spares a system call for each component of each path. */
  readonly #directories = new Set<string>(['']);
  readonly #hidden = new Set<string>();

  readonly #owner: Owner | undefined;

  /** `owner`: of directories that no entry describes; the process' own ids if undefined. */
  constructor(root: string, opaqueXattr: string, owner?: Owner) {
    this.#owner = owner;
    this.#root = root === '/' ? '' : Buffer.from(root).toString('latin1');
    this.#opaqueXattr = opaqueXattr;
  }

  absolute(path: string): string {
    return `${this.#root}/${path}`;
  }

  /** Components of a path as an archive has it; a leading slash means the layer's root. */
  clean(path: string): string[] {
    const components: string[] = [];
    for (const component of path.split('/')) {
      if (component === '' || component === '.') continue;
      if (component !== '..') components.push(component);
      else if (components.pop() === undefined) throw outside(path);
    }
    return components;
  }

  isDirectory(path: string): boolean {
    return this.#stat(path)?.isDirectory() ?? false;
  }

  /** The real path of a directory, which is made with all above it where missing. */
  enter(components: readonly string[]): string {
    const path = components.join('/');
    return this.#directories.has(path) ? path : (this.#walk(components, true) as string);
  }

  /** As `enter`, but undefined where the directory is missing. */
  find(components: readonly string[]): string | undefined {
    const path = components.join('/');
    return this.#directories.has(path) ? path : this.#walk(components, false);
  }

  /** Keeps a directory that is there; replaces anything else. */
  makeDirectory(path: string): void {
    if (this.#directories.has(path)) return;
    const hidden = this.#hidden.has(path);
    if (!this.isDirectory(path)) {
      this.clear(path);
      const at = fsPath(this.absolute(path));
      mkdirSync(at, 0o755);
      if (this.#owner) chownSync(at, this.#owner.uid, this.#owner.gid);
      if (hidden) this.makeOpaque(path);
    }
    this.#directories.add(path);
  }

  /** Hides what lower layers have under this name, but not what this layer has put there. */
  hide(path: string): void {
    const found = this.#stat(path);
    if (found?.isDirectory()) this.makeOpaque(path);
    if (found) return;
    makeNode(fsPath(this.absolute(path)), constants.S_IFCHR, 0, 0);
    this.#hidden.add(path);
  }

  makeOpaque(path: string): void {
    setXattr(fsPath(this.absolute(path)), this.#opaqueXattr, Buffer.from('y'));
  }

  /** Removes whatever has this name. */
  clear(path: string): void {
    const found = this.#stat(path);
    if (!found) return;
    if (found.isDirectory()) this.#directories.clear();
    this.#directories.add('');
    this.#hidden.delete(path);
    rmSync(fsPath(this.absolute(path)), { recursive: true, force: true });
  }

  #stat(path: string): Stats | undefined {
    return lstatSync(fsPath(this.absolute(path)), { throwIfNoEntry: false });
  }

  #walk(components: readonly string[], make: boolean): string | undefined {
    const wanted = components.join('/');
    const pending = components.toReversed();
    let current = '';
    let symlinks = 0;
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (name === '..') {
        if (current === '') throw outside(wanted);
        current = current.slice(0, Math.max(0, current.lastIndexOf('/')));
        continue;
      }
      const next = current === '' ? name : `${current}/${name}`;
      const found = this.#directories.has(next) ? 'directory' : this.#kind(next);
      if (found === 'symlink') {
        const target = readlinkSync(fsPath(this.absolute(next)), 'buffer').toString('latin1');
        if (target.startsWith('/') || ++symlinks > symlinkLimit) throw outside(wanted);
        pending.push(
          ...target
            .split('/')
            .filter((part) => part !== '' && part !== '.')
            .reverse(),
        );
        continue;
      }
      if (found === 'missing' || found === 'hidden') {
        if (!make) return undefined;
        this.makeDirectory(next);
      } else if (found === 'other') {
        throw new PeapodError('IMAGE_INVALID', `'${printable(wanted)}' lies below a file of the layer`);
      }
      this.#directories.add(next);
      current = next;
    }
    return current;
  }

  #kind(path: string): 'directory' | 'symlink' | 'missing' | 'hidden' | 'other' {
    const found = this.#stat(path);
    if (!found) return 'missing';
    if (found.isDirectory()) return 'directory';
    if (found.isSymbolicLink()) return 'symlink';
    return this.#hidden.has(path) ? 'hidden' : 'other';
  }
}

function outside(path: string): PeapodError {
  return new PeapodError('IMAGE_INVALID', `layer entry '${printable(path)}' points outside of the layer`, {
    hint: 'the image is broken or hostile: do not use it',
  });
}
