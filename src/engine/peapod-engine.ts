import { PeapodError } from '../errors.ts';
import type { Operation } from '../store/operations.ts';
import { containerVerbs } from './container-verbs.ts';
import { Containers, type CreateSinks } from './containers.ts';
import type { Context } from './context.ts';
import type {
  ContainerOperations,
  Engine,
  ImageOperations,
  NetworkOperations,
  PodOperations,
  ProgressSink,
} from './engine.ts';
import { type FileOperations, fileOperations } from './file-operations.ts';
import { imageOperations } from './image-operations.ts';
import type { Attended } from './launch.ts';
import { Lifecycle } from './lifecycle.ts';
import type { Networks } from './networks.ts';
import { Operations } from './operations.ts';
import { parseAttach } from './parse-attach.ts';
import { parseSignal } from './parse-signal.ts';
import type { EngineParts } from './parts.ts';
import { podVerbs } from './pod-verbs.ts';
import { Pods } from './pods.ts';
import { recoverOperation } from './recovery.ts';
import type { ContainerCreateRequest } from './requests.ts';
import { Restarts } from './restarts.ts';
import { Sandboxes } from './sandboxes.ts';
import { type SecretOperations, secretOperations } from './secret-operations.ts';
import { startHow } from './start-how.ts';
import { type SystemOperations, systemOperations } from './system-operations.ts';
import { unattended } from './unattended.ts';
import { Views } from './views-of.ts';
import { type VolumeOperations, volumeOperations } from './volume-operations.ts';

const silent: ProgressSink = () => {};

/** What commands talk to: names in, ids and views out. Parts that few commands need are loaded when asked. */
export class PeapodEngine implements Engine {
  readonly #context: Context;
  readonly #operations: Operations;
  readonly #sandboxes: Sandboxes;
  readonly #restarts: Restarts;
  readonly #lifecycle: Lifecycle;
  readonly #pods: Pods;
  readonly #containers: Containers;
  readonly #views: Views;
  readonly files: FileOperations;
  readonly images: ImageOperations;

  constructor(context: Context) {
    this.#context = context;
    this.#operations = new Operations(context, (left) => this.#recover(left));
    this.#sandboxes = new Sandboxes(context);
    this.#restarts = new Restarts(context);
    this.#lifecycle = new Lifecycle(context, this.#operations, this.#sandboxes, this.#restarts);
    this.#pods = new Pods(context, this.#operations, this.#sandboxes, this.#lifecycle);
    this.#lifecycle.onMemberEnd = (podId) => this.#pods.memberEnded(podId);
    this.#containers = new Containers(context, this.#operations, this.#lifecycle, this.#pods);
    this.files = fileOperations(() => this.#parts());
    this.images = imageOperations(context, this.#lifecycle);
    this.#views = new Views(context, this.#lifecycle, this.#sandboxes);
    this.secrets = secretOperations(context);
    this.system = systemOperations({
      context,
      views: this.#views,
      lifecycle: this.#lifecycle,
      pods: this.#pods,
      networks: () => this.#networks(),
    });
    this.volumes = volumeOperations(context, this.#lifecycle);
  }

  async recover(): Promise<void> {
    await this.#operations.recoverAbandoned();
    const { restart, health } = unattended(this.#context);
    if (restart.length === 0 && health.length === 0) return;
    const { resume, resumeHealth } = await import('./resume.ts');
    for (const left of restart) resume(this.#context, left);
    for (const { containerId } of health) resumeHealth(this.#context, containerId);
  }

  close(): void {
    this.#context.store.db.close();
  }

  #recover(left: Operation): Promise<void> {
    return recoverOperation(this.#context, left, {
      pods: this.#pods,
      lifecycle: this.#lifecycle,
      sandboxes: this.#sandboxes,
      restarts: this.#restarts,
    });
  }

  readonly pods: PodOperations = {
    create: (request) => this.#pods.create(request, this.#createCommand()),
    start: (name) => this.#pods.start(name),
    stop: (name, timeoutSeconds) => this.#pods.stop(name, timeoutSeconds),
    remove: (name, options) => this.#pods.remove(name, options),
    enter: async (name, request) => {
      const { enterPod } = await import('./enter.ts');
      const pod = this.#pods.require(name);
      return enterPod(this.#context, this.#operations, this.#sandboxes, pod, request);
    },
    list: async (filters) => {
      const { filterPods } = await import('./filter-views.ts');
      return filterPods(await this.#views.pods(), filters);
    },
    inspect: async (name) => {
      const { inspectPod } = await import('./inspect-pod.ts');
      return inspectPod(this.#context, this.#views, this.#sandboxes, this.#pods.require(name));
    },
    exists: async (name) => this.#pods.find(name) !== undefined,
    logs: async (name, request, sink) => {
      const members = this.#context.store.containers.ofPod(this.#pods.require(name).id);
      const { readLogs } = await import('./logs.ts');
      await readLogs(this.#context, members, request, sink);
    },
    ...podVerbs(
      () => this.#parts(),
      () => this.#createCommand(),
    ),
  };

  readonly containers: ContainerOperations = {
    create: async (request, progress = silent, warn = silent) => {
      parseAttach(request.attach ?? [], request.logDriver);
      return this.#create(request, { start: false }, { progress, warn });
    },
    runDetached: async (request, progress = silent, warn = silent) => {
      const { fds } = startHow(this.#context, request);
      return this.#create(request, { start: true, fds }, { progress, warn });
    },
    run: async (request, progress = silent, warn = silent, announce) => {
      const { runAttended } = await import('./run.ts');
      const { shows, fds } = startHow(this.#context, request);
      const coupling = { ...request, sigProxy: request.sigProxy ?? true, shows, announce };
      return runAttended(this.#context, this.#lifecycle, coupling, (attended) =>
        this.#create(request, { start: true, fds, attended }, { progress, warn }),
      );
    },
    start: async (name) => {
      const { id } = this.#containers.require(name);
      return this.#start(id);
    },
    startAttached: async (name, { interactive, sigProxy, detachKeys }) => {
      const { runAttended } = await import('./run.ts');
      const { id, spec } = this.#containers.require(name);
      const how = { interactive, tty: spec.terminal, detachKeys, sigProxy };
      return runAttended(this.#context, this.#lifecycle, how, (attended) => this.#start(id, attended));
    },
    stop: async (name, timeoutSeconds) => {
      const { id, podId } = this.#containers.require(name);
      await this.#lifecycle.stop(id, timeoutSeconds);
      if (podId) await this.#pods.memberEnded(podId);
      return id;
    },
    kill: async (name, signal) => {
      const number = parseSignal(signal);
      const { id } = this.#containers.require(name);
      await this.#lifecycle.kill(id, number);
      return id;
    },
    remove: async (name, options) => {
      const { removeContainer } = await import('./remove.ts');
      return removeContainer(this.#parts(), this.#containers.require(name), options);
    },
    list: async (filters) => {
      const { filterContainers } = await import('./filter-views.ts');
      return filterContainers(this.#views.containers(), filters);
    },
    inspect: async (name) => {
      const { inspectContainer } = await import('./inspect.ts');
      return inspectContainer(this.#context, this.#views, this.#containers.require(name));
    },
    exists: async (name) => this.#containers.find(name) !== undefined,
    exec: async (name, request, onDetached) => {
      const { execIn } = await import('./exec.ts');
      return execIn(this.#context, this.#lifecycle, this.#containers.require(name), request, onDetached);
    },
    logs: async (names, request, sink) => {
      const members = names.map((name) => this.#containers.require(name));
      const { readLogs } = await import('./logs.ts');
      await readLogs(this.#context, members, request, sink);
    },
    ports: async (name) => {
      const record = this.#containers.require(name);
      const sandbox = this.#context.store.sandboxes.get(record.sandboxId);
      const { portLines } = await import('./ports.ts');
      return portLines(this.#views.container(record, sandbox).ports);
    },
    wait: async (names, request) => {
      const { waitForAll } = await import('./wait.ts');
      return waitForAll(this.#context, this.#containers, this.#views, names, request);
    },
    checkHealth: async (name) => {
      const { checkHealth } = await import('./health-check.ts');
      const record = this.#containers.find(name);
      if (record) return checkHealth(this.#context, this.#lifecycle, record);
      throw new PeapodError(
        'NOT_FOUND',
        `unable to look up ${name} to perform a health check: no container with name or ID "${name}" found: no such container`,
      );
    },
    cleanup: async (name, request) => {
      if (!request) return this.#lifecycle.cleanup(this.#containers.find(name)?.id ?? name);
      const { cleanUp } = await import('./cleanup.ts');
      return cleanUp(this.#parts(), name, request);
    },
    ...containerVerbs(
      () => this.#parts(),
      () => this.#createCommand(),
    ),
  };

  readonly networks: NetworkOperations = {
    create: async (request) => (await this.#networks()).create(request),
    list: async (filters, warn) => (await this.#networks()).list(filters, warn),
    inspect: async (name) => (await this.#networks()).inspect(name),
    remove: async (name, options) => (await this.#networks()).remove(name, options),
    prune: async (filters, warn, options) => (await this.#networks()).prune(filters, warn, options),
    exists: async (name) => (await this.#networks()).find(name) !== undefined,
    connect: async (network, name, flags) => {
      const { connectNetwork } = await import('./connect.ts');
      await connectNetwork(this.#parts(), network, name, flags);
    },
    disconnect: async (network, name, options) => {
      const { disconnectNetwork } = await import('./connect.ts');
      await disconnectNetwork(this.#parts(), network, name, options);
    },
    reload: async (name) => {
      const { reloadNetworks } = await import('./connect.ts');
      return reloadNetworks(this.#parts(), name);
    },
    running: async () => {
      const { runningOwners } = await import('./connect.ts');
      return runningOwners(this.#parts());
    },
  };

  readonly volumes: VolumeOperations;
  readonly secrets: SecretOperations;

  readonly system: SystemOperations;

  #create(
    request: ContainerCreateRequest,
    after: Parameters<Containers['create']>[2],
    sinks: CreateSinks,
  ): Promise<string> {
    return this.#containers.create(request, this.#createCommand(), after, sinks);
  }

  async #start(id: string, attended?: Attended): Promise<string> {
    try {
      await this.#lifecycle.start(id, { attended });
      return id;
    } catch (error) {
      const { startFailure } = await import('./start-failure.ts');
      throw startFailure(id, error);
    }
  }

  async #networks(): Promise<Networks> {
    const { Networks } = await import('./networks.ts');
    return new Networks(this.#context, this.#pods, this.#lifecycle);
  }

  #parts(): EngineParts {
    return {
      context: this.#context,
      operations: this.#operations,
      sandboxes: this.#sandboxes,
      lifecycle: this.#lifecycle,
      pods: this.#pods,
      containers: this.#containers,
      views: this.#views,
    };
  }

  #createCommand(): string[] {
    return ['peapod', ...process.argv.slice(2)];
  }
}
