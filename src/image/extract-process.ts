import { messageOf } from '../errors.ts';
import { changeRoot } from '../host/nodes.ts';
import { readPlainInput } from '../tar/decompress.ts';
import { TarReader } from '../tar/reader.ts';
import { LayerWriter } from './layer-writer.ts';

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
    for await (const piece of readPlainInput() as AsyncIterable<Buffer>) reader.write(piece);
    reader.finish();
    writer.finish();
    return 0;
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    return 1;
  }
}
