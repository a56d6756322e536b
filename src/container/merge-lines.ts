/**
 * Brings a file that was generated, and may have been edited since, from one generated text to the next: what went
 * goes, what came comes first, and lines of the person who edited it stay.
 */
export function mergeLines(before: string, after: string, current: string): string {
  if (current === before) return after;
  const [old, fresh, present] = [before, after, current].map((text) => text.split('\n').filter(Boolean));
  const gone = new Set(old?.filter((line) => !fresh?.includes(line)));
  const came = fresh?.filter((line) => !old?.includes(line) && !present?.includes(line)) ?? [];
  const kept = present?.filter((line) => !gone.has(line)) ?? [];
  return [...came, ...kept, ''].join('\n');
}
