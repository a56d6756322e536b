import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PeapodError } from '../errors.ts';
import { waitForLock } from '../host/locks.ts';
import { canonicalIp } from './ip-address.ts';

/** Who has an address: the container id and the interface of the CNI call. */
export interface LeaseOwner {
  readonly id: string;
  readonly ifname: string;
}

export interface Lease extends LeaseOwner {
  readonly address: string;
}

/** A lease, and the directory that it lies in. */
export interface HeldLease extends Lease {
  readonly directory: string;
}

const lockTimeoutMs = 60_000;
const temporaryPrefix = '.peapod-';

/**
 * The directory of one network's leases in the format of CNI's host-local plugin, which other runtimes on
 * the same network read and write as well: one file an address, `<id>\r\n<ifname>` in it;
 * `last_reserved_ip.<range set>`; flock(2) on `lock` around every change.
 */
export class LeaseDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Runs `change`, which must not wait for anything, while nobody else changes leases. Throws BUSY. */
  async locked<T>(change: (leases: OpenLeases) => T): Promise<T> {
    mkdirSync(this.path, { recursive: true, mode: 0o755 });
    const file = join(this.path, 'lock');
    const lock = await waitForLock(file, 'exclusive', lockTimeoutMs);
    if (!lock) {
      throw new PeapodError(
        'BUSY',
        `the leases in ${this.path} have been locked for ${lockTimeoutMs / 1000} s`,
        {
          hint: `see who holds them with: fuser -v ${file}`,
        },
      );
    }
    try {
      return change(new OpenLeases(this.path));
    } finally {
      lock.release();
    }
  }

  /** A look without the lock: what was true a moment ago. Nothing where the directory is missing. */
  read(): Lease[] {
    return names(this.path).flatMap((name) => readLease(this.path, name) ?? []);
  }

  /**
   * Frees the addresses of an id, of all its interfaces or of one, and returns them. Idempotent; makes no
   * directory.
   */
  async release(id: string, ifname?: string): Promise<string[]> {
    const isOurs = (lease: Lease) => lease.id === id && (ifname === undefined || lease.ifname === ifname);
    if (!this.read().some(isOurs)) return [];
    return this.locked((leases) => {
      const ours = leases.all().filter(isOurs);
      for (const { address } of ours) leases.remove(address);
      return ours.map(({ address }) => address);
    });
  }
}

/** The leases while the lock is held. */
export class OpenLeases {
  readonly #path: string;
  readonly #leases = new Map<string, Lease>();

  constructor(path: string) {
    this.#path = path;
    for (const name of names(path)) {
      const lease = readLease(path, name);
      if (lease) this.#leases.set(lease.address, lease);
      // The lock is ours, so whoever wrote an empty lease or a temporary file has died over it.
      else if (canonicalIp(name) || name.startsWith(temporaryPrefix))
        rmSync(join(path, name), { force: true });
    }
  }

  all(): Lease[] {
    return [...this.#leases.values()];
  }

  holder(address: string): Lease | undefined {
    return this.#leases.get(address);
  }

  /** The address must be free. A lease appears whole or not at all. */
  add(address: string, owner: LeaseOwner): void {
    const temporary = join(this.#path, `${temporaryPrefix}${process.pid}`);
    writeFileSync(temporary, `${owner.id}\r\n${owner.ifname}`, { mode: 0o600 });
    try {
      linkSync(temporary, join(this.#path, address));
    } finally {
      rmSync(temporary, { force: true });
    }
    this.#leases.set(address, { ...owner, address });
  }

  remove(address: string): void {
    rmSync(join(this.#path, address), { force: true });
    this.#leases.delete(address);
  }

  /** Where the round robin of a range set stands; undefined before its first lease. */
  lastReserved(rangeSet: number): string | undefined {
    try {
      return canonicalIp(readFileSync(join(this.#path, lastReservedName(rangeSet)), 'utf8').trim());
    } catch {
      return undefined;
    }
  }

  setLastReserved(rangeSet: number, address: string): void {
    writeFileSync(join(this.#path, lastReservedName(rangeSet)), address, { mode: 0o600 });
  }
}

/**
 * All leases of an id below the roots, each with one directory a network, and in `known`, where that is one: it
 * needs to know no network.
 */
export function leasesEverywhere(roots: readonly string[], id: string, known?: string): HeldLease[] {
  const paths = roots.flatMap((root) => names(root).map((name) => join(root, name)));
  return [...new Set(known ? [known, ...paths] : paths)].flatMap((directory) =>
    new LeaseDirectory(directory)
      .read()
      .filter((lease) => lease.id === id)
      .map((lease) => ({ ...lease, directory })),
  );
}

/** Idempotent. */
export async function releaseLeases(leases: readonly HeldLease[]): Promise<void> {
  for (const { directory, id, ifname } of leases) await new LeaseDirectory(directory).release(id, ifname);
}

function lastReservedName(rangeSet: number): string {
  return `last_reserved_ip.${rangeSet}`;
}

function names(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

/** Undefined for other files, and for a lease that is empty or has just gone. Old plugins wrote no ifname. */
function readLease(path: string, name: string): Lease | undefined {
  const address = canonicalIp(name);
  if (!address) return undefined;
  let text: string;
  try {
    text = readFileSync(join(path, name), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const [id = '', ifname = ''] = text.split('\r\n').map((line) => line.trim());
  return id === '' ? undefined : { address, id, ifname };
}
