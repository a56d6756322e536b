import { messageOf, PeapodError } from '../errors.ts';
import type { RegistryAccess } from './access.ts';
import { credentialsFor } from './credentials.ts';
import { type ImageReference, parseReference, repositoryOf } from './reference.ts';
import { getJson, type RegistryPlace } from './registry-http.ts';
import { tlsFor } from './registry-tls.ts';
import type { Transfers } from './transfers.ts';

export interface SearchRequest extends RegistryAccess {
  readonly term: string;
  readonly limit: number;
}

export interface SearchResult {
  readonly registry: string;
  /** With its registry. */
  readonly name: string;
  readonly description: string;
  readonly stars: number;
  readonly official: boolean;
  readonly automated: boolean;
}

interface IndexAnswer {
  readonly results?: readonly {
    readonly name: string;
    readonly description?: string;
    readonly star_count?: number;
    readonly is_official?: boolean;
    readonly is_automated?: boolean;
  }[];
}

/**
 * Repositories of a registry, or of those of registries.conf where none is named: by docker's search, or out
 * of the catalogue of a registry that has none. Throws COMMAND_FAILED where all of them fail.
 */
export async function searchImages(transfers: Transfers, request: SearchRequest): Promise<SearchResult[]> {
  const named = /^((?:[^/]*[.:][^/]*|localhost))(?:\/(.*))?$/.exec(request.term);
  const term = named ? (named[2] ?? '') : request.term;
  const registries = named ? [named[1] as string] : transfers.registries().searchRegistries;
  if (registries.length === 0) {
    throw new PeapodError('INVALID_ARGUMENT', 'no registries to search', {
      hint: 'name one (peapod search docker.io/TERM), or set unqualified-search-registries in registries.conf',
    });
  }
  const answers = await Promise.allSettled(
    registries.map((registry) => searchOne(transfers, registry, term, request)),
  );
  const failures = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
  if (failures.length === registries.length) {
    if (failures.length === 1) throw failures[0];
    throw new PeapodError('COMMAND_FAILED', `no registry answers: ${failures.map(messageOf).join('; ')}`);
  }
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
}

async function searchOne(
  transfers: Transfers,
  registry: string,
  term: string,
  request: SearchRequest,
): Promise<SearchResult[]> {
  const host = registry === 'docker.io' ? 'index.docker.io' : registry;
  const place = placeOf(transfers, registry, { registry: host }, request);
  const query = `q=${encodeURIComponent(term)}&n=${request.limit}`;
  const index = await getJson<IndexAnswer>(place, `/v1/search?${query}`).catch((error: unknown) => {
    if (registry === 'docker.io') throw error;
    return undefined;
  });
  if (index?.results) {
    return index.results.slice(0, request.limit).map((found) => ({
      registry,
      name: `${registry}/${registry === 'docker.io' && !found.name.includes('/') ? 'library/' : ''}${found.name}`,
      description: found.description ?? '',
      stars: found.star_count ?? 0,
      official: found.is_official ?? false,
      automated: found.is_automated ?? false,
    }));
  }
  const catalogue = await getJson<{ repositories?: string[] }>(place, '/v2/_catalog?n=1000');
  return (catalogue?.repositories ?? [])
    .filter((name) => name.includes(term))
    .slice(0, request.limit)
    .map((name) => ({
      registry,
      name: `${registry}/${name}`,
      description: '',
      stars: 0,
      official: false,
      automated: false,
    }));
}

/** Tags of one repository. */
export async function searchTags(
  transfers: Transfers,
  request: SearchRequest,
): Promise<{ name: string; tags: string[] }> {
  const reference = parseReference(request.term.replace(/^docker:\/\//, ''));
  if (reference.tag !== undefined || reference.digest !== undefined) {
    throw new PeapodError(
      'INVALID_ARGUMENT',
      `reference "${request.term}" must be a repository name, without a tag`,
    );
  }
  const access = { ...request, tlsVerify: tlsFor(transfers, reference, request) };
  const tags = await transfers.skopeo.tags(repositoryOf(reference), access);
  return { name: repositoryOf(reference), tags: tags.slice(0, request.limit) };
}

function placeOf(
  transfers: Transfers,
  registry: string,
  { registry: host }: Pick<RegistryPlace, 'registry'>,
  request: SearchRequest,
): RegistryPlace {
  const reference: ImageReference = { registry, path: 'x' };
  return {
    registry: host,
    tlsVerify: tlsFor(transfers, reference, request),
    credentials: credentialsFor(registry, transfers.deps.facts, request),
    signal: transfers.deps.signal,
  };
}
