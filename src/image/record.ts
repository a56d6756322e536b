import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { PeapodError } from '../errors.ts';
import type { ImageTable } from '../store/images.ts';
import type { ImageConfig, ImageRecord } from '../store/records.ts';
import type { Platform } from './access.ts';
import { BlobMissing, type BlobStore } from './blobs.ts';
import type { LayerStore } from './layers.ts';
import { digestOf, hostArchitecture, type ImageManifest, parseConfig, parseManifest } from './manifest.ts';

/** The places where parts of an image are. */
export interface ImageStores {
  readonly table: ImageTable;
  readonly blobs: BlobStore;
  readonly layers: LayerStore;
}

/** Takes the blobs of a `dir:` copy, whose digests skopeo has compared; returns the manifest's digest. */
export function adoptCopy(directory: string, blobs: BlobStore): string {
  const file = join(directory, 'manifest.json');
  const bytes = readFileSync(file);
  const { config, layers } = requireImage(bytes);
  for (const digest of new Set([config.digest, ...layers.map((layer) => layer.digest)])) {
    renameSync(join(directory, digest.slice('sha256:'.length)), blobs.path(digest));
  }
  const digest = digestOf(bytes);
  blobs.adopt(file, digest);
  return digest;
}

/**
 * Unpacks and records an image whose blobs are in the store; `manifest` is its digest. Returns the image's
 * id. Throws IMAGE_INVALID, HOST_UNFIT, BlobMissing; then nothing is recorded.
 */
export async function recordImage(
  { table, blobs, layers }: ImageStores,
  image: {
    readonly manifest: string;
    readonly lists: readonly string[];
    readonly names: readonly string[];
    /** What was asked for; this host's where undefined. */
    readonly platform?: Platform | undefined;
  },
  report: (line: string) => void,
): Promise<string> {
  const manifest = requireImage(blobs.read(image.manifest));
  const configDigest = manifest.config.digest;
  const configBytes = blobs.read(configDigest);
  const config = parseConfig(configBytes, manifest.layers.length);
  warnOfPlatform(config, image.platform, report);
  const layerBlobs = manifest.layers.map((layer) => layer.digest);
  const diffIds = config.rootfs.diff_ids;
  const sizes = await layers.measure(
    diffIds.map((diffId, index) => ({ diffId, blob: layerBlobs[index] as string })),
  );
  const record: ImageRecord = {
    id: configDigest.slice('sha256:'.length),
    digest: image.manifest,
    names: image.names,
    createdAtMs: Date.parse(config.created ?? '') || 0,
    sizeBytes: sizes.reduce((sum, size) => sum + size, configBytes.length),
    diffIds,
    blobs: layerBlobs,
    config,
  };
  table.record(record, image.lists, () => {
    for (const digest of [image.manifest, configDigest, ...layerBlobs]) {
      if (!blobs.has(digest)) throw new BlobMissing(digest);
    }
    for (const diffId of diffIds) if (!layers.has(diffId)) throw new BlobMissing(diffId);
  });
  return record.id;
}

function requireImage(bytes: Uint8Array): ImageManifest {
  const manifest = parseManifest(bytes);
  if (manifest.kind === 'image') return manifest;
  throw new PeapodError(
    'IMAGE_INVALID',
    `the image is ${manifest.kind === 'list' ? 'a list of images' : "in docker's outdated schema 1"}`,
    { hint: 'convert it first: skopeo copy' },
  );
}

function warnOfPlatform(
  { os = 'linux', architecture }: ImageConfig,
  wanted: Platform | undefined,
  report: (line: string) => void,
): void {
  const expected = wanted ?? { os: 'linux', architecture: hostArchitecture() };
  if (os === expected.os && (architecture ?? expected.architecture) === expected.architecture) return;
  report(
    `WARNING: image platform (${os}/${architecture}) does not match the expected platform (${expected.os}/${expected.architecture})`,
  );
}
