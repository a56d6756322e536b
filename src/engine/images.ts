import { isPeapodError, PeapodError } from '../errors.ts';
import { hasChildren, parentOf } from '../image/relations.ts';
import { deletesImage } from '../image/removal.ts';
import type { ImageStore } from '../image/store.ts';
import type { Context } from './context.ts';
import type { Filters } from './filters.ts';
import { filterImages } from './image-filters.ts';
import { isImageMounted, unmountImage } from './image-mount.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { ImageView } from './views.ts';

/** Rows of `images`, newest first as podman sorts them. */
export async function listImages(context: Context, filters: Filters = {}): Promise<ImageView[]> {
  const images = await context.images();
  return filterImages(viewsOf(context, images), filters, (name) => images.require(name));
}

/** As if images and containers that are `leaving` were not there any more. */
function viewsOf(
  context: Context,
  images: ImageStore,
  leaving: ReadonlySet<string> = new Set(),
): ImageView[] {
  const all = images.list().filter(({ id }) => !leaving.has(id));
  const users = (imageId: string) => context.store.containers.idsOfImage(imageId);
  const views = all.map(
    (image): ImageView => ({
      id: image.id,
      digest: image.digest,
      names: image.names,
      pastNames: images.pastNames(image),
      createdAtMs: image.createdAtMs,
      sizeBytes: image.sizeBytes,
      containers: users(image.id).filter((id) => !leaving.has(id)).length,
      labels: image.config.config?.Labels ?? {},
      parentId: parentOf(image, all)?.id ?? '',
      hasChildren: hasChildren(image, all),
    }),
  );
  return views.sort((a, b) => b.createdAtMs - a.createdAtMs);
}

/**
 * `rmi`: with force, the containers of an image that is deleted go first. Unless `noPrune` is set, what it was built
 * on goes with it where that has no name and no other use.
 */
export async function removeImage(
  context: Context,
  lifecycle: Lifecycle,
  name: string,
  { force, noPrune }: { force: boolean; noPrune: boolean },
): Promise<string[]> {
  const images = await context.images();
  const usedBy = (imageId: string) => context.store.containers.idsOfImage(imageId);
  const image = images.find(name);
  // Containers keep an image that only loses one of its names.
  if (force && image && deletesImage(images.locate(name))) {
    for (const id of usedBy(image.id)) await lifecycle.remove(id, { force: true, timeoutSeconds: 0 });
  }
  if (image && isImageMounted(context, image.id)) {
    if (!force) {
      throw new PeapodError('IMAGE_IN_USE', `image ${image.id} is in use: it is mounted`, {
        hint: `unmount it first: peapod image unmount ${name}`,
        exitCode: 2,
      });
    }
    unmountImage(context, image);
  }
  let parent = image && !noPrune ? parentOf(image, images.list()) : undefined;
  const lines = await images.remove(name, { force, usedBy });
  for (const line of lines) {
    const [what, untagged = name] = line.split(': ');
    if (what === 'Untagged') context.events.image('untag', image?.id ?? '', untagged);
    else context.events.image('remove', image?.id ?? '', name);
  }
  while (parent && !images.find(image?.id as string)) {
    const all = images.list();
    const isLoose = parent.names.length === 0 && !hasChildren(parent, all) && usedBy(parent.id).length === 0;
    if (!isLoose) break;
    const above = parentOf(parent, all);
    lines.push(...(await images.remove(parent.id, { force: false, usedBy })));
    context.events.image('remove', parent.id, parent.id);
    parent = above;
  }
  return lines;
}

export interface ImagePruneOptions {
  readonly all: boolean;
  readonly filters: Filters;
  /** Nothing is removed. */
  readonly dryRun?: boolean;
  /** Containers that do not count: they go first. */
  readonly leaving?: ReadonlySet<string>;
}

/** `image prune`: what has no name and nothing built on it, or with `all` whatever no container uses. */
export async function pruneImages(
  context: Context,
  { all, filters, dryRun = false, leaving = new Set() }: ImagePruneOptions,
): Promise<string[]> {
  const images = await context.images();
  const usedBy = (imageId: string) => context.store.containers.idsOfImage(imageId);
  const removed: string[] = [];
  // An image may keep another from being loose: until nothing more goes.
  for (let before = -1; before < removed.length; ) {
    before = removed.length;
    const left = viewsOf(context, images, new Set([...leaving, ...removed]));
    const chosen = filterImages(left, filters, (name) => images.require(name));
    for (const view of chosen) {
      const goes = view.containers === 0 && !view.hasChildren && (all || view.names.length === 0);
      if (!goes) continue;
      if (dryRun) {
        removed.push(view.id);
        continue;
      }
      try {
        await images.remove(view.id, { force: true, usedBy });
        removed.push(view.id);
        context.events.image('remove', view.id, view.names[0] ?? view.id);
      } catch (error) {
        // Another command was faster, or has just made a container of it.
        if (!isPeapodError(error, 'NOT_FOUND') && !isPeapodError(error, 'IMAGE_IN_USE')) throw error;
      }
    }
  }
  if (dryRun) return removed;
  await images.forgetPartial();
  if (all) await (await import('./build.ts')).forgetBuilds(context);
  return removed;
}
