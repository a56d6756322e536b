import { closeSync } from 'node:fs';
import { CommandFailed, type Runner } from '../src/host/exec.ts';
import { pipe } from '../src/host/libc.ts';
import { writeFully } from '../src/host/write.ts';
import type { HostTools } from './host-tools.ts';
import { LoadedRules } from './loaded-rules.ts';
import { emptyListing, parseListing, type TableListing } from './nft-listing.ts';
import {
  addElements,
  baseRuleset,
  deleteElements,
  deleteTable,
  type Element,
  ruleCountsOf,
  table,
} from './nftables.ts';

/** Tables come and go with the first and last pod of others. */
const maxAttempts = 4;

/** An nft that has not read its change yet. */
interface WaitingNft {
  readonly fd: number;
  readonly loaded: Promise<unknown>;
}

/** Loading and listing of peapod's own table in one network namespace; each change is one transaction. */
export class Firewall {
  readonly #runner: Runner;
  readonly #tools: HostTools;
  readonly #loaded: LoadedRules;
  #waiting: WaitingNft | undefined;

  /** `loaded` is the directory of LoadedRules. */
  constructor(runner: Runner, tools: HostTools, loaded?: string) {
    this.#runner = runner;
    this.#tools = tools;
    this.#loaded = new LoadedRules(loaded);
  }

  /** Starts nft(8), which takes longer to start than to load a few elements, for the next change. Never throws. */
  expectChange(): void {
    if (this.#waiting) return;
    const text = pipe();
    try {
      const loaded = this.#runner.run([this.#tools.path('nft'), '-f', '-'], { stdin: text.readFd });
      loaded.catch(() => {}); // told to whoever writes the change
      this.#waiting = { fd: text.writeFd, loaded };
    } catch {
      closeSync(text.writeFd);
    } finally {
      closeSync(text.readFd);
    }
  }

  /** Has an nft that waits for a change end. Idempotent. */
  async giveUp(): Promise<void> {
    if (this.#waiting) await this.#load('');
  }

  /** As `add`, for what a network needs; nothing where that is known to be there. */
  async addNetwork(bridge: string, elements: readonly Element[], fresh: boolean): Promise<void> {
    const text = addElements(elements);
    if (this.#loaded.has(bridge, text)) return;
    await this.add(elements, fresh);
    this.#loaded.note(bridge, text);
  }

  /**
   * Adds elements, and the table where it is missing; `fresh` says which of both to try first. Throws
   * CommandFailed; see `isConflict`. Several processes may do this at once: one creates the table, the others
   * see that it is there.
   */
  async add(elements: readonly Element[], fresh: boolean): Promise<void> {
    const text = addElements(elements);
    for (let attempt = 1, whole = fresh; ; attempt++, whole = !whole) {
      try {
        await this.#load(whole ? baseRuleset + text : text);
        return;
      } catch (error) {
        const other = whole
          ? says(error, 'File exists') && says(error, 'create table')
          : says(error, 'No such file or directory');
        if (!other || attempt === maxAttempts) throw error;
      }
    }
  }

  /** Puts back what somebody has removed, whole chains too, in one stroke. Keeps what others have in the table. */
  async restore(elements: readonly Element[]): Promise<void> {
    const { exists, elements: listed, ruleCounts } = await this.list();
    if (!exists) return this.add(elements, true);
    if (isComplete(ruleCounts)) return this.add(elements, false);
    const all = new Map(
      [...listed, ...elements].map((element) => [`${element.set} ${element.key}`, element]),
    );
    await this.#load(deleteTable + baseRuleset + addElements([...all.values()]));
  }

  async list(): Promise<TableListing> {
    const argv = [this.#tools.path('nft'), '-j', 'list', 'table', ...table.split(' ')];
    const { exitCode, stdout, stderr } = await this.#runner.run(argv, { accept: 'any' });
    if (exitCode === 0) return parseListing(stdout);
    if (stderr.includes('No such file or directory')) return emptyListing;
    throw new CommandFailed(argv, { exitCode, stdout, stderr });
  }

  /** Removes elements of a listing; the table with the last of them. */
  async remove(listing: TableListing, gone: readonly Element[]): Promise<void> {
    if (!listing.exists) return;
    this.#loaded.forget(new Set(gone.map(({ owner }) => owner)));
    if (gone.length === listing.elements.length) await this.#load(deleteTable);
    else if (gone.length > 0) await this.#load(deleteElements(gone));
  }

  async #load(input: string): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (!waiting) {
      await this.#runner.run([this.#tools.path('nft'), '-f', '-'], { input });
      return;
    }
    try {
      writeFully(waiting.fd, Buffer.from(input));
    } finally {
      closeSync(waiting.fd);
    }
    await waiting.loaded;
  }
}

/** Whether an `add` failed because a key has another value already. */
export function isConflict(error: unknown): boolean {
  return says(error, 'File exists');
}

/** Whether each chain has all of its rules. */
function isComplete(ruleCounts: ReadonlyMap<string, number>): boolean {
  return [...ruleCountsOf(baseRuleset)].every(([chain, count]) => ruleCounts.get(chain) === count);
}

function says(error: unknown, text: string): boolean {
  return error instanceof CommandFailed && error.result.stderr.includes(text);
}
