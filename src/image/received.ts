import { linkSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PeapodError } from '../errors.ts';
import { BlobMissing, type BlobStore } from './blobs.ts';
import { parseManifest } from './manifest.ts';

/**
 * The OCI layout that skopeo writes one image into, in a transfer's own directory. skopeo writes manifests in
 * place, so that no other process may read them there: whole blobs are moved to where all share them.
 */
export class ReceivedLayout {
  /** For skopeo, relative to the work directory. */
  readonly destination = 'oci:received:image';
  readonly #directory: string;
  readonly #blobs: BlobStore;

  constructor(workDirectory: string, blobs: BlobStore) {
    this.#directory = join(workDirectory, 'received');
    this.#blobs = blobs;
  }

  /** Links the layers that are here already, and those of pulls that broke off: skopeo does not fetch what it finds. */
  lend(digests: Iterable<string>): void {
    mkdirSync(join(this.#directory, 'blobs', 'sha256'), { recursive: true });
    const partial = this.#blobs.partial();
    for (const digest of new Set([...digests, ...partial.keys()])) {
      try {
        linkSync(partial.get(digest) ?? this.#blobs.path(digest), this.#path(digest));
      } catch {
        // it is not here, or the file system has no links: it is fetched
      }
    }
  }

  /** The digest of the manifest that skopeo wrote. */
  manifestDigest(): string {
    const index = parseManifest(readFileSync(join(this.#directory, 'index.json')));
    const digest = index.kind === 'list' ? index.manifests[0]?.digest : undefined;
    if (digest === undefined) throw new PeapodError('INTERNAL', 'skopeo wrote no image');
    return digest;
  }

  has(digest: string): boolean {
    return statSync(this.#path(digest), { throwIfNoEntry: false }) !== undefined;
  }

  read(digest: string): Buffer {
    return readFileSync(this.#path(digest));
  }

  /** Moves a blob to the store. Throws BlobMissing where neither has it. */
  hand(digest: string): void {
    if (this.has(digest)) this.#blobs.adopt(this.#path(digest), digest);
    else if (!this.#blobs.has(digest)) throw new BlobMissing(digest);
  }

  #path(digest: string): string {
    return join(this.#directory, 'blobs', digest.replace(':', '/'));
  }
}
