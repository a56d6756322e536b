import { PeapodError } from '../errors.ts';
import type { ImageTable } from '../store/images.ts';
import type { ImageRecord } from '../store/records.ts';
import {
  fullName,
  type ImageReference,
  isDigest,
  parseReference,
  repositoryOf,
  splitName,
} from './reference.ts';
import { localCandidates, type RegistriesConfig } from './registries.ts';

/** What a name stands for in the store, and the whole name where it was one. */
export interface Found {
  readonly image: ImageRecord;
  readonly name?: string;
}

/**
 * By name, digest, id or the beginning of an id, as podman looks it up. Throws INVALID_ARGUMENT where several
 * ids begin so.
 */
export function lookUp(
  nameOrId: string,
  table: ImageTable,
  config: () => RegistriesConfig,
): Found | undefined {
  const hex = nameOrId.replace(/^sha256:/, '');
  if (/^[0-9a-f]{64}$/.test(hex)) {
    const image = table.get(hex) ?? table.byDigest(`sha256:${hex}`)[0];
    return image && { image };
  }
  return byReference(nameOrId, table, config) ?? byIdPrefix(hex, table);
}

function byReference(text: string, table: ImageTable, config: () => RegistriesConfig): Found | undefined {
  let reference: ImageReference;
  try {
    reference = parseReference(text.replace(/^docker:\/\//, ''));
  } catch {
    return undefined;
  }
  const name = reference.digest ? byDigest(reference, table) : byName(reference, table, config);
  const image = name === undefined ? undefined : table.byName(name);
  return image && { image, ...(name === undefined ? {} : { name }) };
}

function byName(
  reference: ImageReference,
  table: ImageTable,
  config: () => RegistriesConfig,
): string | undefined {
  const exact = fullName(reference);
  if (reference.short === undefined && table.byName(exact)) return exact;
  // Every candidate of a short name ends in it, so that the configuration is read only where it decides.
  const { tag = 'latest' } = reference;
  const typed = reference.short ?? repositoryOf(reference);
  const names = table.byNameEnd(`/${typed}:${tag}`).map((row) => row.name);
  if (names.length <= 1) return names[0];
  for (const candidate of localCandidates(reference, config)) {
    if (names.includes(candidate)) return candidate;
  }
  return names[0];
}

/** A digest finds an image under any name of that repository. */
function byDigest(reference: ImageReference, table: ImageTable): string | undefined {
  const { digest } = reference;
  if (!isDigest(digest)) return undefined;
  const repository = reference.short ?? repositoryOf(reference);
  const names = table.byDigest(digest).flatMap((image) => image.names);
  return names.find((name) => {
    const found = splitName(name).repository;
    return found === repository || found.endsWith(`/${repository}`);
  });
}

function byIdPrefix(prefix: string, table: ImageTable): Found | undefined {
  if (!/^[0-9a-f]+$/.test(prefix)) return undefined;
  const [id, other] = table.idsFrom(prefix);
  if (other !== undefined) {
    throw new PeapodError('INVALID_ARGUMENT', `more than one image has an id that begins with ${prefix}`, {
      hint: 'give more digits of the id, or a name',
    });
  }
  const image = id === undefined ? undefined : table.get(id);
  return image && { image };
}
