import { closeSync, createReadStream, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeFully } from '../host/write.ts';
import { gzipBlock, gzipBlockBytes } from '../tar/compress.ts';
import { compressionOfFile } from '../tar/decompress.ts';
import { configTypes, layerType } from './create.ts';
import { digestOf, dockerManifest, ociManifest, parseConfig, parseManifest } from './manifest.ts';
import { recordImage } from './record.ts';
import type { Progress } from './skopeo.ts';
import type { Transfers } from './transfers.ts';

/**
 * Takes an image that another tool keeps unpacked, copied to `directory` by skopeo: its layers are plain then.
 * What the store has already is used, and new layers are compressed. Returns the id.
 */
export async function adoptBuilt(
  { stores, deps }: Transfers,
  directory: string,
  names: readonly string[],
  report: Progress,
): Promise<string> {
  const { blobs } = stores;
  const received = parseManifest(readFileSync(join(directory, 'manifest.json')));
  if (received.kind !== 'image') throw new Error('skopeo copied no image');
  const fileOf = (digest: string) => join(directory, digest.slice('sha256:'.length));
  const config = readFileSync(fileOf(received.config.digest));
  const { diff_ids: diffIds } = parseConfig(config, received.layers.length).rootfs;
  const format = received.mediaType === dockerManifest ? 'docker' : 'oci';
  const layers = [];
  for (const [index, diffId] of diffIds.entries()) {
    const known = deps.table.blobsOf(diffId).find((digest) => blobs.has(digest));
    const digest = known ?? (await compressed(fileOf(received.layers[index]?.digest as string), directory));
    if (known === undefined) blobs.adopt(fileOf(digest), digest);
    const mediaType = layerType(format, compressionOfFile(blobs.path(digest)));
    layers.push({ mediaType, digest, size: statSync(blobs.path(digest)).size });
  }
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: format === 'docker' ? dockerManifest : ociManifest,
    config: { mediaType: configTypes[format], digest: digestOf(config), size: config.length },
    layers,
  });
  blobs.write(digestOf(config), config, directory);
  blobs.write(digestOf(manifest), manifest, directory);
  return recordImage(stores, { manifest: digestOf(manifest), lists: [], names }, report);
}

/** Beside the file, under the name of its digest. */
async function compressed(file: string, directory: string): Promise<string> {
  const half = join(directory, 'compressed');
  const hash = new Bun.CryptoHasher('sha256');
  const fd = openSync(half, 'wx');
  try {
    const blocks = createReadStream(file, { highWaterMark: gzipBlockBytes });
    for await (const block of blocks as AsyncIterable<Buffer<ArrayBuffer>>) {
      const member = gzipBlock(block);
      hash.update(member);
      writeFully(fd, member);
    }
  } finally {
    closeSync(fd);
  }
  const digest = `sha256:${hash.digest('hex')}`;
  renameSync(half, join(directory, digest.slice('sha256:'.length)));
  return digest;
}
