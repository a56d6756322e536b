import { PeapodError } from '../errors.ts';
import type { ImageRecord } from '../store/records.ts';
import type { LayerStore } from './layers.ts';
import type { Found } from './lookup.ts';
import type { ImageStores } from './record.ts';

/**
 * Untags by name; deletes by id, or with the last name. Returns podman's lines. Throws IMAGE_IN_USE (exit
 * code 2) where containers hold an image that would go, WRONG_STATE where an id has several names.
 */
export async function removeImage(
  deps: ImageStores,
  found: Found,
  options: { force: boolean; usedBy: (imageId: string) => string[] },
): Promise<string[]> {
  const { table } = deps;
  const { image, name } = found;
  const deleteImage = deletesImage(found);
  if (!isNamed(found) && image.names.length > 1 && !options.force) {
    throw new PeapodError(
      'WRONG_STATE',
      `unable to delete image "${image.id}" by ID with more than one tag ([${image.names.join(' ')}]): please force removal`,
      { hint: 'remove its names one by one, or use --force' },
    );
  }
  const names = deleteImage ? image.names : [name as string];
  table.remove(image.id, names, deleteImage, () => {
    if (deleteImage) refuseUsed(image, options.usedBy(image.id));
  });
  await sweep(deps);
  return [...names.map((each) => `Untagged: ${each}`), ...(deleteImage ? [`Deleted: ${image.id}`] : [])];
}

/** Whether it goes for good: by a name, an image goes with its last one. */
export function deletesImage(found: Found): boolean {
  return !isNamed(found) || found.image.names.length === 1;
}

function isNamed({ image, name }: Found): boolean {
  return name !== undefined && image.names.includes(name);
}

function refuseUsed(image: ImageRecord, [container]: readonly string[]): void {
  if (container === undefined) return;
  throw new PeapodError(
    'IMAGE_IN_USE',
    `image used by ${container}: image is in use by a container: consider listing external containers and force-removing image`,
    {
      hint: `remove the container first: peapod rm ${container.slice(0, 12)} (image ${image.id.slice(0, 12)})`,
      exitCode: 2,
    },
  );
}

/**
 * Deletes what no image has: after a removal, a pull that failed, or a process that was killed. While anyone
 * fetches an image only what is half-made and abandoned goes; the rest is left to the last of them.
 */
export async function sweep({ table, blobs, layers }: ImageStores): Promise<void> {
  const work = blobs.workNames();
  const halfMade = layers.workNames();
  blobs.deleteWork(work.abandoned);
  let discarded: string[] = [];
  if (work.live.length === 0 && halfMade.live.length === 0) {
    table.withUsed((usedBlobs, usedDiffIds) => {
      for (const digest of blobs.digests()) if (!usedBlobs.has(digest)) blobs.delete(digest);
      discarded = layers.discard(layers.diffIds().filter((diffId) => !usedDiffIds.has(diffId)));
    });
  }
  await layers.delete([...halfMade.abandoned, ...discarded]);
  for (const mapped of layers.allMapped()) await sweepMapped(table, mapped);
}

/** Copies of layers go with the layers; what is being made is left to whoever makes it. */
async function sweepMapped(table: ImageStores['table'], layers: LayerStore): Promise<void> {
  const { live, abandoned } = layers.workNames();
  let discarded: string[] = [];
  if (live.length === 0)
    table.withUsed((_, usedDiffIds) => {
      discarded = layers.discard(layers.diffIds().filter((diffId) => !usedDiffIds.has(diffId)));
    });
  await layers.delete([...abandoned, ...discarded]);
  layers.removeEmpty();
}
