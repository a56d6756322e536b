import {
  createWriteStream,
  linkSync,
  mkdirSync,
  openSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ImageRecord } from '../store/records.ts';
import { readPlain } from '../tar/decompress.ts';
import { BlobMissing, type BlobStore } from './blobs.ts';
import { ociManifest, parseManifest } from './manifest.ts';

/**
 * Lays an image out in a directory as skopeo's `dir:` transport reads it, byte for byte as it is kept. Links,
 * so that nothing is copied and no other process can take a blob away meanwhile. `format` is the one that the
 * image goes to. Returns skopeo's name for it.
 */
export async function layOut(
  blobs: BlobStore,
  image: ImageRecord,
  workDirectory: string,
  format?: string,
): Promise<string> {
  const directory = join(workDirectory, 'outgoing');
  mkdirSync(directory);
  writeFileSync(join(directory, 'version'), 'Directory Transport Version: 1.1\n');
  const manifest = blobs.read(image.digest);
  const parsed = parseManifest(manifest);
  const layers = parsed.kind === 'image' ? parsed.layers : [];
  link(blobs, `sha256:${image.id}`, directory);
  if (format?.startsWith('v2') && layers.some(({ mediaType }) => mediaType.endsWith('+zstd'))) {
    await layOutPlain(blobs, image, directory);
  } else {
    writeFileSync(join(directory, 'manifest.json'), manifest);
    for (const digest of new Set(image.blobs)) link(blobs, digest, directory);
  }
  return `dir:${directory}`;
}

function fileOf(directory: string, digest: string): string {
  return join(directory, digest.slice('sha256:'.length));
}

function link(blobs: BlobStore, digest: string, directory: string): void {
  if (!blobs.has(digest)) throw new BlobMissing(digest);
  try {
    linkSync(blobs.path(digest), fileOf(directory, digest));
  } catch {
    symlinkSync(blobs.path(digest), fileOf(directory, digest)); // a file system without hard links
  }
}

/** Docker's format has no zstd, and skopeo does not change the compression of a layer: it gets plain ones. */
async function layOutPlain(blobs: BlobStore, image: ImageRecord, directory: string): Promise<void> {
  for (const [index, diffId] of image.diffIds.entries()) {
    const plain = readPlain(openSync(blobs.path(image.blobs[index] as string), 'r'));
    await pipeline(plain, createWriteStream(fileOf(directory, diffId)));
  }
  const descriptor = (mediaType: string, digest: string) => ({
    mediaType,
    digest,
    size: statSync(fileOf(directory, digest)).size,
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: ociManifest,
    config: descriptor('application/vnd.oci.image.config.v1+json', `sha256:${image.id}`),
    layers: image.diffIds.map((diffId) => descriptor('application/vnd.oci.image.layer.v1.tar', diffId)),
  };
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify(manifest));
}
