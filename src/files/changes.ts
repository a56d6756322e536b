import { constants, lstatSync, readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { getXattr } from '../host/nodes.ts';

export interface Change {
  readonly kind: 'added' | 'changed' | 'deleted';
  /** Absolute in the container. */
  readonly path: string;
}

/**
 * What an overlay's writable layer changes of the layers below (topmost first), as `podman diff` tells it: a
 * directory is changed where it is itself, or where something in it has come or gone.
 */
export function findChanges(upper: string, lower: readonly string[]): Change[] {
  const changes: Change[] = [];
  const changedDirectories = new Set<string>();
  const visit = (path: string, hidden: boolean) => {
    for (const name of readdirSync(join(upper, path)).sort()) {
      const at = `${path === '/' ? '' : path}/${name}`;
      const stats = lstatSync(join(upper, at));
      const below = hidden ? undefined : find(lower, at);
      const isDirectory = stats.isDirectory();
      const opaque = isDirectory && isOpaque(join(upper, at));
      const change = kindOf(stats, below);
      if (change !== undefined) {
        if (change !== 'changed' && path !== '/' && !changedDirectories.has(path)) {
          changedDirectories.add(path);
          changes.push({ kind: 'changed', path });
        }
        if (isDirectory) changedDirectories.add(at);
        changes.push({ kind: change, path: at });
      }
      if (opaque && below?.isDirectory()) changes.push(...lost(upper, lower, at));
      if (isDirectory) visit(at, hidden || opaque || !below?.isDirectory());
    }
  };
  visit('/', false);
  return changes;
}

/** Undefined for a directory that is there only because something below it has changed. */
function kindOf(stats: Stats, below: Stats | undefined): Change['kind'] | undefined {
  if (isWhiteout(stats)) return 'deleted';
  if (!below) return 'added';
  if (!stats.isDirectory() || !below.isDirectory()) return 'changed';
  const same =
    stats.mode === below.mode &&
    stats.uid === below.uid &&
    stats.gid === below.gid &&
    stats.mtimeMs === below.mtimeMs;
  return same ? undefined : 'changed';
}

/** What an opaque directory hides. */
function lost(upper: string, lower: readonly string[], path: string): Change[] {
  const names = new Set(lower.flatMap((layer) => namesIn(join(layer, path))));
  return [...names]
    .filter((name) => !lstatSync(join(upper, path, name), { throwIfNoEntry: false }))
    .filter((name) => find(lower, `${path}/${name}`))
    .sort()
    .map((name) => ({ kind: 'deleted', path: `${path}/${name}` }));
}

/** The topmost layer that has something of that name decides; a link on the way leads nowhere. */
function find(layers: readonly string[], path: string): Stats | undefined {
  const names = path.split('/').slice(1);
  for (const layer of layers) {
    let at = layer;
    let stats: Stats | undefined;
    for (const [index, name] of names.entries()) {
      at = join(at, name);
      stats = lstatSync(at, { throwIfNoEntry: false });
      if (!stats) break;
      const last = index === names.length - 1;
      if (isWhiteout(stats) || (!last && !stats.isDirectory())) return undefined;
      if (
        !last &&
        isOpaque(at) &&
        !lstatSync(join(at, names[index + 1] as string), { throwIfNoEntry: false })
      ) {
        return undefined;
      }
    }
    if (stats) return stats;
  }
  return undefined;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function isWhiteout(stats: Stats): boolean {
  return (stats.mode & constants.S_IFMT) === constants.S_IFCHR && stats.rdev === 0;
}

function isOpaque(path: string): boolean {
  return ['user.overlay.opaque', 'trusted.overlay.opaque'].some(
    (name) => getXattr(path, name)?.toString() === 'y',
  );
}
