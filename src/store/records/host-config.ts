import type { DeviceSpec, LogSpec, NamespaceSpec, SecuritySpec, UsernsSpec } from './isolation.ts';
import type { PasswdSpec } from './passwd.ts';
import type { CgroupSpec, ResourceSpec, RlimitSpec } from './resources.ts';

/** The part of a container's spec that only the runtime and the kernel act upon. What is absent has its default. */
export interface HostConfigSpec {
  /** The rest of `--security-opt`. */
  readonly security?: SecuritySpec;
  /** False keeps `/tmp`, `/run` and `/var/tmp` of a read-only root as they are; true if left out. */
  readonly readOnlyTmpfs?: boolean;
  readonly resources?: ResourceSpec;
  readonly cgroup?: CgroupSpec;
  /** `host` for those of whoever starts it. */
  readonly ulimits?: readonly RlimitSpec[] | 'host';
  readonly oomScoreAdj?: number;
  readonly umask?: number;
  /** Names or numbers of further groups; `keep-groups` alone for those of the caller. */
  readonly groups?: readonly string[];
  readonly personality?: string;
  /** Program of the host that runs as the first process and reaps, before `args`. */
  readonly initPath?: string;
  /** A file below /usr/share/zoneinfo, or `local`. */
  readonly timezone?: string;
  /** Variables that peapod sets by itself and that are left out; `all` for every one. */
  readonly unsetEnv?: readonly string[] | 'all';
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly devices?: readonly DeviceSpec[];
  /** `c 10:200 rwm`, as the device cgroup takes them. */
  readonly deviceRules?: readonly string[];
  readonly shmSizeBytes?: number;
  /** Those that differ from what a container has by itself. */
  readonly namespaces?: NamespaceSpec;
  /** Absent for the user namespace of all the user's containers. */
  readonly userns?: UsernsSpec;
  /** Absent where only a numeric user gets a line. */
  readonly passwd?: PasswdSpec;
  readonly log?: LogSpec;
  readonly noHosts?: boolean;
  readonly noHostname?: boolean;
  /** The monitor kills it after so long; absent for never. */
  readonly timeoutSeconds?: number;
  /** As typed, for `inspect`: `--cidfile`, `-P`, `--volumes-from`. */
  readonly cidFile?: string;
  readonly publishAll?: boolean;
  readonly volumesFrom?: readonly string[];
  /** Where pids are written when it starts. */
  readonly pidFile?: string;
  readonly conmonPidFile?: string;
}
