import { isAncestor } from '../image/relations.ts';
import type { ImageRecord } from '../store/records.ts';
import type { Context } from './context.ts';

export interface ImageTreeView {
  readonly id: string;
  readonly names: readonly string[];
  readonly sizeBytes: number;
  /** Lowest first. */
  readonly layers: readonly {
    readonly diffId: string;
    readonly sizeBytes: number;
    /** Names of the images that end with it. */
    readonly topOf: readonly string[];
  }[];
  /** Images that were built on this one. */
  readonly requiredBy: readonly { readonly id: string; readonly names: readonly string[] }[];
}

export async function imageTree(context: Context, name: string): Promise<ImageTreeView> {
  const images = await context.images();
  const image = images.require(name);
  const all = images.list();
  const endsAt = (other: ImageRecord, index: number) =>
    other.diffIds.length === index + 1 && other.diffIds.every((diffId, at) => diffId === image.diffIds[at]);
  return {
    id: image.id,
    names: image.names,
    sizeBytes: image.sizeBytes,
    layers: image.diffIds.map((diffId, index) => ({
      diffId,
      sizeBytes: images.layerBytes(diffId),
      topOf: all.filter((other) => endsAt(other, index)).flatMap((other) => other.names),
    })),
    requiredBy: all.filter((other) => isAncestor(image, other)).map(({ id, names }) => ({ id, names })),
  };
}
