import { isPeapodError, messageOf, PeapodError } from '../errors.ts';
import type { ImageRecord } from '../store/records.ts';
import { type Platform, type PlatformRequest, parsePlatform, type RegistryAccess } from './access.ts';
import { fetchImage } from './fetch.ts';
import { loadArchive } from './load.ts';
import { hostArchitecture } from './manifest.ts';
import { recordImage } from './record.ts';
import { fullName, type ImageReference, parseSource, repositoryOf } from './reference.ts';
import { pullCandidates } from './registries.ts';
import { tlsFor } from './registry-tls.ts';
import type { Progress } from './skopeo.ts';
import type { Transfers } from './transfers.ts';

export type PullPolicy = 'always' | 'missing' | 'never' | 'newer';

/** `tlsVerify` undefined leaves it to registries.conf; registries on loopback may then speak plain HTTP. */
export interface PullOptions extends RegistryAccess, PlatformRequest {
  readonly policy: PullPolicy;
  readonly quiet: boolean;
  /** Every tag of the repository. */
  readonly allTags?: boolean;
}

/** Fetches what is named, whatever is here already. Returns ids. Throws as `ImageStore.pull`. */
export async function pullImages(
  transfers: Transfers,
  text: string,
  options: PullOptions,
  progress: Progress,
): Promise<string[]> {
  const platform = parsePlatform(options);
  const report: Progress = options.quiet ? () => {} : progress;
  const source = parseSource(text);
  if (source.kind === 'archive') {
    const [loaded] = await loadArchive(transfers, source.path, source.transport, report);
    return loaded ? [loaded.id] : [];
  }
  const { reference } = source;
  if (!options.allTags) return [await pullFirst(transfers, reference, options, platform, report)];
  if (reference.tag !== undefined || reference.digest !== undefined) {
    throw new PeapodError('INVALID_ARGUMENT', "tag can't be used with --all-tags/-a", {
      hint: `name the repository alone: ${repositoryOf(reference)}`,
    });
  }
  const ids: string[] = [];
  const named = pullCandidates(reference, transfers.registries()).references[0] ?? reference;
  const tags = await transfers.skopeo.tags(repositoryOf(named), {
    ...options,
    tlsVerify: tlsFor(transfers, named, options),
  });
  for (const tag of tags) ids.push(await pullOne(transfers, { ...named, tag }, options, platform, report));
  return ids;
}

async function pullFirst(
  transfers: Transfers,
  reference: ImageReference,
  options: PullOptions,
  platform: Platform | undefined,
  report: Progress,
): Promise<string> {
  const { references, alias } = pullCandidates(reference, transfers.registries());
  if (alias) report(`Resolved "${reference.short}" as an alias`);
  const failures: unknown[] = [];
  for (const candidate of references) {
    try {
      return await pullOne(transfers, candidate, options, platform, report);
    } catch (error) {
      if (isPeapodError(error, 'INTERRUPTED') || references.length === 1) throw error;
      failures.push(error);
    }
  }
  throw new PeapodError(
    'NOT_FOUND',
    `no registry has ${reference.short}: ${failures.map(messageOf).join('; ')}`,
    { hint: 'give the name with its registry', cause: failures[0] },
  );
}

function pullOne(
  transfers: Transfers,
  reference: ImageReference,
  options: PullOptions,
  platform: Platform | undefined,
  report: Progress,
): Promise<string> {
  const name = fullName(reference);
  const { stores, skopeo, deps } = transfers;
  report(`Trying to pull ${name}...`);
  const waiting = () => report(`Waiting for another pull of ${name}...`);
  const fetchAndRecord = async (workDirectory: string) => {
    let known: ImageRecord | undefined;
    const fetched = await fetchImage({ skopeo, blobs: stores.blobs }, reference, {
      access: { ...options, tlsVerify: tlsFor(transfers, reference, options) },
      platform,
      progress: report,
      workDirectory,
      isKnown: (digest) => {
        known = transfers.byDigest(digest).find((image) => fits(image, digest, platform));
        return known !== undefined;
      },
      layersHere: () => deps.table.layerBlobs(),
    });
    if (!fetched) {
      const { id } = known as ImageRecord;
      deps.table.name(name, id);
      return id;
    }
    const { manifestDigest: manifest, lists } = fetched;
    return recordImage(stores, { manifest, lists, names: [name], platform }, report);
  };
  return transfers.alone(`${name} ${platform?.architecture}`, waiting, () => transfers.run(fetchAndRecord));
}

/** Several images may have come out of one list. */
function fits(image: ImageRecord, digest: string, platform: Platform | undefined): boolean {
  const { os = 'linux', architecture, variant } = image.config;
  if (image.digest === digest) return true;
  if (!platform) return os === 'linux' && architecture === hostArchitecture();
  const { os: system, architecture: machine, variant: version } = platform;
  return os === system && architecture === machine && (version === undefined || version === variant);
}
