/** Limits of a container or a pod, as cgroups have them. What is absent is not limited. */
export interface ResourceSpec {
  readonly memoryBytes?: number;
  /** Memory and swap together, as cgroup v1 and the OCI runtime specification count it; -1 for any amount. */
  readonly memorySwapBytes?: number;
  /** A soft limit: what is above it is taken back first. */
  readonly memoryReservationBytes?: number;
  /** 0 to 100; cgroup v1 only. */
  readonly memorySwappiness?: number;
  /** cgroup v1 only. */
  readonly oomKillDisable?: boolean;
  /** 2 to 262144; 1024 is everybody's share. */
  readonly cpuShares?: number;
  readonly cpuPeriodUs?: number;
  readonly cpuQuotaUs?: number;
  /** cgroup v1 only, as the runtime. */
  readonly cpuRealtimePeriodUs?: number;
  readonly cpuRealtimeRuntimeUs?: number;
  /** `0-3,5`. */
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  /** 0 or less for no limit. */
  readonly pidsLimit?: number;
  /** 10 to 1000. */
  readonly blkioWeight?: number;
  readonly blkioWeightDevices?: readonly DeviceWeight[];
  readonly readBps?: readonly DeviceRate[];
  readonly writeBps?: readonly DeviceRate[];
  readonly readIops?: readonly DeviceRate[];
  readonly writeIops?: readonly DeviceRate[];
  /** `--cgroup-conf`: files of cgroup v2 and what is written to them. */
  readonly unified?: Readonly<Record<string, string>>;
}

/** A block device; its numbers are looked up when the container starts. */
export interface DeviceWeight {
  readonly path: string;
  readonly weight: number;
}

export interface DeviceRate {
  readonly path: string;
  /** Bytes or operations a second. */
  readonly rate: number;
}

export interface CgroupSpec {
  /** `disabled` leaves the container in the cgroup of whoever starts it. */
  readonly mode: 'enabled' | 'disabled' | 'no-conmon';
  /** Below which its own is made; absent for the default place. */
  readonly parent?: string;
}

/** `--ulimit`. */
export interface RlimitSpec {
  /** `nofile`, … as setrlimit(2) without RLIMIT_, in lower case. */
  readonly name: string;
  /** -1 for no limit. */
  readonly soft: number;
  readonly hard: number;
}

/** Of a pod that has one: where, and what all its members may use together. */
export interface PodCgroupSpec {
  readonly parent?: string;
  readonly resources: ResourceSpec;
}
