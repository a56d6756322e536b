import { join } from 'node:path';
import { isPeapodError, messageOf, PeapodError } from '../errors.ts';
import type { Runner } from '../host/exec.ts';
import type { HostFacts } from '../host/facts.ts';
import type { Paths } from '../host/paths.ts';
import type { ImageTable } from '../store/images.ts';
import type { ImageRecord } from '../store/records.ts';
import { BlobMissing, BlobStore } from './blobs.ts';
import { inspectImage } from './inspect.ts';
import { LayerStore } from './layers.ts';
import { type Found, lookUp } from './lookup.ts';
import type { ImageStores } from './record.ts';
import {
  type ArchiveTransport,
  fullName,
  type ImageReference,
  isLoopback,
  parseSource,
} from './reference.ts';
import { isConfigured, pullCandidates, type RegistriesConfig, readRegistries } from './registries.ts';
import { removeImage, sweep } from './removal.ts';
import { type Progress, Skopeo } from './skopeo.ts';

export type PullPolicy = 'always' | 'missing' | 'never' | 'newer';

export interface PullOptions {
  readonly policy: PullPolicy;
  /** Undefined leaves it to registries.conf; registries on loopback may then speak plain HTTP. */
  readonly tlsVerify?: boolean | undefined;
  readonly quiet: boolean;
}

export interface ImageStoreDeps {
  readonly paths: Paths;
  readonly facts: HostFacts;
  readonly host: Runner;
  /** Where ids are mapped as containers see them: the keeper's namespaces, or the host for root. */
  readonly inside: () => Promise<Runner>;
  readonly table: ImageTable;
  /** Ends transfers: they throw INTERRUPTED and leave nothing. */
  readonly signal?: AbortSignal;
}

/** Images on disk and in the database. What only transfers need is loaded by them: `run` of an image should not pay for it. */
export class ImageStore {
  readonly #deps: ImageStoreDeps;
  readonly #blobs: BlobStore;
  readonly #layers: LayerStore;
  readonly #skopeo: Skopeo;
  #config: RegistriesConfig | undefined;

  constructor(deps: ImageStoreDeps) {
    const { paths, facts, inside, table } = deps;
    this.#deps = deps;
    this.#blobs = new BlobStore(paths.imageLayout);
    this.#layers = new LayerStore({
      directory: paths.layers,
      facts,
      inside,
      table,
      blobs: this.#blobs,
      signal: deps.signal,
    });
    this.#skopeo = new Skopeo(deps.host, deps.signal);
  }

  /**
   * Returns the image's id. Two pulls of one image may run at once; an interrupted one leaves no image.
   * Throws NOT_FOUND, INVALID_ARGUMENT, IMAGE_INVALID, COMMAND_FAILED, INTERRUPTED.
   */
  async pull(reference: string, options: PullOptions, progress: Progress): Promise<string> {
    const { policy, quiet } = options;
    const report: Progress = quiet ? () => {} : progress;
    const local = policy === 'always' ? undefined : this.find(reference);
    if (local && policy !== 'newer') return local.id;
    const source = parseSource(reference);
    if (policy === 'never') throw unknownImage(reference);
    if (source.kind === 'archive') {
      const [id] = await this.#load(source.path, source.transport, report);
      return (id as LoadedImage).id;
    }
    try {
      return await this.#pullFirst(source.reference, options, report);
    } catch (error) {
      if (!local || isPeapodError(error, 'INTERRUPTED')) throw error;
      report(`${messageOf(error)}; the image of this host is used`);
      return local.id;
    }
  }

  /** Archive path, or undefined for standard input. Returns names, or `sha256:ID` of images without one. */
  async load(path: string | undefined, progress: Progress): Promise<string[]> {
    const images = await this.#load(path, undefined, progress);
    return images.flatMap(({ id, names }) => (names.length > 0 ? names : [`sha256:${id}`]));
  }

  /** By name, id, unambiguous beginning of an id, or digest. Throws INVALID_ARGUMENT where several match. */
  find(nameOrId: string): ImageRecord | undefined {
    return this.#lookUp(nameOrId)?.image;
  }

  /** As `find`. Throws NOT_FOUND. */
  require(nameOrId: string): ImageRecord {
    const image = this.find(nameOrId);
    if (!image) throw unknownImage(nameOrId);
    return image;
  }

  /** Newest first. */
  list(): ImageRecord[] {
    return this.#deps.table.all();
  }

  /**
   * Absolute directories, lowest first; unpacks what is missing. A layer that an image has twice is there
   * once, on top, which comes to the same: overlayfs refuses a directory that it has already.
   */
  async layerDirectories(image: ImageRecord): Promise<string[]> {
    const { blobs, diffIds } = image;
    await this.#layers.ensure(diffIds.map((diffId, index) => ({ diffId, blob: blobs[index] as string })));
    return diffIds
      .filter((diffId, index) => diffIds.lastIndexOf(diffId) === index)
      .map((diffId) => this.#layers.path(diffId));
  }

  /** podman's ImageData. */
  inspect(image: ImageRecord): Record<string, unknown> {
    return inspectImage(image, {
      layerDirectories: image.diffIds.map((diffId) => this.#layers.path(diffId)),
      manifest: JSON.parse(this.#blobs.read(image.digest).toString()),
      digests: this.#deps.table.digestsOf(image.id),
    });
  }

  /**
   * Returns lines as `podman rmi` prints them. `force` deletes an image by id with all its names; containers
   * are the caller's to remove first. Throws NOT_FOUND (exit code 1), IMAGE_IN_USE (2), WRONG_STATE.
   */
  async remove(
    nameOrId: string,
    options: { force: boolean; usedBy: (imageId: string) => string[] },
  ): Promise<string[]> {
    const found = this.#lookUp(nameOrId);
    if (!found) throw unknownImage(nameOrId, 1);
    return removeImage(this.#stores, found, options);
  }

  get #stores(): ImageStores {
    return { table: this.#deps.table, blobs: this.#blobs, layers: this.#layers };
  }

  #lookUp(nameOrId: string): Found | undefined {
    return lookUp(nameOrId, this.#deps.table, () => this.#registries());
  }

  #registries(): RegistriesConfig {
    this.#config ??= readRegistries(this.#deps.facts);
    return this.#config;
  }

  async #pullFirst(reference: ImageReference, options: PullOptions, report: Progress): Promise<string> {
    const config = this.#registries();
    const { references, alias } = pullCandidates(reference, config);
    if (alias) report(`Resolved "${reference.short}" as an alias`);
    const failures: unknown[] = [];
    for (const candidate of references) {
      try {
        return await this.#pullOne(candidate, options, report);
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

  #pullOne(reference: ImageReference, options: PullOptions, report: Progress): Promise<string> {
    const name = fullName(reference);
    const mayBePlain = isLoopback(reference.registry) && !isConfigured(reference, this.#registries());
    const tlsVerify = options.tlsVerify ?? (mayBePlain ? false : undefined);
    report(`Trying to pull ${name}...`);
    return this.#transfer(async (workDirectory) => {
      const [{ fetchImage }, { recordImage }] = await Promise.all([
        import('./fetch.ts'),
        import('./record.ts'),
      ]);
      let known: ImageRecord | undefined;
      const fetched = await fetchImage({ skopeo: this.#skopeo, blobs: this.#blobs }, reference, {
        tlsVerify,
        progress: report,
        workDirectory,
        isKnown: (digest) => {
          known = this.#deps.table.byDigest(digest)[0];
          return known !== undefined;
        },
        layersHere: () => this.#deps.table.layerBlobs(),
      });
      if (!fetched) {
        const { id } = known as ImageRecord;
        this.#deps.table.name(name, id);
        return id;
      }
      const { manifestDigest: manifest, lists } = fetched;
      return recordImage(this.#stores, { manifest, lists, names: [name] }, report);
    });
  }

  #load(
    path: string | undefined,
    transport: ArchiveTransport | undefined,
    report: Progress,
  ): Promise<LoadedImage[]> {
    return this.#transfer(
      async (workDirectory) => {
        const [{ openArchive }, { adoptCopy, recordImage }] = await Promise.all([
          import('./archive.ts'),
          import('./record.ts'),
        ]);
        const loaded: LoadedImage[] = [];
        for (const { source, names } of await openArchive(path, transport, workDirectory)) {
          const directory = `copy-${loaded.length}`;
          await this.#skopeo.copy(source, `dir:${directory}`, { cwd: workDirectory, progress: report });
          const manifest = adoptCopy(join(workDirectory, directory), this.#blobs);
          loaded.push({ id: await recordImage(this.#stores, { manifest, lists: [], names }, report), names });
        }
        return loaded;
      },
      path === undefined ? 1 : 3,
    );
  }

  /**
   * Runs a transfer with a directory of its own, then deletes what killed ones have left. Where another
   * process has deleted a shared blob or layer meanwhile, the transfer runs again.
   */
  async #transfer<T>(work: (workDirectory: string) => Promise<T>, attempts = 3): Promise<T> {
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.#blobs.work(work);
        } catch (error) {
          if (!(error instanceof BlobMissing) || attempt === attempts) throw error;
        }
      }
    } finally {
      await sweep(this.#stores);
    }
  }
}

interface LoadedImage {
  readonly id: string;
  readonly names: readonly string[];
}

function unknownImage(name: string, exitCode = 125): PeapodError {
  return new PeapodError('NOT_FOUND', `${name}: image not known`, {
    hint: 'see `peapod images`, or fetch it with `peapod pull`',
    exitCode,
  });
}
