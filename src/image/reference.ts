import { PeapodError } from '../errors.ts';

/**
 * Names of images as podman and docker have them:
 * https://github.com/distribution/reference/blob/main/reference.go (grammar),
 * https://github.com/containers/image/blob/main/docs/containers-transports.5.md (transports)
 */
export interface ImageReference {
  /** `docker.io`, `localhost:5000`. */
  readonly registry: string;
  /** `library/busybox`. */
  readonly path: string;
  readonly tag?: string;
  /** `sha256:…`. */
  readonly digest?: string;
  /** As it was typed, without tag and digest, where no registry was named: `busybox`, `user/app`. */
  readonly short?: string;
}

const archiveTransports = ['docker-archive', 'oci-archive', 'oci', 'dir'] as const;
export type ArchiveTransport = (typeof archiveTransports)[number];

export type ImageSource =
  | { readonly kind: 'registry'; readonly reference: ImageReference }
  | { readonly kind: 'archive'; readonly transport: ArchiveTransport; readonly path: string };

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const pathPattern = new RegExp(`^${component}(?:/${component})*$`);
const registryPattern =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;

/** What `pull` takes. Throws INVALID_ARGUMENT. */
export function parseSource(text: string): ImageSource {
  const transport = archiveTransports.find((name) => text.startsWith(`${name}:`));
  if (transport) {
    const path = text.slice(transport.length + 1);
    if (path === '') throw invalid(text, `no path follows ${transport}:`);
    return { kind: 'archive', transport, path };
  }
  if (text.startsWith('docker://')) return { kind: 'registry', reference: parseReference(text.slice(9)) };
  const unknown = /^(containers-storage|docker-daemon|ostree|sif|tarball|https?):/.exec(text);
  if (unknown && /^[a-z-]+:\/?\//.test(text)) {
    throw invalid(text, `images cannot be taken from ${unknown[1]}`);
  }
  return { kind: 'registry', reference: parseReference(text) };
}

/** Throws INVALID_ARGUMENT with podman's words. */
export function parseReference(text: string): ImageReference {
  if (/^[0-9a-f]{64}$/.test(text)) {
    throw invalid(text, 'invalid repository name: cannot specify 64-byte hexadecimal strings');
  }
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  const beforeDigest = at < 0 ? text : text.slice(0, at);
  const colon = beforeDigest.lastIndexOf(':');
  const tagged = colon > beforeDigest.lastIndexOf('/');
  const tag = tagged ? beforeDigest.slice(colon + 1) : undefined;
  const name = tagged ? beforeDigest.slice(0, colon) : beforeDigest;

  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const named = first === 'localhost' || /[.:]/.test(first) || first !== first.toLowerCase();
  const given = named ? name.slice(slash + 1) : name;
  if (given !== given.toLowerCase()) {
    throw invalid(text, 'invalid reference format: repository name must be lowercase');
  }
  const badName = !pathPattern.test(given) || (named && !registryPattern.test(first));
  if (badName || (tag !== undefined && !tagPattern.test(tag)))
    throw invalid(text, 'invalid reference format');
  if (digest !== undefined && !digestPattern.test(digest)) throw invalid(text, 'invalid reference format');
  if (digest?.startsWith('sha256:') && !isDigest(digest))
    throw invalid(text, 'invalid checksum digest length');
  if (name.length > 255) throw invalid(text, 'repository name must not be more than 255 characters');

  return {
    ...inRegistry(named ? first : 'docker.io', given),
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
    ...(named ? {} : { short: given }),
  };
}

/** Docker Hub keeps the images without a user's name under `library`. */
export function inRegistry(registry: string, path: string): { registry: string; path: string } {
  if (registry !== 'docker.io' && registry !== 'index.docker.io') return { registry, path };
  return { registry: 'docker.io', path: path.includes('/') ? path : `library/${path}` };
}

export function repositoryOf(reference: ImageReference): string {
  return `${reference.registry}/${reference.path}`;
}

/** The name an image is kept under: with a digest where one was given, else with a tag. */
export function fullName(reference: ImageReference): string {
  const { digest, tag = 'latest' } = reference;
  return repositoryOf(reference) + (digest ? `@${digest}` : `:${tag}`);
}

/** Repository and tag of a name that `fullName` made; no tag where it has a digest instead. */
export function splitName(name: string): { repository: string; tag?: string; digest?: string } {
  const at = name.indexOf('@');
  if (at >= 0) return { repository: name.slice(0, at), digest: name.slice(at + 1) };
  const colon = name.lastIndexOf(':');
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}

export function isDigest(text: unknown): text is string {
  return typeof text === 'string' && /^sha256:[0-9a-f]{64}$/.test(text);
}

/** A registry on this machine, which docker speaks plain HTTP to. */
export function isLoopback(registry: string): boolean {
  const host = registry.replace(/:\d+$/, '');
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function invalid(text: string, why: string): PeapodError {
  const lower = why.includes('lowercase') ? `, e.g. ${text.toLowerCase()}` : '';
  return new PeapodError('INVALID_ARGUMENT', `${why}: "${text}"`, {
    hint: `an image name looks like [REGISTRY/]REPOSITORY[:TAG][@DIGEST]${lower}`,
  });
}
