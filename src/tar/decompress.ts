import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { PeapodError } from '../errors.ts';
import { readBlocking } from '../host/read.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

/** Large pieces: each costs a turn of the event loop and a write. Measured: 16 KiB halves the speed. */
const pieceBytes = 256 * 1024;

const headBytes = 6;

const magics: readonly (readonly [Compression | 'bzip2' | 'xz', string])[] = [
  ['gzip', '1f8b'],
  ['zstd', '28b52ffd'],
  // A skippable frame may come first, as in zstd:chunked.
  ['zstd', '502a4d18'],
  ['bzip2', '425a68'],
  ['xz', 'fd377a585a00'],
];

/** By the first bytes. Throws IMAGE_INVALID for bzip2 and xz. */
export function compressionOf(head: Uint8Array): Compression {
  const hex = Buffer.from(head).toString('hex');
  const found = magics.find(([, magic]) => hex.startsWith(magic))?.[0] ?? 'none';
  if (found === 'bzip2' || found === 'xz') {
    throw new PeapodError('IMAGE_INVALID', `archives compressed with ${found} are not supported`, {
      hint: `decompress it first: ${found === 'xz' ? 'xz' : 'bzip2'} -d FILE`,
    });
  }
  return found;
}

/** Throws IMAGE_INVALID for bzip2 and xz. */
export function compressionOfFile(file: string): Compression {
  const head = Buffer.alloc(headBytes);
  const fd = openSync(file, 'r');
  try {
    return compressionOf(head.subarray(0, readSync(fd, head)));
  } finally {
    closeSync(fd);
  }
}

/** Decompresses on a thread of its own while the caller works on the piece before. */
export function decompress(source: Readable, compression: Compression): Readable {
  if (compression === 'none') return source;
  const decoder =
    compression === 'gzip'
      ? createGunzip({ chunkSize: pieceBytes })
      : createZstdDecompress({ chunkSize: pieceBytes });
  // Errors of either end come out of the decoder.
  pipeline(source, decoder, () => {});
  return decoder;
}

/** The plain content of a file at position 0 of `fd`, which is closed at the end. */
export function readPlain(fd: number): Readable {
  const head = Buffer.alloc(6);
  const length = readSync(fd, head, 0, head.length, 0);
  const source = createReadStream('', { fd, start: 0, highWaterMark: pieceBytes });
  return decompress(source, compressionOf(head.subarray(0, length)));
}

/** The plain content of standard input, which may be a pipe: it is read once, from where it stands. */
export function readPlainInput(): Readable {
  const head = Buffer.alloc(headBytes);
  let length = 0;
  while (length < headBytes) {
    const count = readBlocking(0, head, length);
    if (count === 0) break;
    length += count;
  }
  const start = head.subarray(0, length);
  return decompress(Readable.from(pieces(start)), compressionOf(start));
}

async function* pieces(start: Buffer): AsyncGenerator<Buffer> {
  if (start.length > 0) yield start;
  for (;;) {
    const piece = Buffer.allocUnsafe(pieceBytes);
    const count = readBlocking(0, piece);
    if (count === 0) return;
    yield piece.subarray(0, count);
  }
}
