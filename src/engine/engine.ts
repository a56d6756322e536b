import type { CleanupRequest } from './cleanup.ts';
import type { CloneRequest } from './clone-container.ts';
import type { PodCloneRequest } from './clone-pod.ts';
import type { StatsRequest, UpdateRequest } from './container-flags.ts';
import type { CreateSinks } from './containers.ts';
import type { EndpointFlags } from './endpoint-spec.ts';
import type { FileOperations } from './file-operations.ts';
import type { Filters } from './filters.ts';
import type { ImageOperations, ProgressSink } from './image-api.ts';
import type { PruneOptions } from './prune.ts';
import type {
  ContainerCreateRequest,
  EnterRequest,
  ExecRequest,
  LogsRequest,
  NetworkCreateRequest,
  PodCreateRequest,
} from './requests.ts';
import type { SecretOperations } from './secret-operations.ts';
import type { SystemOperations } from './system-operations.ts';
import type { ContainerSize, ContainerView, NamespaceIds, NetworkView, PodView, StatsView } from './views.ts';
import type { VolumeOperations } from './volume-operations.ts';
import type { WaitRequest } from './wait.ts';

export type { ImageOperations, ProgressSink } from './image-api.ts';

/** What commands may ask for. Names stand for a name, a full id or an unambiguous id prefix. */
export interface Engine {
  readonly pods: PodOperations;
  readonly containers: ContainerOperations;
  readonly images: ImageOperations;
  readonly files: FileOperations;
  readonly networks: NetworkOperations;
  readonly volumes: VolumeOperations;
  readonly secrets: SecretOperations;
  readonly system: SystemOperations;
  /** Closes the database. Every command calls it at its end, also after a failure. */
  close(): void;
}

export interface PodOperations {
  /** Makes another one like it, with its containers. Returns the id. Throws PORT_IN_USE where it keeps its ports. */
  clone(name: string, request: PodCloneRequest, warn: ProgressSink): Promise<string>;
  /** Returns the id. */
  create(request: PodCreateRequest): Promise<string>;
  /** Starts the sandbox and all members; idempotent. Returns the id. */
  start(name: string): Promise<string>;
  /** Stops all members, then the sandbox's network; idempotent. Returns the id. */
  stop(name: string, timeoutSeconds?: number): Promise<string>;
  /** Refuses with WRONG_STATE where members exist and `force` is not set. Returns the id. */
  remove(name: string, options: { force: boolean; timeoutSeconds?: number | undefined }): Promise<string>;
  /** Stops all members and starts them again. Returns the id, as do the next three. */
  restart(name: string): Promise<string>;
  /** Signals the members that run. */
  kill(name: string, signal: string): Promise<string>;
  pause(name: string): Promise<string>;
  unpause(name: string): Promise<string>;
  /** `words`: names of columns, or arguments for ps(1). */
  top(name: string, words: readonly string[]): Promise<Processes>;
  /** Removes pods whose containers have all ended. Returns the ids. */
  prune(filters: Filters, options?: PruneOptions): Promise<string[]>;
  /** Adds published ports, as typed behind `-p`, to a pod that may run. Returns them as `ps` shows them. */
  publish(name: string, ports: readonly string[]): Promise<string[]>;
  /** Takes published ports back; connections that are established go on. */
  unpublish(name: string, ports: readonly string[]): Promise<string[]>;
  /** Runs a program of the host in the pod's namespaces, with this process' stdio. Returns its exit code. */
  enter(name: string, request: EnterRequest): Promise<number>;
  list(filters?: Filters): Promise<PodView[]>;
  /** podman's InspectPodData, with peapod's own keys beside it. */
  inspect(name: string): Promise<Record<string, unknown>>;
  exists(name: string): Promise<boolean>;
  logs(name: string, request: LogsRequest, sink: LogSink): Promise<void>;
}

export interface ContainerOperations {
  create(request: ContainerCreateRequest, progress?: ProgressSink, warn?: ProgressSink): Promise<string>;
  /** Creates and starts in the background. Returns the id. */
  runDetached(request: ContainerCreateRequest, progress?: ProgressSink, warn?: ProgressSink): Promise<string>;
  /**
   * Creates, starts and stays attached to this process' stdio. Returns the exit code for the shell. `announce` gets the
   * id where `--attach` shows no output.
   */
  run(
    request: ContainerCreateRequest,
    progress?: ProgressSink,
    warn?: ProgressSink,
    announce?: (id: string) => void,
  ): Promise<number>;
  /** Returns the id. */
  start(name: string): Promise<string>;
  /** `start -a [-i]`: returns the exit code. */
  startAttached(
    name: string,
    options: { interactive: boolean; sigProxy: boolean; detachKeys?: string | undefined },
  ): Promise<number>;
  /** Couples this process' stdio with a running container; returns its exit code, 0 where the user detached. */
  attach(
    name: string,
    options: { stdin: boolean; sigProxy: boolean; detachKeys?: string | undefined },
  ): Promise<number>;
  /** All of a start but the first instruction. Throws WRONG_STATE. Returns the id. */
  init(name: string): Promise<string>;
  /** Stops it where it runs, then starts it. Returns the id. */
  restart(name: string, timeoutSeconds?: number): Promise<string>;
  /** Throws NAME_IN_USE. */
  rename(name: string, newName: string): Promise<void>;
  /** Freezes all of its processes. Throws WRONG_STATE, HOST_UNFIT without a cgroup. Returns the id. */
  pause(name: string): Promise<string>;
  unpause(name: string): Promise<string>;
  /** `words`: names of columns, or arguments for the container's ps(1). Throws WRONG_STATE. */
  top(name: string, words: readonly string[]): Promise<Processes>;
  /** Hands on what containers use, again and again until an interrupt, or once. Throws HOST_UNFIT without cgroups. */
  stats(request: StatsRequest, onSample: (views: readonly StatsView[]) => void): Promise<void>;
  /** Changes limits, at once and for later starts, and the restart policy. Returns the id. */
  update(name: string, changes: UpdateRequest, warn: ProgressSink): Promise<string>;
  /** Makes another one like it. Returns the id. Throws PORT_IN_USE where it keeps its ports. */
  clone(name: string, request: CloneRequest, sinks: CreateSinks): Promise<string>;
  /** By id. Reads all that was written: only where it is asked for. */
  sizes(ids: readonly string[]): Promise<ReadonlyMap<string, ContainerSize>>;
  /** By id, of those that run. */
  namespaces(ids: readonly string[]): Promise<ReadonlyMap<string, NamespaceIds>>;
  /** Shows again after each interval, until a signal comes. */
  watch(intervalMs: number, show: () => Promise<void>): Promise<void>;
  /** Removes containers that do not run. Returns the ids. */
  prune(filters: Filters, options?: PruneOptions): Promise<string[]>;
  /** Returns the id; idempotent on a container that is not running. */
  stop(name: string, timeoutSeconds?: number): Promise<string>;
  /** Signal as name with or without SIG, or number. */
  kill(name: string, signal: string): Promise<string>;
  /**
   * `force` kills first. Volumes made for the container go where `volumes` is set, containers on its network
   * where `depend` is. Returns the ids, its own last.
   */
  remove(
    name: string,
    options: { force: boolean; volumes: boolean; depend?: boolean; timeoutSeconds?: number | undefined },
  ): Promise<string[]>;
  list(filters?: Filters): Promise<ContainerView[]>;
  /** podman's InspectContainerData. */
  inspect(name: string): Promise<Record<string, unknown>>;
  exists(name: string): Promise<boolean>;
  /** Returns the exit code of the command, or 0 where detached; `onDetached` gets the id of a session that was asked to be so. */
  exec(name: string, request: ExecRequest, onDetached?: (sessionId: string) => void): Promise<number>;
  logs(names: readonly string[], request: LogsRequest, sink: LogSink): Promise<void>;
  /** Lines as `podman port` prints them, e.g. `80/tcp -> 0.0.0.0:8080`. */
  ports(name: string): Promise<{ containerPort: string; bindings: string[] }[]>;
  /** Blocks until each is in any of the states; returns the exit codes, -1 where one has not ended. */
  wait(names: readonly string[], request: WaitRequest): Promise<number[]>;
  /** Checks the health once; true where it has passed. Throws WRONG_STATE, INVALID_ARGUMENT where there is no check. */
  checkHealth(name: string): Promise<boolean>;
  /** conmon's exit command: records the exit, unmounts, removes where asked; idempotent. */
  cleanup(id: string, request?: CleanupRequest): Promise<void>;
}

export interface NetworkOperations {
  /** Returns the name. Throws NAME_IN_USE, NETWORK_CONFIG for subnets that are taken, NETWORK_UNSUPPORTED. */
  create(request: NetworkCreateRequest): Promise<string>;
  /** By name. Files that are broken are told to `warn`, and are otherwise as if they were not there. */
  list(filters: Filters, warn: ProgressSink): Promise<NetworkView[]>;
  inspect(name: string): Promise<NetworkView>;
  /** Throws NETWORK_IN_USE naming pods and containers; `force` removes them first. Returns the name. */
  remove(name: string, options: { force: boolean; timeoutSeconds?: number | undefined }): Promise<string>;
  /** Removes what nobody uses, the default network and other runtimes' own apart. Returns the names. */
  prune(filters: Filters, warn: ProgressSink, options?: { dryRun?: boolean }): Promise<string[]>;
  exists(name: string): Promise<boolean>;
  /**
   * Gives a pod, or a container outside pods, a place on the network, at once where it runs. Throws NETWORK_IN_USE
   * where it has one, NOT_FOUND, ADDRESS_IN_USE, ADDRESS_FOREIGN; then nothing has changed.
   */
  connect(network: string, name: string, flags: EndpointFlags): Promise<void>;
  /** Throws NOT_FOUND where it has none, unless `force`. */
  disconnect(network: string, name: string, options: { force: boolean }): Promise<void>;
  /** Puts back what is missing of the networks of a running pod or container. Returns the id. */
  reload(name: string): Promise<string>;
  /** Pods and containers outside pods whose networks are up. */
  running(): Promise<{ id: string; createdAtMs: number }[]>;
}

/** What `top` shows: rows of cells with their headings, or what a ps(1) printed. */
export type Processes = { readonly table: string[][] } | { readonly lines: string[] };

/** Receives log lines without their newline; `partial` ones have none. */
export type LogSink = (stream: 'stdout' | 'stderr', line: string, partial: boolean) => void;
