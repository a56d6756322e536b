import { openSync } from 'node:fs';
import { isPeapodError, messageOf, PeapodError } from '../errors.ts';
import { type IdMappings, ownerOutside, rootOutside } from '../host/id-mappings.ts';
import { changeRoot } from '../host/nodes.ts';
import { readBlocking } from '../host/read.ts';
import type { LayerSize } from '../store/images.ts';
import { readPlain } from '../tar/decompress.ts';
import { type TarHandler, TarReader } from '../tar/reader.ts';
import { LayerTree } from './layer-tree.ts';
import { LayerWriter } from './layer-writer.ts';

/** What the process writes to standard output: one line of JSON. */
export type UnpackReport =
  | (LayerSize & { readonly diffId: string })
  | { readonly error: { readonly code: string; readonly message: string; readonly hint?: string } };

/**
 * Unpacks a layer blob (plain, gzip or zstd) that is open at `fd` into a directory and compares the digest
 * of the tar stream. Throws IMAGE_INVALID, HOST_UNFIT; then the directory holds a part of the layer.
 */
export async function unpackLayer(
  fd: number,
  diffId: string,
  directory: string,
  opaqueXattr: string,
  mappings?: IdMappings,
): Promise<LayerSize & { readonly diffId: string }> {
  const layer = await unpackPieces(readPlain(fd), directory, opaqueXattr, mappings);
  if (layer.diffId !== diffId) {
    throw new PeapodError(
      'IMAGE_INVALID',
      `a layer's content is ${layer.diffId}, but the image says ${diffId}`,
      { hint: 'the image is broken: build or fetch it again' },
    );
  }
  return layer;
}

/** A plain archive, whatever its digest, which is returned. Throws as `unpackLayer`. */
async function unpackPieces(
  pieces: AsyncIterable<Buffer> | Iterable<Buffer>,
  directory: string,
  opaqueXattr: string,
  mappings?: IdMappings,
): Promise<LayerSize & { readonly diffId: string }> {
  const tree = new LayerTree(directory, opaqueXattr, mappings && rootOutside(mappings));
  const writer = new LayerWriter(tree, opaqueXattr);
  const reader = new TarReader(mappings ? mapped(writer, mappings) : writer);
  const hash = new Bun.CryptoHasher('sha256');
  let tarBytes = 0;
  try {
    for await (const piece of pieces) {
      hash.update(piece);
      tarBytes += piece.length;
      reader.write(piece);
    }
  } catch (error) {
    throw asImageError(error);
  }
  reader.finish();
  writer.finish();
  return { sizeBytes: writer.sizeBytes, tarBytes, diffId: `sha256:${hash.digest('hex')}` };
}

/** From standard input as it comes. The piece is good until the next one is asked for. */
function* standardInput(): Generator<Buffer> {
  const buffer = Buffer.allocUnsafe(1 << 18);
  for (;;) {
    const count = readBlocking(0, buffer);
    if (count === 0) return;
    yield buffer.subarray(0, count);
  }
}

/** Whose files are whose in a user namespace. */
function mapped(writer: LayerWriter, { uids, gids }: IdMappings): TarHandler {
  return {
    entry: (entry) =>
      writer.entry({ ...entry, uid: ownerOutside(uids, entry.uid), gid: ownerOutside(gids, entry.gid) }),
    data: (chunk, position) => writer.data(chunk, position),
    end: () => writer.end(),
  };
}

function asImageError(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (isPeapodError(error) || !/^(Z_|ZSTD_|ERR_)/.test(code ?? '')) return error;
  return new PeapodError('IMAGE_INVALID', `a layer cannot be decompressed: ${messageOf(error)}`, {
    cause: error,
  });
}

/**
 * `peapod internal unpack-layer BLOB DIFF-ID DIRECTORY OPAQUE-XATTR [MAPPINGS]`, to be run where ids are mapped as
 * containers see them. `-` for a plain archive on standard input, of which only the report tells the digest. The directory becomes its `/`, so that no entry can reach anything else.
 */
export async function run(args: readonly string[]): Promise<number> {
  let report: UnpackReport;
  try {
    const [blob = '', diffId = '', directory = '', opaqueXattr = '', mappings] = args;
    const fd = blob === '-' ? undefined : openSync(blob, 'r');
    process.umask(0);
    changeRoot(directory);
    const ids = mappings === undefined ? undefined : (JSON.parse(mappings) as IdMappings);
    report =
      fd === undefined
        ? await unpackPieces(standardInput(), '/', opaqueXattr, ids)
        : await unpackLayer(fd, diffId, '/', opaqueXattr, ids);
  } catch (error) {
    const known = isPeapodError(error);
    const hint = known ? error.hint : undefined;
    report = {
      error: { code: known ? error.code : 'INTERNAL', message: messageOf(error), ...(hint ? { hint } : {}) },
    };
  }
  process.stdout.write(`${JSON.stringify(report)}\n`);
  return 'error' in report ? 1 : 0;
}
