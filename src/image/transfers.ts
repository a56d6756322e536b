import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { waitForLock } from '../host/locks.ts';
import type { ImageRecord } from '../store/records.ts';
import { BlobMissing } from './blobs.ts';
import { checkInterrupt } from './interruption.ts';
import { digestOf } from './manifest.ts';
import type { ImageStores } from './record.ts';
import type { RegistriesConfig } from './registries.ts';
import { sweep } from './removal.ts';
import { Skopeo } from './skopeo.ts';
import type { ImageStoreDeps } from './store.ts';

/** Names of locks are few, so that their files need no cleaning up; strangers that share one only wait. */
const lockCount = 64n;

/** What all that moves images into, out of and within the store works with. */
export class Transfers {
  readonly stores: ImageStores;
  readonly skopeo: Skopeo;
  readonly deps: ImageStoreDeps;
  readonly registries: () => RegistriesConfig;

  constructor(deps: ImageStoreDeps, stores: ImageStores, registries: () => RegistriesConfig) {
    this.deps = deps;
    this.stores = stores;
    this.registries = registries;
    this.skopeo = new Skopeo(deps.host, deps.signal);
  }

  /**
   * Runs a transfer with a directory of its own, then deletes what killed ones have left. Where another
   * process has deleted a shared blob or layer meanwhile, the transfer runs again.
   */
  async run<T>(work: (workDirectory: string) => Promise<T>, attempts = 3): Promise<T> {
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.stores.blobs.work(work);
        } catch (error) {
          if (!(error instanceof BlobMissing) || attempt === attempts) throw error;
        }
      }
    } finally {
      await sweep(this.stores);
    }
  }

  /** One process at a time for a name: the others find the work done. Throws INTERRUPTED. */
  async alone<T>(name: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
    const directory = join(this.deps.paths.imageLayout, 'locks');
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const bucket = BigInt(`0x${digestOf(name).slice(-16)}`) % lockCount;
    const path = join(directory, String(bucket));
    let lock = await waitForLock(path, 'exclusive', 0);
    if (!lock) onWait();
    while (!lock) {
      checkInterrupt(this.deps.signal);
      lock = await waitForLock(path, 'exclusive', 200);
    }
    try {
      return await work();
    } finally {
      lock.release();
    }
  }

  /** Newest first. */
  byDigest(digest: string): ImageRecord[] {
    return this.deps.table.byDigest(digest);
  }
}
