import { createReadStream, readSync } from 'node:fs';
import { Readable } from 'node:stream';
import { messageOf } from '../errors.ts';
import { changeRoot } from '../host/nodes.ts';
import { compressionOf, decompress } from './decompress.ts';
import { LayerWriter } from './layer-writer.ts';
import { TarReader } from './tar.ts';

const headBytes = 6;

/**
 * `peapod internal extract DIRECTORY`: unpacks the archive on standard input (plain, gzip or zstd) into a directory,
 * which becomes its `/`. Run where ids are mapped as containers see them.
 */
export async function run(args: readonly string[]): Promise<number> {
  try {
    process.umask(0);
    changeRoot(args[0] ?? '');
    const writer = new LayerWriter('/', undefined);
    const reader = new TarReader(writer);
    for await (const piece of plainInput() as AsyncIterable<Buffer>) reader.write(piece);
    reader.finish();
    writer.finish();
    return 0;
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    return 1;
  }
}

/** Standard input may be a pipe: it is read once, from where it stands. */
function plainInput(): Readable {
  const head = Buffer.alloc(headBytes);
  let length = 0;
  while (length < headBytes) {
    const count = readSync(0, head, length, headBytes - length, null);
    if (count === 0) break;
    length += count;
  }
  const start = head.subarray(0, length);
  return decompress(Readable.from(pieces(start)), compressionOf(start));
}

async function* pieces(start: Buffer): AsyncGenerator<Buffer> {
  if (start.length > 0) yield start;
  yield* createReadStream('', { fd: 0, highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>;
}
