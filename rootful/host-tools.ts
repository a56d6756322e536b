import { networkSearchPath } from '../src/host/search-path.ts';
import { which } from '../src/host/tools.ts';

/** Absolute paths of the programs that the bridge backend calls: on Debian a user's PATH lacks their directory. */
export class HostTools {
  readonly #searchPath: string;
  readonly #found = new Map<string, string>();

  constructor(searchPath: string | undefined) {
    this.#searchPath = networkSearchPath(searchPath);
  }

  /** Throws TOOL_MISSING. */
  path(tool: 'ip' | 'nft' | 'conntrack' | 'aardvark-dns'): string {
    const known = this.#found.get(tool);
    if (known) return known;
    const path = which(tool, this.#searchPath);
    this.#found.set(tool, path);
    return path;
  }
}
