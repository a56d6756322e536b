import { PeapodError } from '../errors.ts';
import { accessFlags, type Platform, platformFlags, type RegistryAccess } from './access.ts';
import type { BlobStore } from './blobs.ts';
import {
  digestOf,
  dockerManifest,
  forPlatform,
  type ImageManifest,
  type Manifest,
  parseManifest,
} from './manifest.ts';
import { ReceivedLayout } from './received.ts';
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
    access: RegistryAccess;
    platform: Platform | undefined;
    progress: Progress;
    isKnown: (digest: string) => boolean;
    /** Digests of layer blobs that need not be fetched. */
    layersHere: () => readonly string[];
    workDirectory: string;
  },
): Promise<Fetched | undefined> {
  const { skopeo, blobs } = deps;
  const { access, platform, workDirectory, progress } = options;
  const more = platformFlags(platform);
  const raw = await skopeo.manifest(`docker://${fullName(reference)}`, access);
  const top = digestOf(raw);
  if (reference.digest !== undefined && isDigest(reference.digest) && reference.digest !== top) {
    throw new PeapodError('IMAGE_INVALID', `the registry answers ${reference.digest} with ${top}`);
  }
  if (options.isKnown(top)) return undefined;
  const manifest = parseManifest(raw);
  const repository = `docker://${repositoryOf(reference)}`;
  const early =
    manifest.kind === 'image' && manifest.mediaType === dockerManifest && !blobs.has(manifest.config.digest)
      ? skopeo.config(`${repository}@${top}`, access, more)
      : undefined;
  early?.catch(() => {}); // the copy fails as well, and says it better
  const received = new ReceivedLayout(workDirectory, blobs);
  received.lend(options.layersHere());
  await skopeo.copy(`${repository}@${top}`, received.destination, {
    cwd: workDirectory,
    flags: ['--dest-oci-accept-uncompressed-layers', ...accessFlags(access, 'src-'), ...more],
    progress,
  });
  const original = await findOriginal(received, manifest, raw, platform, (digest) =>
    skopeo.manifest(`${repository}@${digest}`, access),
  );
  const manifestDigest = digestOf(original.bytes);
  const { config, layers } = original.manifest;
  for (const layer of layers) received.hand(layer.digest);
  if (received.has(config.digest) || blobs.has(config.digest)) {
    received.hand(config.digest);
  } else {
    const bytes = await (early ?? skopeo.config(`${repository}@${manifestDigest}`, access, more));
    if (digestOf(bytes) !== config.digest) {
      throw new PeapodError('IMAGE_INVALID', `the registry answers ${config.digest} with other content`);
    }
    blobs.write(config.digest, bytes, workDirectory);
  }
  blobs.write(manifestDigest, original.bytes, workDirectory);
  return { manifestDigest, lists: top === manifestDigest ? [] : [top] };
}

interface Original {
  readonly bytes: Uint8Array | string;
  readonly manifest: ImageManifest;
}

async function findOriginal(
  received: ReceivedLayout,
  top: Manifest,
  raw: string,
  platform: Platform | undefined,
  fetchManifest: (digest: string) => Promise<string>,
): Promise<Original> {
  if (top.kind === 'image') return { bytes: raw, manifest: top };
  const receivedDigest = received.manifestDigest();
  const bytes = received.read(receivedDigest);
  const manifest = parseManifest(bytes);
  if (manifest.kind !== 'image') throw new PeapodError('IMAGE_INVALID', 'the image is a list within a list');
  if (top.kind === 'legacy' || top.manifests.some(({ digest }) => digest === receivedDigest)) {
    return { bytes, manifest };
  }
  const layersOf = (image: ImageManifest) => image.layers.map(({ digest }) => digest).join();
  for (const { digest } of forPlatform(top.manifests, platform)) {
    const candidate = await fetchManifest(digest);
    const parsed = parseManifest(candidate);
    if (parsed.kind === 'image' && layersOf(parsed) === layersOf(manifest)) {
      return { bytes: candidate, manifest: parsed };
    }
  }
  return { bytes, manifest };
}
