import { which } from '../src/host/exec.ts';

/** Absolute paths of the programs that the bridge backend calls: on Debian a user's PATH lacks their directory. */
export class HostTools {
  readonly #searchPath: string;
  readonly #found = new Map<string, string>();

  constructor(searchPath: string | undefined) {
    this.#searchPath = `${searchPath ?? '/usr/bin:/bin'}:/usr/local/sbin:/usr/sbin:/sbin`;
  }

  /** Throws TOOL_MISSING. */
  path(tool: 'ip' | 'nft' | 'conntrack'): string {
    const known = this.#found.get(tool);
    if (known) return known;
    const path = which(tool, this.#searchPath);
    this.#found.set(tool, path);
    return path;
  }
}
