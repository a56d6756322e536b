import { PeapodError } from '../errors.ts';
import type { ImageConfig } from '../store/records.ts';
import { isDigest } from './reference.ts';

/**
 * Manifests and configurations: https://github.com/opencontainers/image-spec/blob/main/manifest.md and
 * docker's schema 2, https://distribution.github.io/distribution/spec/manifest-v2-2/
 */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os?: string; readonly architecture?: string; readonly variant?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

export type Manifest =
  | {
      readonly kind: 'image';
      readonly mediaType: string;
      readonly config: Descriptor;
      readonly layers: readonly Descriptor[];
    }
  | { readonly kind: 'list'; readonly manifests: readonly Descriptor[] }
  /** Docker's schema 1, which nothing but a conversion can use. */
  | { readonly kind: 'legacy' };

export type ImageManifest = Extract<Manifest, { kind: 'image' }>;

export const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json';
export const ociManifest = 'application/vnd.oci.image.manifest.v1+json';

export function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${new Bun.CryptoHasher('sha256').update(bytes).digest('hex')}`;
}

/** Throws IMAGE_INVALID. */
export function parseManifest(bytes: Uint8Array | string): Manifest {
  const json = parseObject(bytes, 'manifest');
  if (json.schemaVersion === 1) return { kind: 'legacy' };
  if (Array.isArray(json.manifests)) return { kind: 'list', manifests: json.manifests.map(descriptor) };
  if (!Array.isArray(json.layers)) throw invalid('its manifest has no layers');
  const config = descriptor(json.config);
  const docker = json.mediaType === dockerManifest || config.mediaType.startsWith('application/vnd.docker.');
  return {
    kind: 'image',
    mediaType: docker ? dockerManifest : ociManifest,
    config,
    layers: json.layers.map(descriptor),
  };
}

/** Throws IMAGE_INVALID where the bytes are no configuration of an image with that many layers. */
export function parseConfig(bytes: Uint8Array | string, layers: number): ImageConfig {
  const json = parseObject(bytes, 'configuration');
  const diffIds = (json.rootfs as { diff_ids?: unknown } | undefined)?.diff_ids;
  if (!Array.isArray(diffIds) || !diffIds.every(isDigest)) {
    throw invalid('its configuration lists no layers: it is not an image of a container');
  }
  if (diffIds.length !== layers) {
    throw invalid(`its manifest has ${layers} layers, its configuration ${diffIds.length}`);
  }
  return json as unknown as ImageConfig;
}

/** The architecture in the words of images (those of Go). */
export function hostArchitecture(): string {
  const names: Readonly<Record<string, string>> = {
    x64: 'amd64',
    ia32: '386',
    ppc64: 'ppc64le',
    mipsel: 'mipsle',
  };
  return names[process.arch] ?? process.arch;
}

/** The images of a list for a platform (this host's by default); several where they differ in what only skopeo weighs. */
export function forPlatform(
  manifests: readonly Descriptor[],
  wanted: { readonly os: string; readonly architecture: string } | undefined,
): Descriptor[] {
  const { os, architecture } = wanted ?? { os: 'linux', architecture: hostArchitecture() };
  return manifests.filter(({ platform }) => platform?.os === os && platform.architecture === architecture);
}

function parseObject(bytes: Uint8Array | string, what: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString());
  } catch (error) {
    throw invalid(`its ${what} is not JSON`, error);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw invalid(`its ${what} is no object`);
  return json as Record<string, unknown>;
}

/** Digests become file names, so nothing but a digest may pass. */
function descriptor(value: unknown): Descriptor {
  const found = value as Descriptor | null | undefined;
  if (typeof found !== 'object' || found === null || !isDigest(found.digest)) {
    throw invalid('its manifest has a reference that is no sha256 digest');
  }
  return {
    ...found,
    mediaType: typeof found.mediaType === 'string' ? found.mediaType : '',
    size: Number(found.size) || 0,
  };
}

function invalid(why: string, cause?: unknown): PeapodError {
  return new PeapodError('IMAGE_INVALID', `the image is invalid: ${why}`, {
    hint: 'build or fetch the image again',
    cause,
  });
}
