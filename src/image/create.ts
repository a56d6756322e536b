import { PeapodError } from '../errors.ts';
import type { ImageConfig, ImageRecord } from '../store/records.ts';
import type { Platform } from './access.ts';
import {
  type Descriptor,
  digestOf,
  dockerManifest,
  hostArchitecture,
  ociManifest,
  parseManifest,
} from './manifest.ts';
import { recordImage } from './record.ts';
import type { Progress } from './skopeo.ts';
import type { Transfers } from './transfers.ts';

/** A layer whose blob is about to be an image's. */
export interface NewLayer {
  readonly diffId: string;
  readonly digest: string;
  readonly sizeBytes: number;
  /** A file of the store's own file system. */
  readonly file: string;
  readonly compression: 'none' | 'gzip' | 'zstd';
}

export interface NewImage {
  /** All of its layers and history are taken over; undefined for an image that begins with `layer`. */
  readonly base?: ImageRecord | undefined;
  readonly layer: NewLayer;
  readonly format: 'oci' | 'docker';
  readonly settings: NonNullable<ImageConfig['config']>;
  readonly author?: string | undefined;
  /** Of the whole image, which only docker's format can hold. */
  readonly comment?: string | undefined;
  readonly step: { readonly createdBy: string; readonly comment?: string | undefined };
  /** That of `base`, or of this host, where undefined. */
  readonly platform?: Platform | undefined;
  readonly names: readonly string[];
}

const layerTypes = {
  oci: 'application/vnd.oci.image.layer.v1.tar',
  docker: 'application/vnd.docker.image.rootfs.diff.tar',
} as const;
export const configTypes = {
  oci: 'application/vnd.oci.image.config.v1+json',
  docker: 'application/vnd.docker.container.image.v1+json',
} as const;

/** Writes configuration and manifest, and records the image; within a transfer. Returns the id. */
export async function createImage(
  { stores }: Transfers,
  image: NewImage,
  workDirectory: string,
  report: Progress,
): Promise<string> {
  const { blobs } = stores;
  const { base, layer, format } = image;
  blobs.adopt(layer.file, layer.digest);
  const config = Buffer.from(JSON.stringify(configuration(image)));
  const baseLayers = base ? layersOf(blobs.read(base.digest)) : [];
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: format === 'docker' ? dockerManifest : ociManifest,
      config: { mediaType: configTypes[format], digest: digestOf(config), size: config.length },
      layers: [
        ...baseLayers.map((each) => ({
          mediaType: layerType(format, compressionOf(each)),
          digest: each.digest,
          size: each.size,
        })),
        { mediaType: layerType(format, layer.compression), digest: layer.digest, size: layer.sizeBytes },
      ],
    }),
  );
  blobs.write(digestOf(config), config, workDirectory);
  blobs.write(digestOf(manifest), manifest, workDirectory);
  report('Writing manifest to image destination');
  const { names, platform } = image;
  return recordImage(stores, { manifest: digestOf(manifest), lists: [], names, platform }, report);
}

function configuration(image: NewImage): ImageConfig & { comment?: string } {
  const { base, layer, settings, author, comment, step, platform } = image;
  const now = new Date().toISOString();
  const {
    config: _,
    rootfs,
    history,
    os,
    architecture,
    variant,
    ...rest
  } = base?.config ?? { rootfs: undefined };
  const diffIds = [...(rootfs?.diff_ids ?? []), layer.diffId];
  return {
    ...rest,
    created: now,
    ...(author === undefined ? {} : { author }),
    ...(comment === undefined ? {} : { comment }),
    architecture: platform?.architecture ?? architecture ?? hostArchitecture(),
    os: platform?.os ?? os ?? 'linux',
    ...((platform?.variant ?? variant) ? { variant: (platform?.variant ?? variant) as string } : {}),
    config: settings,
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: [
      ...(history ?? []),
      {
        created: now,
        created_by: step.createdBy,
        ...(author === undefined ? {} : { author }),
        ...(step.comment === undefined ? {} : { comment: step.comment }),
      },
    ],
  };
}

function layersOf(manifest: Uint8Array): readonly Descriptor[] {
  const parsed = parseManifest(manifest);
  return parsed.kind === 'image' ? parsed.layers : [];
}

function compressionOf({ mediaType }: Descriptor): NewLayer['compression'] {
  if (mediaType.endsWith('+zstd')) return 'zstd';
  return /[.+]gzip$/.test(mediaType) ? 'gzip' : 'none';
}

/** Throws INVALID_ARGUMENT for zstd in docker's format. */
export function layerType(format: NewImage['format'], compression: NewLayer['compression']): string {
  if (compression === 'none') return layerTypes[format];
  if (format === 'oci') return `${layerTypes.oci}+${compression}`;
  if (compression === 'gzip') return `${layerTypes.docker}.gzip`;
  throw new PeapodError('INVALID_ARGUMENT', "docker's format cannot hold layers compressed with zstd", {
    hint: 'use --format oci',
  });
}
