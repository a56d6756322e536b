import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What the firewall has been given for networks: a file a bridge, with the text. The directory must go with the network
 * namespace, and nobody else may change rules in there; without a directory nothing is remembered.
 */
export class LoadedRules {
  readonly #directory: string | undefined;

  constructor(directory: string | undefined) {
    this.#directory = directory;
  }

  has(bridge: string, text: string): boolean {
    if (this.#directory === undefined) return false;
    try {
      return readFileSync(join(this.#directory, bridge), 'utf8') === text;
    } catch {
      return false;
    }
  }

  /** Once they are in the kernel. Appears whole or not at all. */
  note(bridge: string, text: string): void {
    if (this.#directory === undefined) return;
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const half = join(this.#directory, `.${process.pid}`);
    writeFileSync(half, text, { mode: 0o600 });
    renameSync(half, join(this.#directory, bridge));
  }

  /** Before they are taken from the kernel. */
  forget(bridges: Iterable<string>): void {
    for (const bridge of this.#directory === undefined ? [] : bridges) {
      rmSync(join(this.#directory as string, bridge), { force: true });
    }
  }
}
