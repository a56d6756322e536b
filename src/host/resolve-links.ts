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
 * tree are not followed as the kernel would. With a `root` the path and its links are those of that directory,
 * unless somebody changes them meanwhile. Undefined where a directory on the way is missing.
 */
export function resolveLinks(path: string, root = ''): Resolved | undefined {
  const pending = parts(path).reverse();
  const lookAt = (inner: string) => lstatSync(`${root}${inner}`, { throwIfNoEntry: false });
  const lookAtRoot = () => lstatSync(`${root}/.`);
  let current = '';
  let stats: Stats | undefined = lookAtRoot();
  let links = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (!stats?.isDirectory()) return undefined;
    if (name === '..') {
      current = current.slice(0, Math.max(0, current.lastIndexOf('/')));
      continue;
    }
    const next = `${current}/${name}`;
    stats = lookAt(next);
    if (stats?.isSymbolicLink()) {
      if (++links > symlinkLimit) return undefined;
      const target = readlinkSync(`${root}${next}`);
      if (target.startsWith('/')) current = '';
      pending.push(...parts(target).reverse());
      stats = current === '' ? lookAtRoot() : lookAt(current);
      continue;
    }
    current = next;
  }
  return { path: current === '' ? '/' : current, stats: current === '' ? lookAtRoot() : lookAt(current) };
}

function parts(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}
