import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';

/** What peapod knows about the machine and its caller: read once, passed in, never looked up deeper down. */
export interface HostFacts {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Effective ids as the user sees them outside of any namespace of ours. */
  readonly uid: number;
  readonly gid: number;
  readonly userName: string;
  readonly homeDir: string;
  /**
   * True for anyone who is not root of the initial user namespace, also inside of the keeper's (where the
   * uid is 0): the choice of paths and backends hangs on it.
   */
  readonly rootless: boolean;
  /** True where this process already runs inside the keeper's user and mount namespaces (conmon's exit command). */
  readonly insideKeeper: boolean;
  /** /proc/sys/kernel/random/boot_id: decides what of the runtime state may be believed. */
  readonly bootId: string;
  /** The words that start this peapod again: the executable, or the runtime and the entry file. */
  readonly self: readonly string[];
}

/** Set for whatever the keeper's namespaces run, so that a peapod inside knows who it works for. */
export const keeperEnvironment = { user: 'PEAPOD_ROOTLESS_UID', group: 'PEAPOD_ROOTLESS_GID' } as const;

export function readHostFacts(env: Readonly<Record<string, string | undefined>> = process.env): HostFacts {
  const outerUid = env[keeperEnvironment.user];
  const insideKeeper = outerUid !== undefined && process.geteuid?.() === 0;
  const uid = insideKeeper ? Number(outerUid) : (process.geteuid?.() ?? 0);
  const gid = insideKeeper ? Number(env[keeperEnvironment.group]) : (process.getegid?.() ?? 0);
  const rootless = uid !== 0;
  let bootId: string | undefined;
  return {
    env,
    uid,
    gid,
    get userName() {
      return env.USER ?? userInfo().username;
    },
    get homeDir() {
      return env.HOME ?? userInfo().homedir;
    },
    rootless,
    insideKeeper,
    self: selfCommand(),
    get bootId() {
      bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
      return bootId;
    },
  };
}

/** Bun serves the modules of a compiled executable from a file system of its own. */
function selfCommand(): readonly string[] {
  if (import.meta.url.startsWith('file:///$bunfs/')) return [process.execPath];
  return [process.execPath, Bun.fileURLToPath(new URL('../cli.ts', import.meta.url))];
}
