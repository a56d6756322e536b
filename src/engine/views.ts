import type { Cidr, PublishedPort } from '../network/types.ts';

/** One interface that a backend gave a sandbox. */
export interface AttachmentView {
  readonly network: string;
  /** `bridge`, `slirp4netns`, … */
  readonly backend: string;
  readonly ifname: string;
  readonly addresses: readonly Cidr[];
  readonly gateways: readonly string[];
  /** The bridge's own interface; empty where the backend has none. */
  readonly bridge: string;
  /** True where the network lives in the user's network namespace, behind its uplink. */
  readonly behindUplink: boolean;
}

/** One row of `ps`, before formatting. Times are milliseconds since the epoch. */
export interface ContainerView {
  readonly id: string;
  readonly name: string;
  readonly imageId: string;
  /** `docker.io/library/nginx:latest`, `host`, or the rootfs directory. */
  readonly image: string;
  readonly command: readonly string[];
  readonly createdAtMs: number;
  readonly startedAtMs: number | undefined;
  readonly finishedAtMs: number | undefined;
  /** `created`, `initialized`, `running`, `paused`, `exited`, `stopped`, `restarting`. */
  readonly state: string;
  readonly exitCode: number | undefined;
  readonly pid: number;
  readonly podId: string | undefined;
  readonly podName: string | undefined;
  readonly ports: readonly PublishedPort[];
  readonly exposedPorts: readonly string[];
  readonly networks: readonly string[];
  readonly addresses: readonly string[];
  /** As podman spells it: a backend, `none`, `host`, `ns:PATH`, `container:ID`; `pod` for a member. */
  readonly networkMode: string;
  readonly attachments: readonly AttachmentView[];
  readonly labels: Readonly<Record<string, string>>;
  /** The source of a volume is its name. */
  readonly mounts: readonly { readonly source: string; readonly destination: string }[];
  /** `starting`, `healthy`, `unhealthy`; empty where it does not run or nothing is checked. */
  readonly health: string;
  /** `--rm`. */
  readonly autoRemove: boolean;
  /**
   * `no`, `always`, `on-failure`, `unless-stopped`; how often that has started it again; whether it is to run after
   * a reboot.
   */
  readonly restart: { readonly policy: string; readonly count: number; readonly onBoot: boolean };
}

/** What a container uses; zeros where it does not run. */
export interface StatsView {
  readonly id: string;
  readonly name: string;
  readonly podId: string | undefined;
  readonly cpuTimeNs: number;
  /** Of one CPU, since the last sample; at the first one since its start. */
  readonly cpuPercent: number;
  readonly averageCpuPercent: number;
  readonly memoryBytes: number;
  /** That of the machine where there is no limit. */
  readonly memoryLimitBytes: number;
  readonly pids: number;
  readonly networkInputBytes: number;
  readonly networkOutputBytes: number;
  readonly blockReadBytes: number;
  readonly blockWriteBytes: number;
}

/** `ps --size`. */
export interface ContainerSize {
  /** What it has written to its root. */
  readonly rwBytes: number;
  /** With its image. */
  readonly rootFsBytes: number;
}

/** `ps --ns`: inode numbers by podman's names. */
export type NamespaceIds = Partial<
  Readonly<Record<'Cgroup' | 'Ipc' | 'Mnt' | 'Net' | 'Pidns' | 'User' | 'Uts', string>>
>;

/** One row of `pod ps`. */
export interface PodView {
  readonly id: string;
  readonly name: string;
  /** `Created`, `Running`, `Degraded`, `Exited`, `Stopped`, `Paused`, `Dead`. */
  readonly status: string;
  readonly createdAtMs: number;
  readonly members: readonly { id: string; name: string; status: string }[];
  /** `slirp4netns`, `bridge`; `none`, `host` or `netns` where there is no backend. */
  readonly backend: string;
  readonly networks: readonly string[];
  /** Plain addresses. */
  readonly addresses: readonly string[];
  /** As podman spells it: a backend, `none`, `host`, `ns:PATH`, `container:ID`. */
  readonly networkMode: string;
  readonly attachments: readonly AttachmentView[];
  readonly ports: readonly PublishedPort[];
  readonly labels: Readonly<Record<string, string>>;
  readonly cgroupParent: string;
  readonly shared: readonly string[];
  /** Helpers that should run and do not, e.g. `slirp4netns`; empty where all is well. */
  readonly missing: readonly string[];
}

export interface ImageView {
  readonly id: string;
  /** `sha256:…` of the manifest. */
  readonly digest: string;
  /** `docker.io/library/busybox:latest`; empty for a dangling image. */
  readonly names: readonly string[];
  /** Every name it has had, the oldest first. */
  readonly pastNames: readonly string[];
  /** The image it was built on, where that is here; else empty. */
  readonly parentId: string;
  /** Whether another image was built on it. */
  readonly hasChildren: boolean;
  readonly createdAtMs: number;
  readonly sizeBytes: number;
  /** How many containers use it. */
  readonly containers: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** One row of `network ls`. */
export interface NetworkView {
  /** 64 hex digits. */
  readonly id: string;
  readonly name: string;
  /** `bridge`, or the type of another CNI plugin. */
  readonly driver: string;
  /** The bridge, or the parent; empty where the configuration names none. */
  readonly networkInterface: string;
  readonly createdAtMs: number;
  readonly subnets: readonly {
    readonly subnet: Cidr;
    readonly gateway: string | undefined;
    /** Where only part of the subnet is given to pods. */
    readonly leaseRange: { readonly first: string; readonly last: string } | undefined;
  }[];
  readonly routes: readonly { readonly destination: Cidr; readonly gateway: string }[];
  readonly ipv6: boolean;
  readonly internal: boolean;
  readonly dnsEnabled: boolean;
  readonly dnsServers: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly ipamDriver: string;
  /** The conflist; empty for the default network before its first use. */
  readonly file: string;
  /** Pods, and containers outside pods, that are on it, running or not. */
  readonly users: readonly NetworkUserView[];
}

export interface NetworkUserView {
  readonly kind: 'pod' | 'container';
  readonly id: string;
  readonly name: string;
  /** Those of a pod. */
  readonly members: readonly { readonly id: string; readonly name: string }[];
  /** By name; none while it is not attached. */
  readonly interfaces: readonly {
    readonly ifname: string;
    readonly addresses: readonly Cidr[];
    readonly gateways: readonly string[];
    readonly macAddress: string;
  }[];
}

/** One row of `secret ls`. */
export interface SecretView {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
}

/** One row of `volume ls`. */
export interface VolumeView {
  readonly name: string;
  /** Where its files are. */
  readonly mountpoint: string;
  readonly createdAtMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly anonymous: boolean;
  /** How many running containers have it mounted; 0 where it is a plain directory, as podman counts. */
  readonly mountCount: number;
  readonly needsCopyUp: boolean;
  readonly needsChown: boolean;
  /** Ids of containers that have it, running or not. */
  readonly users: readonly string[];
}

export interface DoctorFinding {
  /** `user namespaces`, `/dev/net/tun`, `crun`, … */
  readonly what: string;
  readonly problem: string;
  /** The exact command that mends it. */
  readonly remedy: string;
  /** False where peapod works without it, with something less. */
  readonly required: boolean;
}

/** One event, in podman's words. */
export type { Event as EventView } from '../store/event-log.ts';
