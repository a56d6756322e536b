import type { Attachment, BackendName, PodNetworkSpec } from '../network/backend.ts';
import type { PortMapping, PublishedPort } from '../network/types.ts';
import type { HostConfigSpec } from './records/host-config.ts';
import type { UsernsSpec } from './records/isolation.ts';
import type { PodOptions } from './records/pod-options.ts';
import type { PodCgroupSpec } from './records/resources.ts';
import type { HealthcheckSpec, RestartSpec } from './records/supervision.ts';

/** What the database keeps of a pod, a container, an image: typed rows. JSON columns hold the specs. */

/**
 * Whose network namespace a sandbox has, decided once when it is created. One of its own has endpoints, which come
 * and go; none with `--network none`.
 */
export type NetworkChoice =
  | { readonly kind: 'own'; readonly endpoints: readonly EndpointSpec[] }
  | { readonly kind: 'host' }
  | { readonly kind: 'netns'; readonly path: string }
  | { readonly kind: 'container'; readonly containerId: string };

/** A sandbox's place on one network. */
export interface EndpointSpec {
  /** Names the endpoint within its sandbox, and usually its interface: see NetworkTarget. */
  readonly ifname: string;
  readonly backend: BackendName;
  readonly spec: PodNetworkSpec;
}

/** By the endpoints' ifname. */
export type Attachments = Readonly<Record<string, Attachment>>;

/** With the endpoint that serves it. */
export type PublishedAt = PublishedPort & { readonly endpoint: string };

export interface DnsSpec {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

export type SharedNamespace = 'net' | 'ipc' | 'uts' | 'pid';

export interface HostEntry {
  readonly host: string;
  readonly address: string;
}

/**
 * A set of pinned namespaces with a network: a pod's, or that of one container outside any pod.
 * Its id is the pod's or the container's.
 */
export interface SandboxSpec {
  readonly hostname: string;
  /** Namespaces pinned as files; `pid` is held by a pause process instead. */
  readonly namespaces: readonly SharedNamespace[];
  readonly network: NetworkChoice;
  /** Reserved in the store from creation on. */
  readonly ports: readonly PortMapping[];
  readonly dns: DnsSpec;
  readonly hostEntries: readonly HostEntry[];
  /** Set when the namespaces are made. */
  readonly sysctls?: Readonly<Record<string, string>>;
  /** Of the /dev/shm of a shared ipc namespace. */
  readonly shmSizeBytes?: number;
  /** Owns the namespaces above; absent for that of all the user's containers. */
  readonly userns?: UsernsSpec;
  /** A cgroup around those of all members. */
  readonly cgroup?: PodCgroupSpec;
}

export interface SandboxRecord {
  readonly id: string;
  readonly spec: SandboxSpec;
  /** `pinned`: namespaces exist, no network yet; `ready`: attached; `stopped`: detached again; `released`: nothing exists. */
  readonly state: 'pinned' | 'ready' | 'stopped' | 'released';
  /** Boot in which `state` was true; in any other boot it is `released`. */
  readonly bootId: string;
  readonly attachments: Attachments;
  readonly published: readonly PublishedAt[];
  /** `--share pid`: the process that holds the pid namespace. */
  readonly pause?: { readonly pid: number; readonly startTicks: number };
}

export interface PodRecord {
  readonly id: string;
  readonly name: string;
  readonly createdAtMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly shared: readonly SharedNamespace[];
  readonly createCommand: readonly string[];
  readonly options: PodOptions;
}

export interface VolumeRecord {
  readonly name: string;
  readonly createdAtMs: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Of the driver: `type`, `device`, `o`, as mount(8) has them, and `UID`, `GID`. */
  readonly options: Readonly<Record<string, string>>;
  /** Made for one container that did not name it. */
  readonly anonymous: boolean;
  /** Nothing of an image was copied into it yet. */
  readonly needsCopyUp: boolean;
  /** No container has mounted it yet: its root has no owner of its own. */
  readonly needsChown: boolean;
}

export interface SecretRecord {
  /** 25 hex digits, as podman's. */
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
}

/** A secret that a container is given. */
export interface SecretUse {
  readonly id: string;
  readonly name: string;
  readonly type: 'mount' | 'env';
  /** The variable; an absolute path; or one below /run/secrets. */
  readonly target: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

export type RootfsSpec =
  | { readonly kind: 'host' }
  | { readonly kind: 'directory'; readonly path: string; readonly overlay: boolean }
  | { readonly kind: 'image'; readonly imageId: string };

export interface MountSpec {
  /** `overlay` is what a bind mount or a volume with the option `O` becomes at a start. */
  readonly type: 'bind' | 'tmpfs' | 'volume' | 'overlay' | 'devpts' | 'image';
  /** Host directory or file; a volume's name, empty for an anonymous one that is still to be made; an image's as typed; empty for tmpfs. */
  readonly source: string;
  /** Of an image, found when the container is created. */
  readonly imageId?: string;
  /** Absolute path in the container. */
  readonly destination: string;
  /** As mount(8) and the OCI runtime specification spell them: `ro`, `rbind`, `size=64m`, … */
  readonly options: readonly string[];
}

/** A container as it was asked for, image defaults merged in: enough to build config.json again at any start. */
export interface ContainerSpec extends HostConfigSpec {
  /** `docker.io/library/nginx:latest`, `host`, or the rootfs directory: what `ps` shows. */
  readonly imageName: string;
  readonly rootfs: RootfsSpec;
  /** The argv of the first process: entrypoint and command. */
  readonly args: readonly string[];
  /** As `--entrypoint` or the image had it; part of `args` already. */
  readonly entrypoint: readonly string[];
  /** As the command line or the image had it; part of `args` already. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string;
  /** It was asked for, and is not made where it is missing, as that of an image is. */
  readonly workdirMustExist?: boolean;
  /** Runs to its end before the other containers of its pod start, each time or, `once`, until it is removed. */
  readonly initContainer?: 'always' | 'once';
  /** With `remove`: its image goes with it, unless another container has it. */
  readonly removeImage?: boolean;
  /** `user[:group]`, names or numbers; empty for root. Names are looked up in the container's own /etc. */
  readonly user: string;
  readonly hostname: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly terminal: boolean;
  readonly openStdin: boolean;
  readonly mounts: readonly MountSpec[];
  readonly secrets?: readonly SecretUse[];
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly privileged: boolean;
  readonly noNewPrivileges: boolean;
  /** Path of a profile, `unconfined`, or empty for the host's default profile. */
  readonly seccompProfile: string;
  readonly readOnly: boolean;
  /** Signal number. */
  readonly stopSignal: number;
  readonly stopTimeoutSeconds: number;
  readonly remove: boolean;
  /** Absent where it stays as it ended. */
  readonly restart?: RestartSpec;
  /** Ids of containers that are started before it. */
  readonly requires?: readonly string[];
  /** Absent where there is none, or `none`. */
  readonly healthcheck?: HealthcheckSpec;
  /** `80/tcp` and the like, from EXPOSE and `--expose`. */
  readonly exposedPorts: readonly string[];
}

export type ContainerState = 'created' | 'running' | 'paused' | 'exited';

export interface ContainerRecord {
  readonly id: string;
  readonly name: string;
  readonly podId?: string;
  /** Id of the sandbox it runs in: the pod's, or its own. */
  readonly sandboxId: string;
  readonly createdAtMs: number;
  readonly spec: ContainerSpec;
  readonly createCommand: readonly string[];
  readonly state: ContainerState;
  readonly bootId: string;
  readonly process?: { readonly pid: number; readonly startTicks: number };
  readonly monitor?: { readonly pid: number; readonly startTicks: number };
  readonly startedAtMs?: number;
  readonly finishedAtMs?: number;
  readonly exitCode?: number;
  readonly oomKilled: boolean;
  /** What the last failed start said. */
  readonly error?: string;
}

export interface ImageRecord {
  /** 64 hex digits: the digest of the image's configuration, as podman and docker name images. */
  readonly id: string;
  /** `sha256:…` of the manifest that was pulled or loaded. */
  readonly digest: string;
  readonly names: readonly string[];
  readonly createdAtMs: number;
  readonly sizeBytes: number;
  /** Uncompressed digests (`sha256:…`), lowest layer first. */
  readonly diffIds: readonly string[];
  /** Digests of the layer blobs, in the same order. */
  readonly blobs: readonly string[];
  /** The OCI image configuration: https://github.com/opencontainers/image-spec/blob/main/config.md */
  readonly config: ImageConfig;
}

export interface ImageConfig {
  readonly architecture?: string;
  readonly os?: string;
  readonly variant?: string;
  readonly created?: string;
  readonly author?: string;
  readonly config?: {
    readonly User?: string;
    readonly ExposedPorts?: Readonly<Record<string, unknown>>;
    readonly Env?: readonly string[];
    readonly Entrypoint?: readonly string[] | null;
    readonly Cmd?: readonly string[] | null;
    readonly Volumes?: Readonly<Record<string, unknown>> | null;
    readonly WorkingDir?: string;
    readonly Labels?: Readonly<Record<string, string>> | null;
    readonly StopSignal?: string;
    /** Of images in docker's format; times in nanoseconds. */
    readonly Healthcheck?: {
      readonly Test?: readonly string[];
      readonly Interval?: number;
      readonly Timeout?: number;
      readonly StartPeriod?: number;
      readonly Retries?: number;
    };
  };
  readonly rootfs: { readonly type: string; readonly diff_ids: readonly string[] };
  readonly history?: readonly {
    readonly created?: string;
    readonly created_by?: string;
    readonly comment?: string;
    readonly empty_layer?: boolean;
  }[];
}
