import type { HostFacts } from '../host/facts.ts';

/** Groups of what commands hand to the engine for a container: words as typed, sorted by what they are about. */

/** Limits, of `run`, `create`, `update` and `pod create`. */
export interface ResourceFlags {
  readonly memory?: string | undefined;
  readonly memorySwap?: string | undefined;
  readonly memoryReservation?: string | undefined;
  readonly memorySwappiness?: number | undefined;
  readonly oomKillDisable?: boolean | undefined;
  readonly cpus?: string | undefined;
  readonly cpuShares?: number | undefined;
  readonly cpuPeriod?: number | undefined;
  readonly cpuQuota?: number | undefined;
  readonly cpuRealtimePeriod?: number | undefined;
  readonly cpuRealtimeRuntime?: number | undefined;
  readonly cpusetCpus?: string | undefined;
  readonly cpusetMems?: string | undefined;
  readonly pidsLimit?: number | undefined;
  readonly blkioWeight?: string | undefined;
  /** `PATH:WEIGHT`. */
  readonly blkioWeightDevices?: readonly string[] | undefined;
  /** `PATH:RATE`, as all four. */
  readonly deviceReadBps?: readonly string[] | undefined;
  readonly deviceWriteBps?: readonly string[] | undefined;
  readonly deviceReadIops?: readonly string[] | undefined;
  readonly deviceWriteIops?: readonly string[] | undefined;
  /** `FILE=VALUE`. */
  readonly cgroupConf?: readonly string[] | undefined;
}

/** Of `update`. */
export interface UpdateRequest extends ResourceFlags {
  /** As of `run`; undefined where it stays. */
  readonly restart?: string | undefined;
}

/** Where the container's cgroup is, and whether it has one. */
export interface CgroupFlags {
  readonly cgroupParent?: string | undefined;
  readonly cgroups?: string | undefined;
}

/** What its first process is like. */
export interface ProcessFlags {
  readonly ulimits?: readonly string[] | undefined;
  readonly oomScoreAdj?: number | undefined;
  readonly umask?: string | undefined;
  readonly groupAdd?: readonly string[] | undefined;
  readonly personality?: string | undefined;
  readonly init?: boolean | undefined;
  readonly initPath?: string | undefined;
  readonly timezone?: string | undefined;
}

/** What its /etc/passwd gets. */
export interface PasswdFlags {
  /** Absent for true. */
  readonly passwd?: boolean | undefined;
  readonly entry?: string | undefined;
  /** Names or numbers of users of the host. */
  readonly hostUsers?: readonly string[] | undefined;
}

/** Names that its environment is made of, beside `env`. */
export interface EnvironmentFlags {
  readonly unset?: readonly string[] | undefined;
  readonly unsetAll?: boolean | undefined;
  readonly merge?: readonly string[] | undefined;
  /** Absent for true. */
  readonly httpProxy?: boolean | undefined;
}

/** Devices, kernel settings, memory that is not a limit. */
export interface DeviceFlags {
  readonly devices?: readonly string[] | undefined;
  readonly cgroupRules?: readonly string[] | undefined;
  readonly shmSize?: string | undefined;
  readonly sysctls?: readonly string[] | undefined;
}

/** Namespaces besides that of the network. */
export interface NamespaceFlags {
  readonly pid?: string | undefined;
  readonly ipc?: string | undefined;
  readonly uts?: string | undefined;
  readonly cgroupns?: string | undefined;
}

/** The user namespace, of `run`, `create` and `pod create`. */
export interface UsernsFlags {
  readonly userns?: string | undefined;
  /** `CONTAINER:HOST:SIZE`. */
  readonly uidmaps?: readonly string[] | undefined;
  readonly gidmaps?: readonly string[] | undefined;
  /** Names in /etc/subuid and /etc/subgid. */
  readonly subuidname?: string | undefined;
  readonly subgidname?: string | undefined;
}

/** PODMAN_USERNS stands for a `--userns` that is not there. Undefined where nothing is asked for. */
export function askedUserns(
  flags: UsernsFlags | undefined,
  { PODMAN_USERNS: usual }: HostFacts['env'],
): UsernsFlags | undefined {
  if (Object.values(flags ?? {}).some((value) => value !== undefined && value.length > 0)) return flags;
  return usual ? { userns: usual } : undefined;
}

/** Of `stats` and `pod stats`. */
export interface StatsRequest {
  /** Names or ids; undefined for all. */
  readonly containers?: readonly string[];
  /** Those of these pods. */
  readonly pods?: readonly string[];
  /** Only those that are in a pod. */
  readonly onlyPods?: boolean;
  /** Also what does not run. */
  readonly all: boolean;
  readonly stream: boolean;
  readonly intervalMs: number;
}
