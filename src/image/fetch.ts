import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { PeapodError } from '../errors.ts';
import type { BlobStore } from './blobs.ts';
import {
  digestOf,
  dockerManifest,
  forThisHost,
  type ImageManifest,
  type Manifest,
  parseManifest,
} from './manifest.ts';
import { fullName, type ImageReference, isDigest, repositoryOf } from './reference.ts';
import type { Progress, Skopeo } from './skopeo.ts';

/** An image whose blobs are all in the store, not yet recorded. */
export interface Fetched {
  readonly manifestDigest: string;
  /** Digests of the lists it was chosen from. */
  readonly lists: readonly string[];
}

export interface FetchDeps {
  readonly skopeo: Skopeo;
  readonly blobs: BlobStore;
}

/**
 * Fetches one image from a registry. `isKnown` is asked about the digest of what the name stands for now;
 * where it says yes, nothing more is moved and the result is undefined.
 *
 * skopeo writes OCI layouts in OCI's manifest format only. An image in docker's format would come out
 * under another id and digest than docker and podman give it, so that its own manifest and configuration are
 * fetched beside the converted ones, which nothing refers to.
 */
export async function fetchImage(
  deps: FetchDeps,
  reference: ImageReference,
  options: {
    tlsVerify: boolean | undefined;
    progress: Progress;
    isKnown: (digest: string) => boolean;
    workDirectory: string;
  },
): Promise<Fetched | undefined> {
  const { skopeo, blobs } = deps;
  const { tlsVerify, workDirectory, progress } = options;
  const raw = await skopeo.manifest(`docker://${fullName(reference)}`, tlsVerify);
  const top = digestOf(raw);
  if (reference.digest !== undefined && isDigest(reference.digest) && reference.digest !== top) {
    throw new PeapodError('IMAGE_INVALID', `the registry answers ${reference.digest} with ${top}`);
  }
  if (options.isKnown(top)) return undefined;
  const manifest = parseManifest(raw);
  const repository = `docker://${repositoryOf(reference)}`;
  const early =
    manifest.kind === 'image' && manifest.mediaType === dockerManifest && !blobs.has(manifest.config.digest)
      ? skopeo.config(`${repository}@${top}`, tlsVerify)
      : undefined;
  early?.catch(() => {}); // the copy fails as well, and says it better
  await skopeo.copy(`${repository}@${top}`, 'oci:oci:image', {
    cwd: workDirectory,
    flags: [
      '--dest-shared-blob-dir',
      relative(workDirectory, blobs.shared),
      '--dest-oci-accept-uncompressed-layers',
    ],
    tlsVerify,
    progress,
  });
  const original = await findOriginal(deps, manifest, raw, copied(workDirectory), (digest) =>
    skopeo.manifest(`${repository}@${digest}`, tlsVerify),
  );
  const manifestDigest = digestOf(original.bytes);
  blobs.write(manifestDigest, original.bytes, workDirectory);
  const { digest } = original.manifest.config;
  if (!blobs.has(digest)) {
    const config = await (early ?? skopeo.config(`${repository}@${manifestDigest}`, tlsVerify));
    if (digestOf(config) !== digest)
      throw new PeapodError('IMAGE_INVALID', `the registry answers ${digest} with other content`);
    blobs.write(digest, config, workDirectory);
  }
  return { manifestDigest, lists: top === manifestDigest ? [] : [top] };
}

/** The digest of the manifest that skopeo wrote. */
function copied(workDirectory: string): string {
  const index = parseManifest(readFileSync(join(workDirectory, 'oci', 'index.json')));
  const digest = index.kind === 'list' ? index.manifests[0]?.digest : undefined;
  if (digest === undefined) throw new PeapodError('INTERNAL', 'skopeo wrote no image');
  return digest;
}

interface Original {
  readonly bytes: Uint8Array | string;
  readonly manifest: ImageManifest;
}

async function findOriginal(
  { blobs }: FetchDeps,
  top: Manifest,
  raw: string,
  copiedDigest: string,
  fetchManifest: (digest: string) => Promise<string>,
): Promise<Original> {
  if (top.kind === 'image') return { bytes: raw, manifest: top };
  const bytes = blobs.read(copiedDigest);
  const manifest = parseManifest(bytes);
  if (manifest.kind !== 'image') throw new PeapodError('IMAGE_INVALID', 'the image is a list within a list');
  if (top.kind === 'legacy' || top.manifests.some(({ digest }) => digest === copiedDigest)) {
    return { bytes, manifest };
  }
  const layersOf = (image: ImageManifest) => image.layers.map(({ digest }) => digest).join();
  for (const { digest } of forThisHost(top.manifests)) {
    const candidate = await fetchManifest(digest);
    const parsed = parseManifest(candidate);
    if (parsed.kind === 'image' && layersOf(parsed) === layersOf(manifest)) {
      return { bytes: candidate, manifest: parsed };
    }
  }
  return { bytes, manifest };
}
