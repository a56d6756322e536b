import { which } from '../src/host/exec.ts';

/** Where podman's own helpers lie, on no PATH: Debian's and Fedora's directories. */
const helperDirectories =
  '/usr/lib/podman:/usr/libexec/podman:/usr/local/libexec/podman:/usr/local/lib/podman';

/** Absolute paths of the programs that the bridge backend calls: on Debian a user's PATH lacks their directory. */
export class HostTools {
  readonly #searchPath: string;
  readonly #found = new Map<string, string>();

  constructor(searchPath: string | undefined) {
    this.#searchPath = `${searchPath ?? '/usr/bin:/bin'}:/usr/local/sbin:/usr/sbin:/sbin:${helperDirectories}`;
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
