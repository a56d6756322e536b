import type { RlimitSpec } from '../store/records/resources.ts';
import type { CapabilitySets } from './capabilities.ts';
import { type HardLimits, type OciRlimit, rlimits } from './rlimits.ts';
import type { ResolvedUser } from './user.ts';

/** `process` of config.json, and the whole of what `crun exec --process` reads. */
export interface OciProcess {
  readonly terminal: boolean;
  readonly consoleSize?: { readonly height: number; readonly width: number };
  readonly user: {
    readonly uid: number;
    readonly gid: number;
    readonly umask: number;
    readonly additionalGids?: readonly number[];
  };
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly capabilities: CapabilitySets;
  readonly rlimits: readonly OciRlimit[];
  readonly noNewPrivileges: boolean;
  readonly oomScoreAdj?: number;
  readonly apparmorProfile?: string;
}

export interface ProcessInput {
  readonly args: readonly string[];
  /** As asked for; what is not in it gets podman's defaults. */
  readonly env: Readonly<Record<string, string>>;
  /** Absolute path in the container; empty for `/`. */
  readonly workdir: string;
  readonly user: ResolvedUser;
  /** What HOSTNAME says. */
  readonly hostname: string;
  readonly terminal: boolean;
  readonly consoleSize?: { readonly rows: number; readonly columns: number };
  readonly capabilities: CapabilitySets;
  readonly limits: HardLimits;
  readonly ulimits?: readonly RlimitSpec[] | 'host' | undefined;
  readonly noNewPrivileges: boolean;
  /** Defaults that are left out. */
  readonly unsetEnv?: readonly string[] | 'all' | undefined;
  /** 022 if left out. */
  readonly umask?: number | undefined;
  readonly oomScoreAdj?: number | undefined;
  readonly apparmorProfile?: string | undefined;
}

const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export function buildProcess(input: ProcessInput): OciProcess {
  const { user, consoleSize } = input;
  const defaults = Object.entries({ PATH: searchPath, TERM: 'xterm', container: 'peapod' }).filter(
    ([name]) => input.unsetEnv !== 'all' && !input.unsetEnv?.includes(name),
  );
  const env = {
    ...Object.fromEntries(defaults),
    HOSTNAME: input.hostname,
    HOME: user.home,
    ...input.env,
  };
  return {
    terminal: input.terminal,
    ...(consoleSize && input.terminal
      ? { consoleSize: { height: consoleSize.rows, width: consoleSize.columns } }
      : {}),
    user: {
      uid: user.uid,
      gid: user.gid,
      umask: input.umask ?? 0o022,
      ...(user.additionalGids.length ? { additionalGids: user.additionalGids } : {}),
    },
    args: input.args,
    env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    cwd: input.workdir || '/',
    capabilities: input.capabilities,
    rlimits: rlimits(input.limits, input.ulimits),
    noNewPrivileges: input.noNewPrivileges,
    ...(input.oomScoreAdj === undefined ? {} : { oomScoreAdj: input.oomScoreAdj }),
    ...(input.apparmorProfile === undefined ? {} : { apparmorProfile: input.apparmorProfile }),
  };
}
