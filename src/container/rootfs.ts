import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { PeapodError } from '../errors.ts';
import { type IdmappedDirectory, type MountRequest, mountCommands } from '../host/mounts.ts';
import { kindInRoot, readTextInRoot } from '../host/rooted.ts';

/** How to mount one container's root, and where; the mounts are made where the containers live. */
export interface RootfsPlan {
  /** The root directory for config.json. */
  readonly path: string;
  readonly mounts: readonly MountRequest[];
  /** Where its files are found before there is a mount: topmost first. */
  readonly places: readonly RootPlace[];
}

export interface RootPlace {
  readonly dir: string;
  /** What of the root is found here: what is below it, e.g. `/etc`. */
  readonly at: string;
  /** `dir` is a whole root, of which only `at` counts; otherwise it stands for `at` itself. */
  readonly isRoot?: boolean;
}

/** A path of the root in the directory of a place; undefined where that place has nothing to say of it. */
export function pathInPlace({ at, isRoot }: RootPlace, path: string): string | undefined {
  if (path !== at && !path.startsWith(`${at}/`)) return undefined;
  return isRoot ? path : path.slice(at.length) || '/';
}

const maxTextBytes = 4 << 20;

/** A text file of a root that is not mounted. Throws EACCES where a place is another user's. */
export function readInPlaces(places: readonly RootPlace[], path: string): string | undefined {
  for (const place of places) {
    const { dir } = place;
    const inner = pathInPlace(place, path);
    if (inner === undefined) continue;
    const kind = kindInRoot(dir, inner);
    if (kind === 'file') return readTextInRoot(dir, inner, maxTextBytes);
    // Anything else of that name hides the file of the layers below, as overlayfs' whiteouts do.
    if (kind !== undefined) return undefined;
  }
  return undefined;
}

export interface OverlaySupport {
  /** `userxattr` for mounts inside of a user namespace, see the kernel's overlayfs documentation. */
  readonly userxattr: boolean;
  /** Lower directories show the ids that this user namespace makes of theirs; its path. */
  readonly userNamespace?: string | undefined;
}

/** Directories of a container that hold what it writes: `diff` and `work` survive a stop, `merged` is the mount. */
function layout(
  containerDir: string,
  name: string,
  among = 'rootfs',
): { diff: string; work: string; merged: string } {
  const base = join(containerDir, among, name);
  return { diff: join(base, 'diff'), work: join(base, 'work'), merged: join(base, 'merged') };
}

/** The kernel takes one page of mount options: links with short names keep many layers within it. */
function shortNames(dir: string, layers: readonly string[]): { dir: string; names: string[] } {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const names = layers.map((layer, index) => {
    const name = index.toString(36);
    symlinkSync(layer, join(dir, name));
    return name;
  });
  return { dir, names };
}

function overlay(
  lower: string,
  at: { diff: string; work: string; merged: string },
  support: OverlaySupport,
  more: Pick<MountRequest, 'workingDir' | 'idmapped'> = {},
): MountRequest {
  const options = [`lowerdir=${lower}`, `upperdir=${at.diff}`, `workdir=${at.work}`];
  // Where the kernel would write redirections by default, what was renamed could not be committed.
  options.push(support.userxattr ? 'userxattr' : 'redirect_dir=off');
  return { type: 'overlay', source: 'overlay', target: at.merged, options: options.join(','), ...more };
}

/** Where lower directories are seen with mapped ids while an overlay is made of them: `mapped/NAME/0`, … */
function mappedPlaces(
  containerDir: string,
  name: string,
  lower: readonly string[],
  userNamespace: string,
): { dir: string; idmapped: readonly IdmappedDirectory[] } {
  const dir = join(containerDir, 'rootfs', 'mapped', name);
  mkdirSync(dir, { recursive: true });
  return {
    dir,
    idmapped: lower.map((source, index) => ({ source, at: join(dir, index.toString(36)), userNamespace })),
  };
}

function makeDirectories(at: { diff: string; work: string; merged: string }): void {
  for (const dir of [at.diff, at.work, at.merged]) mkdirSync(dir, { recursive: true });
}

/** overlayfs wants something below, also for an image without any layer. */
function emptyLayer(links: string): string {
  const dir = join(links, 'empty');
  mkdirSync(dir, { recursive: true });
  return dir;
}

/** An image's layers (lowest first) or a directory, with a writable layer on top. */
export function planOverlay(
  containerDir: string,
  lowestFirst: readonly string[],
  support: OverlaySupport,
  at = layout(containerDir, 'root'),
  links = join(containerDir, 'rootfs', 'l'),
): RootfsPlan {
  makeDirectories(at);
  const topFirst = lowestFirst.length > 0 ? [...lowestFirst].reverse() : [emptyLayer(links)];
  const foreign = topFirst.find((layer) => /[:,\\]/.test(layer));
  if (foreign !== undefined) {
    throw new PeapodError(
      'INVALID_ARGUMENT',
      `the directory ${foreign} has a character that overlayfs cannot take`,
      { hint: 'rename it without colon, comma and backslash' },
    );
  }
  const places = [at.diff, ...topFirst].map((dir) => ({ dir, at: '' }));
  if (support.userNamespace !== undefined) {
    const { dir, idmapped } = mappedPlaces(containerDir, 'root', topFirst, support.userNamespace);
    const names = topFirst.map((_, index) => index.toString(36)).join(':');
    return { path: at.merged, mounts: [overlay(names, at, support, { workingDir: dir, idmapped })], places };
  }
  const short = topFirst.join(':').length > 2500 ? shortNames(links, topFirst) : undefined;
  const lower = (short?.names ?? topFirst).join(':');
  return {
    path: at.merged,
    mounts: [overlay(lower, at, support, short ? { workingDir: short.dir } : {})],
    places,
  };
}

/** Another image in a container, `--mount type=image`: what is written to it is gone at the next start. */
export function planImageMount(
  containerDir: string,
  index: number,
  lowestFirst: readonly string[],
  support: OverlaySupport,
  owner?: { readonly uid: number; readonly gid: number },
): { readonly path: string; readonly commands: string[][] } {
  const at = layout(containerDir, String(index), imageMounts);
  const { mounts } = planOverlay(containerDir, lowestFirst, support, at, join(at.merged, '..', 'l'));
  const { diff, work, merged } = at;
  return {
    path: merged,
    commands: [
      ['rm', '-rf', diff, work],
      ['mkdir', '-m', '755', diff, work],
      ...(owner ? [['chown', `${owner.uid}:${owner.gid}`, diff]] : []),
      ...mounts.flatMap(mountCommands),
    ],
  };
}

/** The directory of a container that other images are mounted in. */
export const imageMounts = 'images';
/** The same for mounts with `:O`. */
export const volumeOverlays = 'overlays';
const hostTrees = ['usr', 'etc'];
const hostLinks = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'];
const freshDirectories = [
  'dev',
  'home',
  'media',
  'mnt',
  'opt',
  'proc',
  'root',
  'run',
  'srv',
  'sys',
  'tmp',
  'var/tmp',
];

/**
 * The `host` root: fresh but for /usr and /etc (and /bin, /lib, … where the host has not merged them into
 * /usr), which are overlays on the host's. An overlay on `/` itself fails in a user namespace: the kernel
 * does not clone a tree with locked mounts in it.
 */
export function planHostRoot(containerDir: string, support: OverlaySupport): RootfsPlan {
  const root = join(containerDir, 'rootfs', 'host');
  for (const dir of freshDirectories) mkdirSync(join(root, dir), { recursive: true });
  const trees = [...hostTrees];
  for (const name of hostLinks) {
    const target = linkTarget(`/${name}`);
    if (target === undefined) continue;
    if (target === '') trees.push(name);
    else symlinkSyncOnce(target, join(root, name));
  }
  for (const dir of ['tmp', 'var/tmp'].map((each) => join(root, each))) {
    // It may be another user's by now.
    if ((statSync(dir).mode & 0o7777) !== 0o1777) chmodSync(dir, 0o1777);
  }
  const mounts = trees.map((name) => {
    const at = { ...layout(containerDir, name), merged: join(root, name) };
    makeDirectories(at);
    if (name === 'etc') ownEtc(at.diff);
    if (support.userNamespace === undefined) return overlay(`/${name}`, at, support);
    const { dir, idmapped } = mappedPlaces(containerDir, name, [`/${name}`], support.userNamespace);
    return overlay('0', at, support, { workingDir: dir, idmapped });
  });
  const places = trees.flatMap((name) => [
    { dir: layout(containerDir, name).diff, at: `/${name}` },
    { dir: '/', at: `/${name}`, isRoot: true },
  ]);
  return { path: root, mounts, places: [...places, { dir: root, at: '' }] };
}

/** A directory as it is, written to in place. */
export function planDirectory(path: string): RootfsPlan {
  return { path, mounts: [], places: [{ dir: path, at: '' }] };
}

/** Files that peapod mounts over must be plain ones, wherever the host's links lead. */
function ownEtc(diff: string): void {
  for (const path of ['hosts', 'hostname', 'resolv.conf'].map((name) => join(diff, name)))
    if (!lstatSync(path, { throwIfNoEntry: false })) writeFileSync(path, '');
}

/** A link's target, an empty string for a directory, undefined for nothing. */
function linkTarget(path: string): string | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return undefined;
  return found.isSymbolicLink() ? readlinkSync(path) : '';
}

function symlinkSyncOnce(target: string, path: string): void {
  if (!lstatSync(path, { throwIfNoEntry: false })) symlinkSync(target, path);
}

/**
 * What the container's root owns when it begins. Whoever starts the container goes on to write into those that are
 * `shared`; the last of all directories is `last`. Undefined for a root that is not peapod's.
 */
export function ownDirectories(
  containerDir: string,
):
  | { readonly others: readonly string[]; readonly shared: readonly string[]; readonly last: string }
  | undefined {
  const base = join(containerDir, 'rootfs');
  if (!existsSync(base)) return undefined;
  const host = join(base, 'host');
  if (!existsSync(host)) return { others: [], shared: [], last: join(base, 'root', 'diff') };
  const trees = readdirSync(base).filter((name) => !['host', 'l', 'mapped'].includes(name));
  const diffs = trees.map((name) => join(base, name, 'diff'));
  const others = [...diffs, ...readdirSync(host).map((name) => join(host, name))];
  return { others, shared: [join(base, 'etc', 'diff'), host], last: host };
}
