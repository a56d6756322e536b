import { fstatSync, readSync } from 'node:fs';

const blockBytes = 64 << 10;
/** How far before the wanted lines their beginnings are looked for, where two streams interleave. */
const slackBytes = 1 << 20;

const frame = /^\S+ (stdout|stderr) ([FP])/;

/**
 * Offset in a k8s-file log from which at least the last `count` lines can be read whole. Reads from the end,
 * about as much as those lines take.
 */
export function tailOffset(fd: number, count: number): number {
  const { size } = fstatSync(fd);
  if (count === 0) return size;
  let ended = 0;
  let enoughAt: number | undefined;
  const seen = new Set<string>();
  // Streams of which a wanted line may begin still further up.
  const unfinished = new Set<string>();
  for (const { offset, head } of linesBackwards(fd, size)) {
    const [, stream, tag] = frame.exec(head) ?? [];
    if (stream === undefined) continue;
    if (tag === 'F') ended += 1;
    if (tag === 'F' && ended > count) unfinished.delete(stream);
    else if (tag === 'F' || !seen.has(stream)) unfinished.add(stream);
    seen.add(stream);
    if (ended <= count) continue;
    enoughAt ??= offset;
    if (unfinished.size === 0 || enoughAt - offset > slackBytes) return offset;
  }
  return 0;
}

/** Long enough for a time, a stream and a tag. */
const headBytes = 64;

/** The beginning of each line, from the last to the first. */
function* linesBackwards(fd: number, size: number): Generator<{ offset: number; head: string }> {
  let data: Buffer = Buffer.alloc(0);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - blockBytes);
    const block = Buffer.alloc(end - start);
    readSync(fd, block, 0, block.length, start);
    data = Buffer.concat([block, data]);
    end = start;
    // The newline that ends a line is its last byte; the one before it ends the line above.
    for (;;) {
      const newline = data.length < 2 ? -1 : data.lastIndexOf(10, data.length - 2);
      if (newline < 0) break;
      const head = data.toString('latin1', newline + 1, Math.min(newline + 1 + headBytes, data.length));
      yield { offset: start + newline + 1, head };
      data = data.subarray(0, newline + 1);
    }
  }
  if (data.length > 0) yield { offset: 0, head: data.toString('latin1', 0, headBytes) };
}
