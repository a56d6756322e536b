import { PeapodError } from '../errors.ts';
import type { IdMappings } from '../host/id-mappings.ts';
import { type MountRequest, mountHere } from '../host/mounts.ts';
import { writeFully } from '../host/write.ts';
import { gzipBlocks } from '../tar/compress.ts';
import { pack } from '../tar/pack.ts';
import { reporting } from './report.ts';

export interface LayerRequest {
  readonly from: string;
  readonly mounts: readonly MountRequest[];
  /** `from` is the writable layer of an overlay. */
  readonly overlay: boolean;
  /** The plain archive goes to descriptor 3, too, for as long as somebody reads it. */
  readonly copied: boolean;
  /** Paths below `from` that are left out. */
  readonly without: readonly string[];
  /** Of the container's user namespace. */
  readonly mappings?: IdMappings | undefined;
}

/** The last line on standard error where all went well. */
export interface PackedLayer {
  readonly diffId: string;
  readonly digest: string;
  readonly sizeBytes: number;
}

/**
 * `peapod internal files-layer REQUEST`: a layer as a gzip-compressed archive on standard output. Run where ids
 * are mapped as containers see them, so that owners are what they are there.
 */
export function run(args: readonly string[]): Promise<number> {
  return reporting(async () => {
    const { copied, from, mounts, overlay, without, mappings } = JSON.parse(args[0] ?? '') as LayerRequest;
    for (const mount of mounts) mountHere(mount);
    const plain = new Bun.CryptoHasher('sha256');
    const packed = new Bun.CryptoHasher('sha256');
    let sizeBytes = 0;
    let isRead = copied;
    const options = {
      from: Buffer.from(from).toString('latin1'),
      name: '',
      overlay,
      mappings,
      without: new Set(without),
    };
    const source = function* () {
      for (const piece of pack(options)) {
        plain.update(piece);
        if (isRead) isRead = writeFully(3, piece);
        yield piece;
      }
    };
    for (const piece of gzipBlocks(source())) {
      packed.update(piece);
      sizeBytes += piece.length;
      if (!writeFully(1, piece)) throw new PeapodError('COMMAND_FAILED', 'the layer could not be written');
    }
    const layer: PackedLayer = {
      diffId: `sha256:${plain.digest('hex')}`,
      digest: `sha256:${packed.digest('hex')}`,
      sizeBytes,
    };
    process.stderr.write(`${JSON.stringify(layer)}\n`);
  });
}
