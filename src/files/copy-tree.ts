import { lstatSync, mkdirSync, rmSync } from 'node:fs';
import { PeapodError } from '../errors.ts';
import type { TargetTree } from '../image/layer-writer.ts';
import { fsPath, printable } from '../tar/fields.ts';

/**
 * The directory that files are copied into. What is there stays, unless a file comes in its place; a directory
 * gives way to a file, and a file to a directory, only with `overwrite`. It lies within the root of the
 * process, which no link can leave.
 */
export class CopyTree implements TargetTree {
  readonly #top: string;
  readonly #overwrite: boolean;

  constructor(top: string, overwrite: boolean) {
    this.#top = top === '/' ? '' : top;
    this.#overwrite = overwrite;
  }

  absolute(path: string): string {
    return path === '' && this.#top === '' ? '/' : `${this.#top}/${path}`;
  }

  clean(path: string): string[] {
    const components = path.split('/').filter((part) => part !== '' && part !== '.');
    if (!components.includes('..')) return components;
    throw new PeapodError('INVALID_ARGUMENT', `'${printable(path)}' points outside of the archive`, {
      hint: 'make the archive without "..": tar -C DIRECTORY -c .',
    });
  }

  isDirectory(path: string): boolean {
    return lstatSync(fsPath(this.absolute(path)), { throwIfNoEntry: false })?.isDirectory() ?? false;
  }

  enter(components: readonly string[]): string {
    components.forEach((_, index) => {
      this.makeDirectory(components.slice(0, index + 1).join('/'));
    });
    return components.join('/');
  }

  find(components: readonly string[]): string | undefined {
    const path = components.join('/');
    return this.isDirectory(path) ? path : undefined;
  }

  makeDirectory(path: string): void {
    if (this.isDirectory(path)) return;
    this.#makeRoom(path, false);
    mkdirSync(fsPath(this.absolute(path)), 0o755);
  }

  clear(path: string): void {
    this.#makeRoom(path, true);
  }

  /** A whiteout is nothing to copy: only layers hide anything. */
  hide(): void {}

  makeOpaque(): void {}

  /** Nothing of this name may stay. */
  #makeRoom(path: string, forFile: boolean): void {
    const at = fsPath(this.absolute(path));
    const found = lstatSync(at, { throwIfNoEntry: false });
    if (!found) return;
    if (found.isDirectory() === forFile && !this.#overwrite) {
      const [old, fresh] = forFile ? ['directory', 'non-directory'] : ['non-directory', 'directory'];
      throw new PeapodError(
        'INVALID_ARGUMENT',
        `cannot overwrite ${old} "${printable(this.absolute(path))}" with ${fresh}`,
        { hint: 'use --overwrite' },
      );
    }
    rmSync(at, { recursive: true, force: true });
  }
}
