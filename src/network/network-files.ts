import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, PeapodError } from '../errors.ts';
import { waitForLock } from '../host/locks.ts';
import {
  type BrokenConfList,
  type ConfList,
  findConfList,
  parseConfList,
  type ScannedConfLists,
  scanConfLists,
} from './conflist.ts';
import { defaultConfListText } from './default-network.ts';
import { type HostRoute, readHostRoutes } from './host-routes.ts';
import { defaultNetwork } from './select.ts';

export interface NetworkDirectories {
  /** Conflists that other runtimes share: `/etc/cni/net.d`, `~/.config/cni/net.d`. */
  readonly networkConfig: string;
  /** peapod's own root: the default network is remembered below it, where no conflist defines it. */
  readonly root: string;
}

/** What messages call the default network as long as it has no file. */
export const builtInSource = 'the built-in default network';

const lockTimeoutMs = 60_000;
const temporaryPrefix = '.peapod-';
const extension = '.conflist';

/**
 * Networks as files: conflists that all runtimes share first, then what peapod keeps for itself. The default
 * network needs no file: without one it is made up, on 10.88.0.0/16 or the next subnet that is free, and
 * written below peapod's root by the first attach, for pods keep their addresses only if the subnet never
 * moves. The shared directory is left alone there: a default network in it would change other runtimes'.
 */
export class NetworkFiles {
  readonly #directories: NetworkDirectories;
  readonly #routes: () => readonly HostRoute[];

  constructor(directories: NetworkDirectories, routes: () => readonly HostRoute[] = readHostRoutes) {
    this.#directories = directories;
    this.#routes = routes;
  }

  /** Touches nothing. Undefined where there is none. Throws the NETWORK_CONFIG of a broken file that is to define it. */
  find(name: string): ConfList | undefined {
    const { networkConfig } = this.#directories;
    const list = findConfList(networkConfig, name) ?? findConfList(this.#ownDirectory(), name);
    return list ?? (name === defaultNetwork ? this.#builtIn() : undefined);
  }

  /** As `find`, for good: the default network gets its file. */
  settle(name: string): ConfList | undefined {
    const list = this.find(name);
    if (list?.source !== builtInSource) return list;
    // Where another process was first, its choice stands.
    placeFile(this.#ownDirectory(), name, this.#builtInText());
    return this.find(name);
  }

  /** All networks by name, the default one among them; of several files with one name, the first. */
  scan(): ScannedConfLists {
    const shared = scanConfLists(this.#directories.networkConfig);
    const own = scanConfLists(this.#ownDirectory());
    const lists = new Map<string, ConfList>();
    for (const list of [...shared.lists, ...own.lists]) if (!lists.has(list.name)) lists.set(list.name, list);
    const broken: BrokenConfList[] = [...shared.broken, ...own.broken];
    if (!lists.has(defaultNetwork) && !broken.some(({ mayDefine }) => mayDefine(defaultNetwork))) {
      lists.set(defaultNetwork, this.#builtIn());
    }
    const byName = [...lists.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return { lists: byName, broken };
  }

  /** Nobody else adds or removes networks meanwhile. Throws BUSY, HOST_UNFIT where the directory cannot be written. */
  async changing<T>(change: () => T | Promise<T>): Promise<T> {
    const { networkConfig } = this.#directories;
    const lock = await this.#writable(async () => {
      mkdirSync(networkConfig, { recursive: true, mode: 0o755 });
      return waitForLock(join(networkConfig, 'cni.lock'), 'exclusive', lockTimeoutMs);
    });
    if (!lock) {
      throw new PeapodError('BUSY', 'another command changes networks and does not end', {
        hint: `see which with: fuser -v ${join(networkConfig, 'cni.lock')}`,
      });
    }
    try {
      // The lock is ours: whoever wrote these has died over it.
      for (const name of readdirSync(networkConfig)) {
        if (name.startsWith(temporaryPrefix)) rmSync(join(networkConfig, name), { force: true });
      }
      return await change();
    } finally {
      lock.release();
    }
  }

  /** Appears whole or not at all. Throws NAME_IN_USE where the file is there. The caller is `changing`. */
  async add(name: string, text: string): Promise<void> {
    const { networkConfig } = this.#directories;
    if (await this.#writable(async () => placeFile(networkConfig, name, text))) return;
    const path = join(networkConfig, name + extension);
    throw new PeapodError('NAME_IN_USE', `network name ${name} already used: ${path} exists`, {
      hint: 'choose another name, or move that file away',
    });
  }

  /** Idempotent. The caller is `changing`. */
  async remove(list: ConfList): Promise<void> {
    await this.#writable(async () => rmSync(list.source, { force: true }));
  }

  #ownDirectory(): string {
    return join(this.#directories.root, 'networks');
  }

  #builtIn(): ConfList {
    return parseConfList(builtInSource, this.#builtInText());
  }

  #builtInText(): string {
    return defaultConfListText(this.#routes(), scanConfLists(this.#directories.networkConfig).lists);
  }

  async #writable<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined || error instanceof PeapodError) throw error;
      const { networkConfig } = this.#directories;
      throw new PeapodError('HOST_UNFIT', `cannot change networks in ${networkConfig}: ${messageOf(error)}`, {
        hint: `networks are files in ${networkConfig}: it must be writable`,
        cause: error,
      });
    }
  }
}

/** False where the file is there already, which is left as it is. */
function placeFile(directory: string, name: string, text: string): boolean {
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  const temporary = join(directory, `${temporaryPrefix}${process.pid}`);
  try {
    const fd = openSync(temporary, 'w', 0o644);
    try {
      writeSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    linkSync(temporary, join(directory, name + extension));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(temporary, { force: true });
  }
}
