import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PeapodError } from '../../src/errors.ts';
import type { CapabilityArgs } from './config.ts';
import { parseObject } from './protocol.ts';

/** One interface that plugins gave a container: what DEL and CHECK must be told again. */
export interface CachedAttachment {
  readonly containerId: string;
  readonly ifname: string;
  readonly network: string;
  readonly netns: string;
  readonly args: readonly (readonly [key: string, value: string])[];
  readonly capabilityArgs: CapabilityArgs;
  /** The conflist as its plugins saw it: the file may have changed since. */
  readonly config: string;
  /** The file, for messages. */
  readonly source: string;
  /** The last plugin's answer as JSON. Absent while ADD is going on, and after it was cut short. */
  readonly result?: Readonly<Record<string, unknown>>;
}

/**
 * The directory `results` as libcni keeps it: one file an interface, `<network>-<id>-<ifname>`, of the kind
 * `cniCacheV1`. A directory of our own: with libcni's, /var/lib/cni/results, another runtime's GC would take
 * our interfaces for its own lost ones, and ours would take theirs.
 */
export class ResultCache {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  write(entry: CachedAttachment): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const temporary = join(this.#directory, `.${process.pid}`);
    writeFileSync(temporary, JSON.stringify(format(entry)), { mode: 0o600 });
    renameSync(temporary, this.#file(entry));
  }

  /** Idempotent. */
  remove(entry: Pick<CachedAttachment, 'network' | 'containerId' | 'ifname'>): void {
    rmSync(this.#file(entry), { force: true });
  }

  /** All interfaces of a container. Throws INTERNAL for an entry that cannot be read. */
  ofContainer(containerId: string): CachedAttachment[] {
    return this.#names()
      .filter((name) => name.includes(`-${containerId}-`))
      .flatMap((name) => this.#read(name))
      .filter((entry) => entry.containerId === containerId);
  }

  /** All interfaces on a network. Throws INTERNAL for an entry that cannot be read. */
  ofNetwork(network: string): CachedAttachment[] {
    return this.#names()
      .filter((name) => name.startsWith(`${network}-`))
      .flatMap((name) => this.#read(name))
      .filter((entry) => entry.network === network);
  }

  #file({ network, containerId, ifname }: Pick<CachedAttachment, 'network' | 'containerId' | 'ifname'>) {
    return join(this.#directory, `${network}-${containerId}-${ifname}`);
  }

  #names(): string[] {
    try {
      return readdirSync(this.#directory).filter((name) => !name.startsWith('.'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  /** Nothing where it has just gone. */
  #read(name: string): CachedAttachment[] {
    const file = join(this.#directory, name);
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
    const entry = parseObject(text);
    if (entry?.kind !== 'cniCacheV1' || typeof entry.config !== 'string') {
      throw new PeapodError('INTERNAL', `${file} does not tell what CNI plugins made`, {
        hint: 'remove what they left by hand, then this file',
      });
    }
    return [
      {
        containerId: String(entry.containerId),
        ifname: String(entry.ifName),
        network: String(entry.networkName),
        netns: String(entry.netns ?? ''),
        args: (entry.cniArgs ?? []) as [string, string][],
        capabilityArgs: (entry.capabilityArgs ?? {}) as CapabilityArgs,
        config: Buffer.from(entry.config, 'base64').toString(),
        source: String(entry.source ?? file),
        ...(entry.result ? { result: entry.result as Record<string, unknown> } : {}),
      },
    ];
  }
}

/** libcni's names; Go writes bytes in base64. `source` is ours, and skipped by it. */
function format(entry: CachedAttachment): Record<string, unknown> {
  return {
    kind: 'cniCacheV1',
    containerId: entry.containerId,
    config: Buffer.from(entry.config).toString('base64'),
    ifName: entry.ifname,
    networkName: entry.network,
    netns: entry.netns,
    cniArgs: entry.args,
    capabilityArgs: entry.capabilityArgs,
    source: entry.source,
    result: entry.result,
  };
}
