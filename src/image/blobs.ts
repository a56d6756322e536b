import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PeapodError } from '../errors.ts';
import { forgetPartial, keepPartial, partialLifeMs, readPartial } from './partial.ts';
import { readNames, readWorkNames, type WorkNames, workName } from './work-directory.ts';

/** A part of an image is gone: its files were deleted, or another process' `rmi` was faster than a pull. */
export class BlobMissing extends PeapodError {
  constructor(digest: string, cause?: unknown) {
    super('IMAGE_INVALID', `the image is incomplete: ${digest} is missing`, {
      hint: 'fetch the image again',
      cause,
    });
  }
}

/**
 * Manifests, configurations and compressed layers of all images, as an OCI layout keeps them:
 * `blobs/sha256/HEX`. https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 * Which manifests are images is written in the database alone. Nothing but whole blobs has such a name:
 * what is half-made lies under `work`, on the same file system.
 */
export class BlobStore {
  readonly #layout: string;

  constructor(layout: string) {
    this.#layout = layout;
  }

  path(digest: string): string {
    return join(this.#layout, 'blobs', digest.replace(':', '/'));
  }

  has(digest: string): boolean {
    return statSync(this.path(digest), { throwIfNoEntry: false }) !== undefined;
  }

  /** Throws BlobMissing. */
  read(digest: string): Buffer {
    try {
      return readFileSync(this.path(digest));
    } catch (error) {
      throw new BlobMissing(digest, error);
    }
  }

  /** The caller has computed the digest. */
  write(digest: string, bytes: Uint8Array | string, workDirectory: string): void {
    if (this.has(digest)) return;
    const half = join(workDirectory, workName('tmp'));
    writeFileSync(half, bytes);
    renameSync(half, this.path(digest));
  }

  /** Takes a whole file of the same file system as a blob; the caller has compared its digest. */
  adopt(file: string, digest: string): void {
    renameSync(file, this.path(digest));
  }

  delete(digest: string): void {
    rmSync(this.path(digest), { force: true });
  }

  digests(): string[] {
    return readNames(join(this.#layout, 'blobs', 'sha256')).map((name) => `sha256:${name}`);
  }

  /** Runs `work` with a directory for half-made things, which is gone afterwards. */
  async work<T>(work: (directory: string) => Promise<T>): Promise<T> {
    const directory = join(this.#layout, 'tmp', workName('tmp'));
    mkdirSync(join(this.#layout, 'blobs', 'sha256'), { recursive: true, mode: 0o700 });
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(join(this.#layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}\n');
    try {
      return await work(directory);
    } catch (error) {
      keepPartial(this.#layout, directory);
      throw error;
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  /** Whole blobs of pulls that did not end well, by digest; the paths of their files. */
  partial(): Map<string, string> {
    return readPartial(this.#layout);
  }

  workNames(): WorkNames {
    return readWorkNames(join(this.#layout, 'tmp'));
  }

  deleteWork(names: readonly string[]): void {
    // Programs of a process that was killed a moment ago may still be ending.
    const options = { recursive: true, force: true, maxRetries: 3 };
    for (const name of names) {
      keepPartial(this.#layout, join(this.#layout, 'tmp', name));
      rmSync(join(this.#layout, 'tmp', name), options);
    }
    forgetPartial(this.#layout, partialLifeMs);
  }
}
