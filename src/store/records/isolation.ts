/** A device node of the host. */
export interface DeviceSpec {
  readonly source: string;
  readonly destination: string;
  /** Some of `rwm`. */
  readonly permissions: string;
}

/** `private`, `host`, `container:ID`, `ns:PATH`; absent for what the pod or the container has by itself. */
export interface NamespaceSpec {
  readonly pid?: string;
  readonly ipc?: string;
  readonly uts?: string;
  readonly cgroup?: string;
}

export interface SecuritySpec {
  /** An AppArmor profile. */
  readonly apparmor?: string;
  readonly mask?: readonly string[];
  /** `ALL` for every path. */
  readonly unmask?: readonly string[];
  /** Options of the proc mount: `hidepid=2`. */
  readonly procOptions?: readonly string[];
  /** As typed, for `inspect`. */
  readonly words: readonly string[];
}

export interface LogSpec {
  /** `passthrough`: the container has the streams of whoever starts it. */
  readonly driver: 'k8s-file' | 'none' | 'passthrough';
  /** The name that was asked for: `json-file` is written as `k8s-file`. */
  readonly name: string;
  readonly path?: string;
  readonly maxSizeBytes?: number;
  readonly tag?: string;
}

/** A user namespace of the container's own in which its caller keeps an id. */
export interface KeepIdSpec {
  /** Of the caller inside of the container. */
  readonly uid: number;
  readonly gid: number;
}
