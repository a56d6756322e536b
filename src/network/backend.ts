import type { Cidr, PortMapping, Protocol, PublishedPort } from './types.ts';

/** Backends that are registered in `src/main.ts`; a new one is a new file and a line there. */
export type BackendName = 'slirp4netns' | 'bridge' | 'pasta';

/**
 * One attachment, whether it exists yet or not: a sandbox's place on a network. Like CNI's, its identity is `id`
 * with `ifname`; a sandbox may have several.
 */
export interface NetworkTarget {
  /** 64 lower-case hex digits. Interface names, lease files and rules derive from it, never from `name`. */
  readonly id: string;
  /** Pod or container name, for messages and comments only. */
  readonly name: string;
  /** The network's name, as in the spec. */
  readonly network: string;
  /**
   * At most 15 bytes, unlike those of the sandbox's other attachments. The interface is called so, unless the
   * backend has names of its own: the attachment tells.
   */
  readonly ifname: string;
  /** The pinned network namespace, as a path inside the namespaces that the backend's runner enters. */
  readonly netnsPath: string;
  /**
   * A directory of this attachment's own under the runtime root (pid files, sockets): made by the caller
   * before attach, removed by it after detach, wiped by a reboot. The same path in and outside of the
   * user's mount namespace.
   */
  readonly runtimeDir: string;
}

/** What a pod asks of its network. Everything here has been parsed, nothing has been checked against a host. */
export interface PodNetworkSpec {
  /** A network's name (`podman`, `web`); for slirp4netns and pasta always theirs. */
  readonly network: string;
  /** The `key=value` options behind the colon of `--network name:key=value,…`, as podman spells them; pasta's are flags. */
  readonly options: Readonly<Record<string, string>>;
  /** `--ip`, `--ip6`: plain addresses without a prefix length. */
  readonly staticAddresses: readonly string[];
  /** Addresses that the pod had before, and should have again where they are free; nothing fails over them. */
  readonly formerAddresses?: readonly string[];
  /**
   * From 0, unlike those of the pod's other networks: default routes of the lowest win, those of the others wait
   * behind, by metrics.
   */
  readonly rank?: number;
  /** `--mac-address`, lower case with colons. */
  readonly macAddress?: string;
  /** Ports that will be published right after attach: lets `validate` refuse them early. */
  readonly ports: readonly PortMapping[];
  /** `--dns`: asked about what the network itself does not know; the network's and the host's where it is left out. */
  readonly dnsServers?: readonly string[];
}

/** Persisted with the pod; a backend's only memory between calls. */
export interface Attachment {
  readonly backend: BackendName;
  readonly network: string;
  /** ≤ 15 bytes. */
  readonly ifname: string;
  readonly addresses: readonly Cidr[];
  readonly gateways: readonly string[];
  /** Name servers that the pod's resolv.conf must list because of this attachment; may be empty. */
  readonly dns: readonly string[];
  /**
   * Domains that the pod's resolv.conf must search first. Where there are any, the network has names of its own:
   * then `dns` knows them and forwards the rest, and no other server may be asked beside it.
   */
  readonly dnsSearch?: readonly string[];
  /**
   * `dns` forwards nothing. It is not asked where another attachment of the pod has names and forwards: the servers
   * there know the names of all the pod's networks.
   */
  readonly dnsClosed?: boolean;
  /**
   * The network has no names, but a name server can be had there for a pod whose other networks are `dnsClosed`: by
   * `setNames`. It forwards, and knows the names of all the pod's networks.
   */
  readonly dnsOnDemand?: readonly string[];
  readonly mtuBytes: number;
  readonly macAddress?: string;
  /** The backend's own, JSON-safe. */
  readonly opaque: Readonly<Record<string, string>>;
}

/** As CNI knows it. */
export interface AttachmentId {
  readonly containerId: string;
  readonly ifname: string;
}

export interface MendedAttachment {
  readonly attachment: Attachment;
  readonly published: readonly PublishedPort[];
}

export interface NetworkCapabilities {
  readonly protocols: readonly Protocol[];
  readonly ipv6: boolean;
  /** Other pods of the same network reach this one by its address. */
  readonly podToPod: boolean;
  /** Published connections show the client's address to the container. */
  readonly sourceAddress: boolean;
  readonly staticAddress: boolean;
}

/**
 * One way to give a network namespace a network. Backends hold no state between calls: what they need
 * comes from the target, the attachment, and the kernel.
 */
export interface NetworkBackend {
  readonly name: BackendName;
  readonly capabilities: NetworkCapabilities;

  /**
   * Checks a request against the host without touching anything.
   * Throws NETWORK_UNSUPPORTED, NETWORK_CONFIG, ADDRESS_FOREIGN, ADDRESS_IN_USE, INVALID_ARGUMENT, TOOL_MISSING.
   */
  validate(spec: PodNetworkSpec): Promise<void>;

  /**
   * A script for sh that the caller runs in the target's network namespace when it makes it, for settings that
   * only make things faster; what fails in it is no error. Empty for none. Touches nothing itself.
   */
  namespaceScript(spec: PodNetworkSpec): string;

  /**
   * Gives the target's namespace its interface, addresses and routes. On failure has undone its own steps.
   * Throws ADDRESS_EXHAUSTED, ADDRESS_IN_USE, COMMAND_FAILED.
   */
  attach(target: NetworkTarget, spec: PodNetworkSpec): Promise<Attachment>;

  /**
   * Removes all that attach and publish made for the target, and nothing of the sandbox's other attachments.
   * Idempotent; works when the namespace, the helper processes or `last` are gone (a CNI DEL in spirit). Throws
   * only where something was left behind.
   */
  detach(target: NetworkTarget, last?: Attachment): Promise<void>;

  /**
   * Puts back what is missing of an attachment and its published ports, after a firewall was reloaded, a link
   * removed, a helper killed; the pod keeps its addresses. What is in place stays untouched, so that connections
   * live on, as far as the backend can. Throws as attach and publish do; then the target may be half attached.
   */
  mend(
    target: NetworkTarget,
    spec: PodNetworkSpec,
    last: Attachment,
    ports: readonly PublishedPort[],
  ): Promise<MendedAttachment>;

  /** Compares with the kernel. Throws NETWORK_DRIFT naming what is missing (a CNI CHECK in spirit). */
  check(target: NetworkTarget, last: Attachment, ports: readonly PublishedPort[]): Promise<void>;

  /**
   * Helper processes that should run and do not, e.g. `slirp4netns`, `relay`; empty where all is well or
   * none is needed. Reads /proc only: `ps` asks it for every pod.
   */
  missingHelpers(
    target: NetworkTarget,
    last: Attachment,
    ports: readonly PublishedPort[],
  ): Promise<readonly string[]>;

  /**
   * Makes the ports reachable; all of them, or none and an error. An explicit host port is never
   * substituted. Throws PORT_IN_USE naming the holder where it is known, PORT_PRIVILEGED with the sysctl
   * as a hint, NETWORK_UNSUPPORTED for a protocol that is not in `capabilities`.
   */
  publish(target: NetworkTarget, last: Attachment, ports: readonly PortMapping[]): Promise<PublishedPort[]>;

  /**
   * Says that `publish` is about to be asked of this attachment: what takes long to start is started, and not waited
   * for. Nothing of it outlives this process unless `publish` follows, or is there any more when the function has
   * resolved that this one resolves to. Never fails. Left out where there is nothing to start.
   */
  expectPublish?(target: NetworkTarget, last: Attachment): Promise<() => Promise<void>>;

  /**
   * Besides its own name, its short id and its aliases, to which the target answers from attach to detach, it
   * answers to these names on the network. `names` is called when nobody else changes names, so that the last
   * caller has the last word. Idempotent; where the attachment has no `dnsSearch`, only the server of `dnsOnDemand` is
   * started. Also starts a name server again that was killed, except where names only go.
   * Throws TOOL_MISSING, PORT_IN_USE, COMMAND_FAILED.
   */
  setNames(target: NetworkTarget, last: Attachment, names: () => readonly string[]): Promise<void>;

  /** Takes the ports back; established connections may go on. Idempotent. */
  unpublish(target: NetworkTarget, last: Attachment, ports: readonly PublishedPort[]): Promise<void>;

  /**
   * Frees what a lost attachment has left, as `detach` does, and what else is lost on its network to others than this
   * backend: what is not `living`. That must name everybody on the network, also what belongs to other runtimes. Left
   * out where `detach` is all that there is to do.
   */
  collectGarbage?(lost: NetworkTarget, living: readonly AttachmentId[]): Promise<void>;
}
