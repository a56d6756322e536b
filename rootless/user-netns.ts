import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PeapodError } from '../src/errors.ts';
import type { Runner } from '../src/host/exec.ts';
import { waitForLock } from '../src/host/locks.ts';
import type { Paths } from '../src/host/paths.ts';
import type { NetworkTarget } from '../src/network/backend.ts';
import type { Keeper } from './keeper.ts';
import { parseSlirpOptions } from './slirp-options.ts';
import { endSlirp, slirpOf, startSlirp, tcpBufferScript } from './slirp4netns.ts';

/** A change takes a few milliseconds; so long may others hold it up. */
const lockTimeoutMs = 60_000;

type Counted = Pick<NetworkTarget, 'id' | 'ifname'>;

export const uplinkOptions = parseSlirpOptions({});

/**
 * The network namespace that a user's bridges live in, pinned in the keeper's mount namespace, with one
 * slirp4netns as its way out. It comes with the first attachment and goes with the last: `attachments` has an
 * empty file for each.
 */
export class UserNetns {
  readonly #keeper: Keeper;
  readonly #directory: string;
  readonly #attachments: string;
  readonly #lock: string;
  readonly path: string;
  /** For notes about what has been loaded in there: it goes with the namespace. */
  readonly rules: string;

  constructor(keeper: Keeper, paths: Pick<Paths, 'keeper'>) {
    this.#keeper = keeper;
    this.#directory = join(paths.keeper, 'network');
    this.#attachments = join(this.#directory, 'attachments');
    this.#lock = join(paths.keeper, 'network.lock');
    this.path = join(this.#directory, 'net');
    this.rules = join(this.#directory, 'rules');
  }

  /** Makes what is missing and counts the attachment in. Idempotent. Returns a runner in there with the keeper's mounts. */
  async enter(target: Counted, uplink: 'uplink' | 'no uplink' = 'uplink'): Promise<Runner> {
    const inside = await this.#keeper.runner();
    return this.#locked(async () => {
      mkdirSync(this.#attachments, { recursive: true, mode: 0o700 });
      writeFileSync(this.#count(target), '');
      if (!this.#isPinned()) await this.#pin(inside);
      if (uplink === 'uplink' && !this.hasUplink()) await this.#startUplink();
      return this.#keeper.netns(this.path, 'keeper');
    });
  }

  /** Counts the attachment out; with the last one everything goes. Idempotent. */
  async leave(target: Counted): Promise<void> {
    const inside = await this.#keeper.runner();
    await this.#locked(async () => {
      rmSync(this.#count(target), { force: true });
      if (entries(this.#attachments).length > 0) return;
      await endSlirp(this.#directory);
      if (this.#isPinned()) await inside.run(['umount', this.path]);
      rmSync(this.#directory, { recursive: true, force: true });
    });
  }

  #count({ id, ifname }: Counted): string {
    return join(this.#attachments, `${id}.${ifname}`);
  }

  hasUplink(): boolean {
    return slirpOf(this.#directory) !== undefined;
  }

  async #pin(inside: Runner): Promise<void> {
    await endSlirp(this.#directory); // one that serves a namespace that is gone
    rmSync(this.rules, { recursive: true, force: true });
    writeFileSync(this.path, '');
    await inside.run(['unshare', `--net=${this.path}`, '--', 'sh', '-c', `${tcpBufferScript()}:`]);
  }

  async #startUplink(): Promise<void> {
    await endSlirp(this.#directory); // what a killed one left
    const users = await this.#keeper.userNamespace();
    await startSlirp({
      directory: this.#directory,
      prefix: users.prefix,
      netnsPath: this.#keeper.pathFromOutside(this.path),
      options: uplinkOptions,
    });
  }

  /** A namespace is mounted there: the file is on nsfs and no longer on its directory's file system. */
  #isPinned(): boolean {
    try {
      const path = this.#keeper.pathFromOutside(this.path);
      return statSync(path).dev !== statSync(this.#directory).dev;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }

  async #locked<T>(change: () => Promise<T>): Promise<T> {
    const lock = await waitForLock(this.#lock, 'exclusive', lockTimeoutMs);
    if (!lock) throw new PeapodError('BUSY', "another command changes the user's network and does not end");
    try {
      return await change();
    } finally {
      lock.release();
    }
  }
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
