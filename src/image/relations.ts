import type { ImageRecord } from '../store/records.ts';

/** Which image was built on which: told by layers and history, as podman does. */

type Entry = NonNullable<ImageRecord['config']['history']>[number];

function historyOf(image: ImageRecord): readonly Entry[] {
  return image.config.history ?? [];
}

function same(a: Entry | undefined, b: Entry | undefined): boolean {
  const fields = (entry: Entry | undefined) => [entry?.created, entry?.created_by, entry?.empty_layer];
  return JSON.stringify(fields(a)) === JSON.stringify(fields(b));
}

/** Whether `child` begins with all layers and the whole history of `parent`, and has more. */
export function isAncestor(parent: ImageRecord, child: ImageRecord): boolean {
  const [before, after] = [historyOf(parent), historyOf(child)];
  if (parent.id === child.id || parent.diffIds.length === 0 || before.length >= after.length) return false;
  return (
    parent.diffIds.every((diffId, index) => child.diffIds[index] === diffId) &&
    before.every((entry, index) => same(entry, after[index]))
  );
}

/** The nearest ancestor. */
export function parentOf(image: ImageRecord, all: readonly ImageRecord[]): ImageRecord | undefined {
  const ancestors = all.filter((other) => isAncestor(other, image));
  return ancestors.toSorted((a, b) => historyOf(b).length - historyOf(a).length)[0];
}

export function hasChildren(image: ImageRecord, all: readonly ImageRecord[]): boolean {
  return all.some((other) => isAncestor(image, other));
}

/** One step of how an image came to be. */
export interface HistoryStep {
  /** Of the image that is here and ends with this step; undefined where there is none. */
  readonly id: string | undefined;
  readonly createdAtMs: number;
  readonly createdBy: string;
  readonly sizeBytes: number;
  readonly comment: string;
  readonly names: readonly string[];
}

/** Newest first; `layerBytes` says how large a layer is. */
export function historySteps(
  image: ImageRecord,
  all: readonly ImageRecord[],
  layerBytes: (diffId: string) => number,
): HistoryStep[] {
  const entries = historyOf(image);
  const told: readonly Entry[] = entries.length > 0 ? entries : image.diffIds.map(() => ({}));
  const ancestors = all.filter((other) => isAncestor(other, image));
  let layer = 0;
  const steps = told.map((entry, index): HistoryStep => {
    const diffId = entry.empty_layer ? undefined : image.diffIds[layer++];
    const last = index === told.length - 1;
    const here = last ? image : ancestors.find((other) => historyOf(other).length === index + 1);
    return {
      id: here?.id,
      createdAtMs: Date.parse(entry.created ?? '') || 0,
      createdBy: entry.created_by ?? '',
      sizeBytes: diffId === undefined ? 0 : layerBytes(diffId),
      comment: entry.comment ?? '',
      names: here?.names ?? [],
    };
  });
  return steps.reverse();
}
