import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PeapodError } from '../src/errors.ts';
import type { Runner } from '../src/host/exec.ts';
import { waitForLock } from '../src/host/locks.ts';
import { Aardvark, zoneExtension, zonesIn } from './aardvark.ts';
import { type DnsEntry, type DnsZone, formatZone, parseZone, withEntry } from './dns-zone.ts';

export interface NetworkDnsOptions {
  /** Of the name servers' alone, below the runtime root. */
  readonly directory: string;
  /** Absolute path of aardvark-dns. Throws TOOL_MISSING. */
  program(): string;
  /** Enters the network namespace of the bridges; called when a name server is started. */
  runner(): Promise<Runner>;
  /** That namespace as this process can open it; undefined where it is gone. */
  netnsPath(): string | undefined;
  /** Ids of the targets that have an address on the network: the entries of others are swept when a name server is started. Undefined where nobody knows. */
  owners(network: string): ReadonlySet<string> | undefined;
}

/** A network that names are served on. */
export interface NamedNetwork {
  readonly name: string;
  /** The bridge's own addresses, without prefix lengths: where its pods find the name server. */
  readonly listen: readonly string[];
  /** Whether other names are asked of the world outside. */
  readonly forwards: boolean;
}

const lockTimeoutMs = 60_000;
const copyExtension = '.copy';

/**
 * Names on bridge networks, by aardvark-dns: one process a network namespace, and a second where there are
 * networks without a way out, for whether it forwards is said once a process. They come with the first pod and
 * go with the last. What they serve stands in files, which are all the memory there is:
 * `lock`; `forwarding/` and `closed/`, each with a zone a network and aardvark's pid; `next`, a zone being written.
 * A pod on networks of both kinds asks the forwarding one, which knows the closed network's names from a copy of its
 * zone, `NETWORK.copy`: it answers with the names of all networks that the asking pod is on.
 */
export class NetworkDns {
  readonly #options: NetworkDnsOptions;

  constructor(options: NetworkDnsOptions) {
    this.#options = options;
  }

  /**
   * A pod has these addresses and names from now on. A name server that has to bind addresses for that waits until
   * `bridge` resolves: then they are there. Idempotent. Throws PORT_IN_USE where somebody has port 53
   * of the bridge, TOOL_MISSING, COMMAND_FAILED.
   */
  async set(network: NamedNetwork, entry: DnsEntry, bridge: Promise<unknown>): Promise<void> {
    mkdirSync(this.#directory(network), { recursive: true, mode: 0o700 });
    await this.#locked(async () => {
      const zone = this.#read(network, network.name);
      const isNew = zone === undefined || zone.listen.join() !== network.listen.join();
      const changed = this.#write(
        network,
        withEntry({ listen: network.listen, entries: zone?.entries ?? [] }, entry),
      );
      const copied = this.#copyZones();
      await this.#serve(network, changed || (copied && network.forwards), isNew, bridge);
      if (copied && !network.forwards) await this.#reloadForwarding();
    });
  }

  /**
   * Gives a pod that `set` knows other names; also starts a name server that was killed, unless names only go.
   * `names` is asked when nobody else changes any. Idempotent; nothing where the pod is not known.
   */
  async setNames(
    network: Omit<NamedNetwork, 'listen'>,
    targetId: string,
    names: () => readonly string[],
  ): Promise<void> {
    if (!existsSync(this.#path(network, network.name))) return;
    await this.#locked(async () => {
      const zone = this.#read(network, network.name);
      const before = zone?.entries.find(({ id }) => id === targetId);
      if (!zone || !before) return;
      const entry = { ...before, names: names().map((name) => name.toLowerCase()) };
      const changed = this.#write(network, withEntry(zone, entry));
      if (this.#copyZones()) await this.#reloadForwarding();
      const had = new Set(before.names);
      const onlyLess = changed && entry.names.every((name) => had.has(name));
      if (onlyLess && !this.#server(network).running()) return;
      await this.#serve({ ...network, listen: zone.listen }, changed, false);
    });
  }

  /** The pod has no name on the network any more. Idempotent; needs neither namespace nor process. */
  async remove(targetId: string, name: string): Promise<void> {
    const kinds = [{ forwards: true }, { forwards: false }].filter((kind) =>
      this.knows({ ...kind, name }, targetId),
    );
    if (kinds.length === 0) return;
    await this.#locked(async () => {
      for (const kind of kinds) await this.#removeFrom({ ...kind, name }, targetId);
    });
  }

  /** Whether the name server of such a network runs, in the right place. Reads /proc only. */
  isServed(network: Pick<NamedNetwork, 'forwards'>): boolean {
    return this.#server(network).running() !== undefined;
  }

  /** Whether a pod has names on a network. */
  knows(network: Omit<NamedNetwork, 'listen'>, targetId: string): boolean {
    return this.#read(network, network.name)?.entries.some(({ id }) => id === targetId) ?? false;
  }

  async #removeFrom(network: Omit<NamedNetwork, 'listen'>, targetId: string): Promise<void> {
    const server = this.#server(network);
    const zone = this.#read(network, network.name);
    if (!zone) return;
    this.#write(network, { ...zone, entries: zone.entries.filter(({ id }) => id !== targetId) });
    if (this.#copyZones() && !network.forwards) await this.#reloadForwarding();
    if (server.zones().length === 0) await server.end();
    else if (server.running()) await server.reload();
  }

  async #serve(
    network: NamedNetwork,
    changed: boolean,
    isNew: boolean,
    bridge?: Promise<unknown>,
  ): Promise<void> {
    const server = this.#server(network);
    const runs = server.running() !== undefined;
    if (runs && !changed) return;
    if (!runs) this.#sweep(network);
    if (isNew || !runs) await bridge;
    await server.reload();
    if (isNew || !runs) await server.serving(network.listen, network.name);
  }

  async #reloadForwarding(): Promise<void> {
    const server = this.#server({ forwards: true });
    if (server.running()) await server.reload();
  }

  /** Copies what pods on networks of both kinds need, and no more. False where nothing changes. */
  #copyZones(): boolean {
    const closed = zonesIn(this.#directory({ forwards: false }), zoneExtension);
    const directory = this.#directory({ forwards: true });
    const copies = zonesIn(directory, copyExtension);
    if (closed.length === 0 && copies.length === 0) return false;
    const outward = new Set(
      zonesIn(directory, zoneExtension).flatMap((name) =>
        (this.#read({ forwards: true }, name)?.entries ?? []).map(({ id }) => id),
      ),
    );
    const changes = [...new Set([...closed, ...copies])].map((name) => {
      const entries = this.#read({ forwards: false }, name)?.entries ?? [];
      const shared = entries.some(({ id }) => outward.has(id));
      const copy = { listen: [ownLoopback(name)], entries: shared ? entries : [] };
      return this.#place(join(directory, name + copyExtension), copy);
    });
    return changes.includes(true);
  }

  /** What killed commands left. */
  #sweep(kind: Pick<NamedNetwork, 'forwards'>): void {
    for (const name of this.#server(kind).zones()) {
      const zone = this.#read(kind, name) as DnsZone;
      const owners = this.#options.owners(name);
      const entries = zone.entries.filter(({ id }) => owners === undefined || owners.has(id));
      this.#write({ ...kind, name }, { ...zone, entries });
    }
    this.#copyZones();
  }

  #read(kind: Pick<NamedNetwork, 'forwards'>, name: string): DnsZone | undefined {
    const text = textOf(this.#path(kind, name));
    return text === undefined ? undefined : parseZone(text);
  }

  /** Appears whole or not at all; a zone without entries goes. False where nothing changes. */
  #write({ forwards, name }: Omit<NamedNetwork, 'listen'>, zone: DnsZone): boolean {
    return this.#place(this.#path({ forwards }, name), zone);
  }

  #place(path: string, zone: DnsZone): boolean {
    const text = formatZone(zone);
    if (textOf(path) === text) return false;
    if (zone.entries.length === 0) {
      const was = existsSync(path);
      rmSync(path, { force: true });
      return was;
    }
    const next = join(this.#options.directory, 'next');
    writeFileSync(next, text, { mode: 0o600 });
    renameSync(next, path);
    return true;
  }

  #path(kind: Pick<NamedNetwork, 'forwards'>, name: string): string {
    return join(this.#directory(kind), name + zoneExtension);
  }

  #directory({ forwards }: Pick<NamedNetwork, 'forwards'>): string {
    return join(this.#options.directory, forwards ? 'forwarding' : 'closed');
  }

  #server(kind: Pick<NamedNetwork, 'forwards'>): Aardvark {
    const { program, runner, netnsPath } = this.#options;
    return new Aardvark({
      directory: this.#directory(kind),
      forwards: kind.forwards,
      program,
      runner,
      netnsPath,
    });
  }

  async #locked(change: () => Promise<void>): Promise<void> {
    const path = join(this.#options.directory, 'lock');
    const lock = await waitForLock(path, 'exclusive', lockTimeoutMs);
    if (!lock) {
      throw new PeapodError('BUSY', `other changes of names have gone on for ${lockTimeoutMs / 1000} s`, {
        hint: `see who makes them with: fuser -v ${path}`,
      });
    }
    try {
      await change();
    } finally {
      lock.release();
    }
  }
}

/** Undefined where the file is not there. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** aardvark-dns wants an address for every zone: one that nobody asks, of this network's alone. */
function ownLoopback(network: string): string {
  const [a = 0, b = 0, c = 0] = new Bun.CryptoHasher('sha256').update(network).digest();
  return `127.${a}.${b}.${(c % 254) + 1}`;
}
