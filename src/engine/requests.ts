import type {
  CgroupFlags,
  DeviceFlags,
  EnvironmentFlags,
  NamespaceFlags,
  PasswdFlags,
  ProcessFlags,
  ResourceFlags,
  UsernsFlags,
} from './container-flags.ts';
import type { Filters } from './filters.ts';

/**
 * What commands hand to the engine: the words of the command line sorted by flag, not yet interpreted.
 * The engine parses and checks them all before it makes anything.
 */

export interface DnsRequest {
  /** `--dns`; `none` alone leaves resolv.conf untouched. */
  readonly dnsServers: readonly string[];
  /** `--dns-search`. */
  readonly dnsSearch: readonly string[];
  /** `--dns-option`. */
  readonly dnsOptions: readonly string[];
  /** `--add-host host:ip`. */
  readonly addHosts: readonly string[];
}

export interface NetworkFlags extends DnsRequest {
  /** `--network`, as typed. */
  readonly networks: readonly string[];
  /** `--network-alias`. */
  readonly networkAliases: readonly string[];
  /** `-p`, as typed. */
  readonly ports: readonly string[];
  readonly ip?: string | undefined;
  readonly ip6?: string | undefined;
  readonly macAddress?: string | undefined;
}

/** `events`. */
export interface EventsRequest {
  readonly filters: Filters;
  /** As `logs --since` takes it; undefined for what happens from now on, or, without `stream`, for all there is. */
  readonly since?: string | undefined;
  /** A time, or a duration from now on. */
  readonly until?: string | undefined;
  /** Goes on with what happens. */
  readonly stream: boolean;
}

/** `generate systemd`. */
export interface GenerateSystemdRequest {
  /** Names in the place of ids. */
  readonly byName: boolean;
  /** `--new`. */
  readonly create: boolean;
  /** With `create`: of a container, for any number of services. */
  readonly template: boolean;
  readonly header: boolean;
  readonly containerPrefix: string;
  readonly podPrefix: string;
  readonly separator: string;
  readonly restartPolicy?: string | undefined;
  readonly restartSeconds?: number | undefined;
  readonly startTimeoutSeconds?: number | undefined;
  readonly stopTimeoutSeconds?: number | undefined;
  /** `KEY=value` or `KEY`. */
  readonly environment: readonly string[];
  readonly wants: readonly string[];
  readonly after: readonly string[];
  readonly requires: readonly string[];
}

/** Sorts the words of a `run`, `create` (which is as good as `run`) or `pod create`; undefined for any others. */
export type SplitCommand = (words: readonly string[]) =>
  | {
      readonly verb: 'run' | 'pod create';
      /** Before the verb. */
      readonly globals: readonly string[];
      readonly flags: readonly { readonly flag: string; readonly words: readonly string[] }[];
      /** The image and what belongs to the container. */
      readonly rest: readonly string[];
      readonly detached: boolean;
    }
  | undefined;

/** `pod nsenter`. */
export interface EnterRequest {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Empty for all that the pod shares. */
  readonly namespaces: readonly ('net' | 'ipc' | 'uts' | 'pid')[];
}

/** What `pod create` takes, and `pod clone` changes. */
export interface PodSettings {
  readonly hostname?: string | undefined;
  /** `key=value` or `key`. */
  readonly labels: readonly string[];
  readonly labelFiles: readonly string[];
  /** `-v`, `--volumes-from`, `--device`, `--security-opt`, `--pid`, `--uts`, `--no-hosts`: for each container of the pod. */
  readonly volumes?: readonly string[] | undefined;
  readonly volumesFrom?: readonly string[] | undefined;
  readonly devices?: readonly string[] | undefined;
  readonly securityOptions?: readonly string[] | undefined;
  readonly pid?: string | undefined;
  readonly uts?: string | undefined;
  readonly noHosts?: boolean | undefined;
  /** Of the shared namespaces. */
  readonly sysctls?: readonly string[] | undefined;
  readonly shmSize?: string | undefined;
  /** Of all members, and of the namespaces that they share. */
  readonly userns?: UsernsFlags | undefined;
  /** Of all members together. */
  readonly limits?: ResourceFlags | undefined;
  readonly cgroupParent?: string | undefined;
  /** Whether members stand in a cgroup of the pod; undefined for where it has limits. */
  readonly shareParent?: boolean | undefined;
}

export interface PodCreateRequest extends NetworkFlags, PodSettings {
  readonly name?: string | undefined;
  /** `--share`, e.g. `net,ipc,uts`, `+pid`, `none`; undefined for podman's default `ipc,net,uts`. */
  readonly share?: string | undefined;
  /** `continue` or `stop`. */
  readonly exitPolicy?: string | undefined;
  readonly podIdFile?: string | undefined;
  readonly replace: boolean;
}

/** `--health-…`, as typed. */
export interface HealthRequest {
  /** `--health-cmd`. */
  readonly command?: string | undefined;
  readonly interval?: string | undefined;
  readonly timeout?: string | undefined;
  readonly startPeriod?: string | undefined;
  readonly retries?: number | undefined;
  readonly onFailure?: string | undefined;
  /** `--no-healthcheck`. */
  readonly none: boolean;
}

export interface ContainerCreateRequest extends NetworkFlags {
  /** An image's name or id, or `host`; undefined where `rootfs` is set. */
  readonly image?: string | undefined;
  /** `--rootfs DIR[:O]`. */
  readonly rootfs?: string | undefined;
  readonly command: readonly string[];
  readonly name?: string | undefined;
  /** A word, or a JSON array as podman takes it. */
  readonly entrypoint?: string | undefined;
  /** `KEY=value`, `KEY` (taken from the caller), `PREFIX*`. */
  readonly env: readonly string[];
  readonly envFiles: readonly string[];
  readonly envHost: boolean;
  readonly volumes: readonly string[];
  readonly tmpfs: readonly string[];
  /** `--mount`, `--volumes-from` as typed. */
  readonly mounts?: readonly string[];
  readonly volumesFrom?: readonly string[];
  /** `bind`, `tmpfs` or `ignore`. */
  readonly imageVolume?: string | undefined;
  /** `--secret`, as typed. */
  readonly secrets: readonly string[];
  readonly workdir?: string | undefined;
  readonly user?: string | undefined;
  readonly hostname?: string | undefined;
  readonly labels: readonly string[];
  readonly labelFiles: readonly string[];
  /** A pod's name or id, or `new:NAME`. */
  readonly pod?: string | undefined;
  /** `-P`. */
  readonly publishAll: boolean;
  /** `--share` of a pod made by `--pod new:NAME`. */
  readonly share?: string | undefined;
  readonly interactive: boolean;
  readonly tty: boolean;
  readonly remove: boolean;
  /** `--init-ctr`, as typed. */
  readonly initContainer?: string | undefined;
  /** `--rmi`, which implies `remove`. */
  readonly removeImage?: boolean;
  /** `no`, `always`, `unless-stopped`, `on-failure[:n]`. */
  readonly restart?: string | undefined;
  readonly health: HealthRequest;
  /** Names or ids of containers that are started before it. */
  readonly requires: readonly string[];
  readonly readOnly: boolean;
  readonly privileged: boolean;
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly securityOptions: readonly string[];
  readonly resources?: ResourceFlags;
  readonly cgroup?: CgroupFlags;
  readonly namespaces?: NamespaceFlags;
  readonly userns?: UsernsFlags | undefined;
  readonly process?: ProcessFlags;
  readonly environment?: EnvironmentFlags;
  readonly passwd?: PasswdFlags;
  readonly deviceFlags?: DeviceFlags;
  /** `key=value`. */
  readonly annotations?: readonly string[];
  /** Undefined for true. */
  readonly readOnlyTmpfs?: boolean | undefined;
  readonly logDriver?: string | undefined;
  /** `--attach` of an attended run, as typed; both outputs where it is left out. */
  readonly attach?: readonly string[];
  /** So many of the caller's file descriptors from 3 on go to the container that `run` starts. */
  readonly preserveFds?: number | undefined;
  readonly logOptions?: readonly string[];
  readonly noHosts?: boolean;
  readonly noHostname?: boolean;
  /** Seconds after which the monitor kills it. */
  readonly timeoutSeconds?: number | undefined;
  readonly systemd?: string | undefined;
  readonly sdnotify?: string | undefined;
  readonly arch?: string | undefined;
  readonly os?: string | undefined;
  readonly variant?: string | undefined;
  readonly platform?: string | undefined;
  readonly pidFile?: string | undefined;
  readonly conmonPidFile?: string | undefined;
  readonly stopSignal?: string | undefined;
  readonly stopTimeoutSeconds?: number | undefined;
  /** `always`, `missing`, `never`, `newer`. */
  readonly pull: string;
  /** `--tls-verify`; undefined leaves it to the registries' configuration. */
  readonly tlsVerify?: boolean | undefined;
  readonly authFile?: string | undefined;
  /** Ports besides those that the image exposes, as typed. */
  readonly expose?: readonly string[];
  /** `--detach-keys`, as typed; undefined for `ctrl-p,ctrl-q`. */
  readonly detachKeys?: string | undefined;
  /** Of an attended run; undefined for true. */
  readonly sigProxy?: boolean | undefined;
  readonly cidFile?: string | undefined;
  readonly replace: boolean;
}

export interface ExecRequest {
  readonly command: readonly string[];
  readonly env: readonly string[];
  readonly envFiles: readonly string[];
  readonly workdir?: string | undefined;
  readonly user?: string | undefined;
  readonly privileged: boolean;
  readonly interactive: boolean;
  readonly tty: boolean;
  readonly detach: boolean;
  /** As typed; undefined for `ctrl-p,ctrl-q`. */
  readonly detachKeys?: string | undefined;
  /** So many of the caller's file descriptors from 3 on go to the command. */
  readonly preserveFds: number;
}

export interface LogsRequest {
  readonly follow: boolean;
  /** Lines from the end; undefined for all. */
  readonly tail?: number | undefined;
  /** RFC 3339, Unix seconds, or a duration back from now (`10m`). */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly timestamps: boolean;
  /** `--names`: where there are several containers, their names before each line instead of their ids. */
  readonly names: boolean;
  /** `--color`: a colour for each container. */
  readonly color: boolean;
}

export interface NetworkCreateRequest {
  /** A free one is found where it is undefined. */
  readonly name?: string | undefined;
  readonly driver: string;
  readonly ipamDriver?: string | undefined;
  readonly subnets: readonly string[];
  /** The n-th is that of the n-th subnet, as are ranges. */
  readonly gateways: readonly string[];
  readonly ipRanges: readonly string[];
  /** `DESTINATION,GATEWAY`. */
  readonly routes: readonly string[];
  readonly ipv6: boolean;
  readonly internal: boolean;
  readonly disableDns: boolean;
  readonly dnsServers: readonly string[];
  readonly labels: readonly string[];
  /** `key=value`. */
  readonly options: readonly string[];
  /** The bridge, or the parent of macvlan and ipvlan. */
  readonly interfaceName?: string | undefined;
  /** A network of that name is no error. */
  readonly ignore: boolean;
}
