import { isPeapodError, messageOf, PeapodError } from '../errors.ts';
import type { Runner } from '../host/exec.ts';
import type { HostFacts } from '../host/facts.ts';
import type { IdMappings } from '../host/id-mappings.ts';
import type { Paths } from '../host/paths.ts';
import { step } from '../host/trace.ts';
import type { ImageTable } from '../store/images.ts';
import type { ImageRecord } from '../store/records.ts';
import { BlobStore } from './blobs.ts';
import { inspectImage } from './inspect.ts';
import { LayerStore } from './layers.ts';
import { type Found, lookUp } from './lookup.ts';
import type { PullOptions } from './pull.ts';
import type { ImageStores } from './record.ts';
import { parseSource } from './reference.ts';
import { type RegistriesConfig, readRegistries } from './registries.ts';
import { type HistoryStep, parentOf } from './relations.ts';
import { removeImage } from './removal.ts';
import type { Progress } from './skopeo.ts';
import type { Transfers } from './transfers.ts';

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
  #config: RegistriesConfig | undefined;

  constructor(deps: ImageStoreDeps) {
    const { paths, facts, inside, table } = deps;
    this.#deps = deps;
    this.#blobs = new BlobStore(paths.imageLayout);
    this.#layers = new LayerStore({
      directory: paths.layers,
      mappedDirectory: paths.mappedLayers,
      facts,
      inside,
      table,
      blobs: this.#blobs,
      signal: deps.signal,
    });
  }

  /**
   * Returns the image's id. Two pulls of one image may run at once; an interrupted one leaves no image.
   * Throws NOT_FOUND, INVALID_ARGUMENT, IMAGE_INVALID, COMMAND_FAILED, INTERRUPTED.
   */
  async pull(reference: string, options: PullOptions, progress: Progress): Promise<string> {
    const { policy } = options;
    const local = policy === 'always' ? undefined : this.find(reference);
    if (local && policy !== 'newer') return local.id;
    if (policy === 'never') {
      parseSource(reference);
      throw unknownImage(reference);
    }
    try {
      const [id] = await this.pullAll(reference, options, progress);
      return id as string;
    } catch (error) {
      if (!local || isPeapodError(error, 'INTERRUPTED')) throw error;
      progress(`${messageOf(error)}; the image of this host is used`);
      return local.id;
    }
  }

  /** As `pull` where the policy is `always`, and with `allTags` the ids of all tags. */
  async pullAll(reference: string, options: PullOptions, progress: Progress): Promise<string[]> {
    const [transfers, { pullImages }] = await Promise.all([this.transfers(), import('./pull.ts')]);
    return step(`pull ${reference}`, () => pullImages(transfers, reference, options, progress));
  }

  /** Archive path, or undefined for standard input. Returns names, or `sha256:ID` of images without one. */
  async load(path: string | undefined, progress: Progress): Promise<string[]> {
    const [transfers, { loadArchive }] = await Promise.all([this.transfers(), import('./load.ts')]);
    const images = await loadArchive(transfers, path, undefined, progress);
    return images.flatMap(({ id, names }) => (names.length > 0 ? names : [`sha256:${id}`]));
  }

  /** For what moves images; loaded by nothing else. */
  async transfers(): Promise<Transfers> {
    const { Transfers } = await import('./transfers.ts');
    return new Transfers(this.#deps, this.#stores, () => this.#registries());
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
   * once, on top, which comes to the same: overlayfs refuses a directory that it has already. With `mappings`
   * copies of them, made at the first time, whose files belong to the ids that a user namespace makes of theirs.
   */
  async layerDirectories(image: ImageRecord, mappings?: IdMappings): Promise<string[]> {
    const { blobs, diffIds } = image;
    const layers = mappings ? this.#layers.mapped(mappings) : this.#layers;
    await layers.ensure(diffIds.map((diffId, index) => ({ diffId, blob: blobs[index] as string })));
    return diffIds
      .filter((diffId, index) => diffIds.lastIndexOf(diffId) === index)
      .map((diffId) => layers.path(diffId));
  }

  /** Half-made copies that `layerDirectories` of a killed process has left. */
  deleteAbandonedCopies(): Promise<void> {
    return this.#layers.deleteAbandonedCopies();
  }

  /** As `require`, with the whole name where it was one. */
  locate(nameOrId: string): Found {
    const found = this.#lookUp(nameOrId);
    if (!found) throw unknownImage(nameOrId);
    return found;
  }

  /** Gives further names, which other images may lose by it. Throws NOT_FOUND, INVALID_ARGUMENT. */
  async tag(nameOrId: string, names: readonly string[]): Promise<void> {
    const { checkNewNames } = await import('./naming.ts');
    const image = this.require(nameOrId);
    for (const name of checkNewNames(names)) this.#deps.table.name(name, image.id);
  }

  async untag(nameOrId: string, names: readonly string[]): Promise<void> {
    const { untagImage } = await import('./naming.ts');
    untagImage(this.#deps.table, this.require(nameOrId), names);
  }

  /** Every name it has had, the oldest first. */
  pastNames(image: ImageRecord): string[] {
    return this.#deps.table.pastNames(image.id);
  }

  /** Deletes what interrupted pulls have kept for the next attempt. */
  async forgetPartial(): Promise<void> {
    const { forgetPartial } = await import('./partial.ts');
    forgetPartial(this.#deps.paths.imageLayout, 0);
  }

  /** How an image came to be, newest step first. */
  async history(image: ImageRecord): Promise<HistoryStep[]> {
    const { historySteps } = await import('./relations.ts');
    return historySteps(image, this.#deps.table.all(), (diffId) => this.layerBytes(diffId));
  }

  /** As a plain archive, as podman counts it. */
  layerBytes(diffId: string): number {
    const size = this.#deps.table.layer(diffId);
    return size?.tarBytes ?? size?.sizeBytes ?? 0;
  }

  /** podman's ImageData. */
  inspect(image: ImageRecord): Record<string, unknown> {
    return inspectImage(image, {
      layerDirectories: image.diffIds.map((diffId) => this.#layers.path(diffId)),
      manifest: JSON.parse(this.#blobs.read(image.digest).toString()),
      digests: this.#deps.table.digestsOf(image.id),
      pastNames: this.#deps.table.pastNames(image.id),
      parentId: parentOf(image, this.#deps.table.all())?.id ?? '',
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
}

function unknownImage(name: string, exitCode = 125): PeapodError {
  return new PeapodError('NOT_FOUND', `${name}: image not known`, {
    hint: 'see `peapod images`, or fetch it with `peapod pull`',
    exitCode,
  });
}
