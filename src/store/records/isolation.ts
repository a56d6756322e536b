import type { IdMappings } from '../../host/id-mappings.ts';

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
  readonly driver: 'k8s-file' | 'journald' | 'none' | 'passthrough';
  /** The name that was asked for: `json-file` is written as `k8s-file`. */
  readonly name: string;
  readonly path?: string;
  readonly maxSizeBytes?: number;
  readonly tag?: string;
}

/** Where a sandbox has its user namespace from: its own, pinned with it, or one that is there. */
export type UserNamespaceSource =
  | { readonly kind: 'own' }
  | { readonly kind: 'sandbox'; readonly sandboxId: string }
  | { readonly kind: 'path'; readonly path: string };

/** A user namespace besides that of all the user's containers. */
export interface UsernsSpec extends IdMappings {
  readonly source: UserNamespaceSource;
  /** As podman's HostConfig.UsernsMode has it: `private`, `container:ID`, `ns:PATH`. */
  readonly mode: string;
  /** `auto` gives none of these ids to others while this is stored. */
  readonly reserved?: true;
  /** Of `auto`: what it was asked for, so that a clone gets ids of its own. */
  readonly auto?: IdMappings & { readonly size: number };
  /** `keep-id`. */
  readonly keep?: KeptIds;
}

/** Of the caller inside. */
export interface KeptIds {
  readonly uid: number;
  readonly gid: number;
}
