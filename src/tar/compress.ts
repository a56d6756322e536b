/** What is compressed at once: large enough that nothing is lost by beginning anew, small enough to hold. */
export const gzipBlockBytes = 1 << 20;

/**
 * Pieces as a gzip file of one member a block, which RFC 1952 allows and every reader takes. libdeflate at its first
 * level packs as tightly as zlib's default in less than half of its time; it knows whole blocks only.
 */
export function* gzipBlocks(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  const block = Buffer.allocUnsafe(gzipBlockBytes);
  let filled = 0;
  for (const piece of pieces) {
    for (let done = 0; done < piece.length; ) {
      const count = Math.min(piece.length - done, gzipBlockBytes - filled);
      block.set(piece.subarray(done, done + count), filled);
      done += count;
      filled += count;
      if (filled < gzipBlockBytes) continue;
      yield gzipBlock(block);
      filled = 0;
    }
  }
  // An empty file has a member, too.
  yield gzipBlock(block.subarray(0, filled));
}

/** One member. */
export function gzipBlock(block: Uint8Array<ArrayBuffer>): Uint8Array {
  return Bun.gzipSync(block, { library: 'libdeflate', level: isCompressible(block) ? 1 : 0 });
}

const sampleBytes = 1 << 13;

/** Told by a few parts of it: what is compressed already is stored, which costs next to nothing. */
function isCompressible(block: Uint8Array<ArrayBuffer>): boolean {
  if (block.length < 16 * sampleBytes) return true;
  const places = [0.1, 0.35, 0.6, 0.85].map((part) => Math.floor(part * block.length));
  const samples = Buffer.concat(places.map((at) => block.subarray(at, at + sampleBytes)));
  return Bun.gzipSync(samples, { library: 'libdeflate', level: 1 }).length < 0.97 * samples.length;
}
