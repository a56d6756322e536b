import { closeSync, mkdirSync, renameSync, rmdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type ErrorCode, PeapodError } from '../errors.ts';
import type { Runner } from '../host/exec.ts';
import type { HostFacts } from '../host/facts.ts';
import { type IdMappings, mappingKey } from '../host/id-mappings.ts';
import { endsWithParent } from '../host/processes.ts';
import type { ImageTable, LayerSize } from '../store/images.ts';
import { BlobMissing, type BlobStore } from './blobs.ts';
import { checkInterrupt, interruptible } from './interruption.ts';
import type { UnpackReport } from './unpack-process.ts';
import { readNames, readWorkNames, type WorkNames, workName } from './work-directory.ts';

export interface LayerSource {
  readonly diffId: string;
  /** Digest of the blob that unpacks to it. */
  readonly blob: string;
}

export interface LayerStoreDeps {
  /** Of layers, one directory each by the hex of its diff id; complete from the moment it has that name. */
  readonly directory: string;
  /** Of copies for user namespaces: a directory like `directory` for each mapping. */
  readonly mappedDirectory: string;
  /** Files belong to what these make of the layer's ids; absent for the layer's own. */
  readonly mappings?: IdMappings;
  readonly facts: HostFacts;
  readonly inside: () => Promise<Runner>;
  readonly table: ImageTable;
  readonly blobs: BlobStore;
  readonly signal?: AbortSignal | undefined;
}

/** An unpacked layer that has no place yet. */
export interface ReceivedLayer {
  readonly diffId: string;
  keep(): Promise<void>;
  discard(): Promise<void>;
}

/** Unpacked layers. Their files belong to the ids that containers see, so only `inside` may change them. */
export class LayerStore {
  readonly #deps: LayerStoreDeps;

  constructor(deps: LayerStoreDeps) {
    this.#deps = deps;
  }

  /** The same layers for containers in a user namespace, without any of them yet. */
  mapped(mappings: IdMappings): LayerStore {
    return this.#mappedIn(mappingKey(mappings), mappings);
  }

  /** Those that were made so far. */
  allMapped(): LayerStore[] {
    return readNames(this.#deps.mappedDirectory).map((key) => this.#mappedIn(key));
  }

  /** Of copies for user namespaces, what killed processes have left half-made. */
  async deleteAbandonedCopies(): Promise<void> {
    for (const mapped of this.allMapped()) await mapped.delete(mapped.workNames().abandoned);
  }

  #mappedIn(key: string, mappings?: IdMappings): LayerStore {
    const directory = join(this.#deps.mappedDirectory, key);
    return new LayerStore({ ...this.#deps, directory, ...(mappings ? { mappings } : {}) });
  }

  path(diffId: string): string {
    return join(this.#deps.directory, diffId.slice('sha256:'.length));
  }

  has(diffId: string): boolean {
    return statSync(this.path(diffId), { throwIfNoEntry: false }) !== undefined;
  }

  /**
   * Unpacks what is missing, several layers at once; layers that are there cost one stat each.
   * Throws IMAGE_INVALID, HOST_UNFIT, BlobMissing; layers that were finished by then stay.
   */
  async ensure(layers: readonly LayerSource[]): Promise<void> {
    const missing = [...new Map(layers.map((layer) => [layer.diffId, layer])).values()].filter(
      ({ diffId }) => !this.has(diffId),
    );
    await this.#unpackAll(missing);
  }

  /** As `ensure`, and returns the bytes of each layer's files. */
  async measure(layers: readonly LayerSource[]): Promise<number[]> {
    const { table } = this.#deps;
    const sizes = new Map<string, number>();
    const missing: LayerSource[] = [];
    for (const layer of new Map(layers.map((each) => [each.diffId, each])).values()) {
      const known = this.has(layer.diffId) ? table.layer(layer.diffId)?.sizeBytes : undefined;
      if (known === undefined) missing.push(layer);
      else sizes.set(layer.diffId, known);
    }
    for (const [diffId, sizeBytes] of await this.#unpackAll(missing)) sizes.set(diffId, sizeBytes);
    return layers.map(({ diffId }) => sizes.get(diffId) ?? 0);
  }

  /** Gives directories names of leftovers, at once; returns the names for `delete`. */
  discard(diffIds: readonly string[]): string[] {
    const names: string[] = [];
    for (const diffId of diffIds) {
      const name = workName('removed');
      try {
        renameSync(this.path(diffId), join(this.#deps.directory, name));
        names.push(name);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
    return names;
  }

  async delete(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const inside = await this.#deps.inside();
    await inside.run(['rm', '-rf', '--', ...names.map((name) => join(this.#deps.directory, name))]);
  }

  /** The directory goes with its last layer; the next one makes it again. */
  removeEmpty(): void {
    try {
      rmdirSync(this.#deps.directory);
    } catch (error) {
      if (!['ENOTEMPTY', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }

  workNames(): WorkNames {
    return readWorkNames(this.#deps.directory);
  }

  diffIds(): string[] {
    return readNames(this.#deps.directory)
      .filter((name) => /^[0-9a-f]{64}$/.test(name))
      .map((name) => `sha256:${name}`);
  }

  async #unpackAll(layers: readonly LayerSource[]): Promise<Map<string, number>> {
    const sizes = new Map<string, number>();
    if (layers.length === 0) return sizes;
    checkInterrupt(this.#deps.signal);
    mkdirSync(this.#deps.directory, { recursive: true, mode: 0o755 });
    const inside = await this.#deps.inside();
    const waiting = [...layers];
    const worker = async () => {
      for (let layer = waiting.shift(); layer; layer = waiting.shift()) {
        sizes.set(layer.diffId, await this.#unpack(layer, inside));
      }
    };
    const workers = Array.from({ length: Math.min(availableParallelism(), layers.length) }, worker);
    // All of them end before an error is passed on: nothing may write into a store that is being closed.
    const ended = await Promise.allSettled(workers);
    const failed = ended.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    return sizes;
  }

  async #unpack({ diffId, blob }: LayerSource, inside: Runner): Promise<number> {
    const { blobs, signal } = this.#deps;
    const half = this.#newDirectory();
    try {
      const layer = await this.#run(inside, [blobs.path(blob), diffId], half);
      await this.#adopt(half, layer);
      return layer.sizeBytes;
    } catch (error) {
      await this.delete([half]);
      throw blobs.has(blob) || signal?.aborted ? error : new BlobMissing(blob, error);
    }
  }

  /** Unpacks a plain archive while it comes out of a pipe, which is closed when that has ended. Throws as `ensure`. */
  async receive(fd: number): Promise<ReceivedLayer> {
    let half: string | undefined;
    try {
      const inside = await this.#deps.inside();
      half = this.#newDirectory();
      const name = half;
      const layer = await this.#run(inside, ['-', ''], name, fd);
      return {
        diffId: layer.diffId,
        keep: () => this.#adopt(name, layer),
        discard: () => this.delete([name]),
      };
    } catch (error) {
      if (half !== undefined) await this.delete([half]);
      throw error;
    } finally {
      closeSync(fd);
    }
  }

  #newDirectory(): string {
    const name = workName('tmp');
    mkdirSync(this.#deps.directory, { recursive: true, mode: 0o755 });
    mkdirSync(join(this.#deps.directory, name), 0o755);
    return name;
  }

  async #run(
    inside: Runner,
    source: readonly string[],
    half: string,
    stdin?: number,
  ): Promise<UnpackedLayer> {
    const { directory, facts, signal, mappings } = this.#deps;
    const opaque = facts.rootless ? 'user.overlay.opaque' : 'trusted.overlay.opaque';
    const argv = [
      ...endsWithParent,
      ...facts.self,
      'internal',
      'unpack-layer',
      ...source,
      join(directory, half),
      opaque,
      ...(mappings ? [JSON.stringify(mappings)] : []),
    ];
    const { stdout, stderr } = await interruptible(signal, (options) =>
      inside.run(argv, { accept: 'any', ...(stdin === undefined ? {} : { stdin }), ...options }),
    );
    return readReport(stdout, stderr);
  }

  async #adopt(half: string, { diffId, ...size }: UnpackedLayer): Promise<void> {
    const { directory, table } = this.#deps;
    try {
      renameSync(join(directory, half), this.path(diffId));
    } catch (error) {
      // Another process was first, with the same content.
      if (!['EEXIST', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      await this.delete([half]);
    }
    table.recordLayer(diffId, size);
  }
}

type UnpackedLayer = LayerSize & { readonly diffId: string };

function readReport(stdout: string, stderr: string): UnpackedLayer {
  let report: UnpackReport;
  try {
    report = JSON.parse(stdout);
  } catch (error) {
    throw new PeapodError('INTERNAL', `unpacking a layer failed: ${stderr.trim() || 'it was ended'}`, {
      cause: error,
    });
  }
  if (!('error' in report)) return report;
  const { code, message, hint } = report.error;
  throw new PeapodError(code as ErrorCode, message, hint ? { hint } : {});
}
