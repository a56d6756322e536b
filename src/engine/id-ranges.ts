import type { IdMapping } from '../host/id-mappings.ts';
import type { IdRange } from '../host/subordinate-ids.ts';

/** Which ids `--userns auto` gives to a container. Pure. */

/** What is left of `ranges`, in their order of ids. */
export function freeRanges(ranges: readonly IdRange[], taken: readonly IdRange[]): IdRange[] {
  const free: IdRange[] = [];
  const ends = (range: IdRange) => range.start + range.count;
  const used = [...taken].sort((a, b) => a.start - b.start);
  let reached = 0;
  for (const range of [...ranges].sort((a, b) => a.start - b.start)) {
    // Lines of /etc/subuid may overlap.
    let start = Math.max(range.start, reached);
    reached = Math.max(reached, ends(range));
    for (const one of used) {
      if (ends(one) <= start || one.start >= ends(range)) continue;
      if (one.start > start) free.push({ start, count: one.start - start });
      start = Math.max(start, ends(one));
    }
    if (start < ends(range)) free.push({ start, count: ends(range) - start });
  }
  return free;
}

/**
 * Container ids from 0 to `size` but those of `asked`, which say for themselves where they are. One range where
 * one is large enough, else several. Undefined where there are not enough.
 */
export function allocate(
  size: number,
  asked: readonly IdMapping[],
  free: readonly IdRange[],
): readonly IdMapping[] | undefined {
  const wanted = gaps(size, asked);
  const needed = wanted.reduce((sum, { count }) => sum + count, 0);
  const whole = free.find(({ count }) => count >= needed);
  const ranges = (whole ? [whole] : [...free]).map((range) => ({ ...range }));
  const mappings: IdMapping[] = [];
  for (const gap of wanted) {
    let containerID = gap.start;
    for (let left = gap.count; left > 0; ) {
      const range = ranges.find(({ count }) => count > 0);
      if (!range) return undefined;
      const count = Math.min(left, range.count);
      mappings.push({ containerID, hostID: range.start, size: count });
      range.start += count;
      range.count -= count;
      containerID += count;
      left -= count;
    }
  }
  return [...mappings, ...asked].sort((a, b) => a.containerID - b.containerID);
}

/** Container ids below `size` that no mapping has. */
function gaps(size: number, asked: readonly IdMapping[]): IdRange[] {
  const taken = asked.map(({ containerID, size: count }) => ({ start: containerID, count }));
  return size > 0 ? freeRanges([{ start: 0, count: size }], taken) : [];
}

/** The mapping that shares an id with one before it, inside or outside; undefined where none does. */
export function overlapping(mappings: readonly IdMapping[]): IdMapping | undefined {
  const meets = (a: number, aSize: number, b: number, bSize: number) => a < b + bSize && b < a + aSize;
  return mappings.find((one, index) =>
    mappings
      .slice(0, index)
      .some(
        (other) =>
          meets(one.containerID, one.size, other.containerID, other.size) ||
          meets(one.hostID, one.size, other.hostID, other.size),
      ),
  );
}

/** The mapping that leads outside of `ranges`; undefined where none does. */
export function outOfRange(
  mappings: readonly IdMapping[],
  ranges: readonly IdRange[],
): IdMapping | undefined {
  return mappings.find(({ hostID, size }) => freeRanges([{ start: hostID, count: size }], ranges).length > 0);
}
