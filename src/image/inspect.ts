import type { ImageRecord } from '../store/records.ts';
import { splitName } from './reference.ts';

/** What of an image lies outside of its record. */
export interface InspectFacts {
  /** Lowest first. */
  readonly layerDirectories: readonly string[];
  readonly manifest: { readonly mediaType?: string; readonly annotations?: Readonly<Record<string, string>> };
  /** Digests of all manifests and lists that it was seen under. */
  readonly digests: readonly string[];
  /** Every name it has had, the oldest first. */
  readonly pastNames: readonly string[];
  /** The image it was built on, where that is here; else empty. */
  readonly parentId: string;
}

/** `podman image inspect` of one image: https://docs.podman.io/en/latest/markdown/podman-image-inspect.1.html */
export function inspectImage(image: ImageRecord, facts: InspectFacts): Record<string, unknown> {
  const { config } = image;
  const settings = config.config ?? {};
  const topFirst = [...facts.layerDirectories].reverse();
  const [upper, ...lower] = topFirst;
  const history = config.history ?? [];
  return {
    Id: image.id,
    Digest: image.digest,
    RepoTags: image.names.filter((name) => !name.includes('@')),
    RepoDigests: repoDigests(image.names, facts.digests),
    Parent: facts.parentId,
    // Docker's configurations have one of their own; with others podman takes that of the first step.
    Comment: (config as { comment?: string }).comment ?? history[0]?.comment ?? '',
    Created: config.created ?? '0001-01-01T00:00:00Z',
    Config: withoutEmpty(settings),
    Version: (config as { docker_version?: string }).docker_version ?? '',
    Author: config.author ?? '',
    Architecture: config.architecture ?? '',
    Os: config.os ?? '',
    Size: image.sizeBytes,
    VirtualSize: image.sizeBytes,
    GraphDriver: {
      Name: 'overlay',
      Data: {
        ...(lower.length > 0 ? { LowerDir: lower.join(':') } : {}),
        ...(upper === undefined ? {} : { UpperDir: upper }),
      },
    },
    RootFS: { Type: 'layers', Layers: image.diffIds },
    Labels: settings.Labels ?? null,
    Annotations: facts.manifest.annotations ?? {},
    ManifestType: facts.manifest.mediaType ?? 'application/vnd.oci.image.manifest.v1+json',
    User: settings.User ?? '',
    History: history,
    NamesHistory: facts.pastNames,
  };
}

/** Each repository with each digest, sorted. */
export function repoDigests(names: readonly string[], digests: readonly string[]): string[] {
  const repositories = new Set(names.map((name) => splitName(name).repository));
  return [...repositories].flatMap((repository) => digests.map((digest) => `${repository}@${digest}`)).sort();
}

function withoutEmpty(settings: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(settings).filter(([, value]) => value !== null && value !== '' && value !== false),
  );
}
