/** Subordinate user and group ids: who may map which range of the host into a user namespace, see subuid(5). */

export interface IdRange {
  /** First id on the host. */
  readonly start: number;
  readonly count: number;
}

/** The ranges of one account in the text of /etc/subuid or /etc/subgid, by its name or its decimal uid. */
export function parseSubordinateIds(text: string, userName: string, uid: number): IdRange[] {
  const ranges: IdRange[] = [];
  for (const line of text.split('\n')) {
    const [owner, start, count, ...rest] = line.trim().split(':');
    if (owner === undefined || rest.length > 0) continue;
    if (owner !== userName && owner !== String(uid)) continue;
    const range = { start: decimal(start), count: decimal(count) };
    if (range.start > 0 && range.count > 0) ranges.push(range);
  }
  return ranges;
}

/**
 * The words of newuidmap(1) and newgidmap(1) behind the pid: the caller becomes 0, its ranges follow from 1 on
 * without a gap.
 */
export function idMapWords(ownId: number, ranges: readonly IdRange[]): string[] {
  const words = ['0', String(ownId), '1'];
  let inside = 1;
  for (const { start, count } of ranges) {
    words.push(String(inside), String(start), String(count));
    inside += count;
  }
  return words;
}

/** The first 65536 ids from 100000 on that no line of the files has given away, as useradd(8) chooses them. */
export function freeRange(...texts: readonly string[]): IdRange {
  let start = 100_000;
  for (const line of texts.join('\n').split('\n')) {
    const [, first, count] = line.trim().split(':');
    const end = decimal(first) + decimal(count);
    if (Number.isFinite(end)) start = Math.max(start, end);
  }
  return { start, count: 65_536 };
}

function decimal(text: string | undefined): number {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : Number.NaN;
}
