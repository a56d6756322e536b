import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { detachMount, mountHere } from '../host/mounts.ts';
import type { ImageRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import { type MountView, requireOwnMounts } from './mount.ts';

function placeOf({ paths }: Context, id: string): { dir: string; merged: string; empty: string } {
  const dir = join(paths.runRoot, 'images', id);
  return { dir, merged: join(dir, 'merged'), empty: join(dir, 'empty') };
}

/** Where it is mounted as this process can open it, and whether it is. */
export function isImageMounted(context: Context, id: string): boolean {
  const { dir, merged } = placeOf(context, id);
  const [outer, inner] = [dir, merged].map((path) => {
    const seen = context.visible(path);
    return seen === undefined ? undefined : statSync(seen, { throwIfNoEntry: false });
  });
  return outer !== undefined && inner !== undefined && outer.dev !== inner.dev;
}

/** Mounts an image's files, which nobody can write to there. Returns where. */
export async function mountImage(context: Context, name: string): Promise<string> {
  requireOwnMounts(context, 'image mount');
  const images = await context.images();
  const image = images.require(name);
  const { merged, empty } = placeOf(context, image.id);
  if (isImageMounted(context, image.id)) return merged;
  for (const dir of [merged, empty]) mkdirSync(dir, { recursive: true, mode: 0o755 });
  const layers = (await images.layerDirectories(image)).reverse().map((path) => basename(path));
  // An overlay without a writable layer wants two others at least. Relative names keep it within a page of options.
  const options = `lowerdir=${[...layers, empty].join(':')}${context.facts.rootless ? ',userxattr' : ''}`;
  mountHere({
    type: 'overlay',
    source: 'overlay',
    target: merged,
    options,
    workingDir: context.paths.layers,
  });
  context.events.image('mount', image.id, name);
  return merged;
}

/** Idempotent; from outside of the mount namespace, too. */
export function unmountImage(context: Context, image: Pick<ImageRecord, 'id'>): void {
  const { dir, merged } = placeOf(context, image.id);
  if (!context.separateMounts) detachMount(merged);
  rmSync(dir, { recursive: true, force: true });
  context.events.image('unmount', image.id, image.id);
}

export async function mountedImages(context: Context): Promise<MountView[]> {
  requireOwnMounts(context, 'image mount');
  const images = await context.images();
  return namesIn(join(context.paths.runRoot, 'images'))
    .filter((id) => isImageMounted(context, id))
    .map((id) => ({ id, names: images.find(id)?.names ?? [], path: placeOf(context, id).merged }));
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
