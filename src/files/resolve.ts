import { lstatSync, readlinkSync, type Stats } from 'node:fs';

const symlinkLimit = 40;

export interface Resolved {
  /** Absolute, without links; the last part may not exist. */
  readonly path: string;
  /** Undefined where it does not exist. */
  readonly stats: Stats | undefined;
}

/**
 * Follows all links of an absolute path, by their text: links of /proc that lead out of their file system's
 * tree are not followed as the kernel would. Undefined where a directory on the way is missing.
 */
export function resolveLinks(path: string): Resolved | undefined {
  const pending = parts(path).reverse();
  let current = '';
  let stats: Stats | undefined = lstatSync('/');
  let links = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (!stats?.isDirectory()) return undefined;
    if (name === '..') {
      current = current.slice(0, Math.max(0, current.lastIndexOf('/')));
      continue;
    }
    const next = `${current}/${name}`;
    stats = lstatSync(next, { throwIfNoEntry: false });
    if (stats?.isSymbolicLink()) {
      if (++links > symlinkLimit) return undefined;
      const target = readlinkSync(next);
      if (target.startsWith('/')) current = '';
      pending.push(...parts(target).reverse());
      stats = lstatSync(current === '' ? '/' : current);
      continue;
    }
    current = next;
  }
  return {
    path: current === '' ? '/' : current,
    stats: current === '' ? lstatSync('/') : lstatSync(current, { throwIfNoEntry: false }),
  };
}

function parts(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

/** Whether a path means what a directory holds, not the directory: `dir/.`. */
export function meansContents(path: string): boolean {
  return path === '.' || path === '/' || path.endsWith('/.');
}

/** The last name in a path: `b` of `/a/b/`. */
export function lastName(path: string): string {
  return parts(path).at(-1) ?? '';
}
