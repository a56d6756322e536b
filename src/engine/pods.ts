import { PeapodError } from '../errors.ts';
import type { ContainerRecord, PodRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import { isInitContainer, runInitContainers } from './init-containers.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Operations } from './operations.ts';
import { removePodCgroup } from './pod-cgroups.ts';
import type { NewPod, PlannedPod, PodCreation } from './pod-creation.ts';
import type { PodCreateRequest } from './requests.ts';
import { startInOrder } from './requires.ts';
import type { Sandboxes } from './sandboxes.ts';

/** Pods: made, started, stopped and removed as a whole. */
export class Pods {
  readonly #context: Context;
  readonly #operations: Operations;
  readonly #sandboxes: Sandboxes;
  readonly #lifecycle: Lifecycle;

  constructor(context: Context, operations: Operations, sandboxes: Sandboxes, lifecycle: Lifecycle) {
    this.#context = context;
    this.#operations = operations;
    this.#sandboxes = sandboxes;
    this.#lifecycle = lifecycle;
  }

  /** Throws NOT_FOUND. */
  require(nameOrId: string): PodRecord {
    const pod = this.find(nameOrId);
    if (pod) return pod;
    throw new PeapodError('NOT_FOUND', `no pod with name or ID ${nameOrId} found: no such pod`, {
      hint: 'peapod pod ps lists the pods there are',
    });
  }

  find(nameOrId: string): PodRecord | undefined {
    const { names, pods } = this.#context.store;
    const id = names.resolve('pod', nameOrId);
    return id === undefined ? undefined : pods.get(id);
  }

  /** What it needs is loaded here only: starting and listing pods goes without it. */
  async create(request: PodCreateRequest, createCommand: readonly string[]): Promise<string> {
    const { createPod } = await import('./pod-creation.ts');
    return createPod(this.#creation(), request, createCommand);
  }

  /** What `make` takes. Makes nothing. */
  async plan(request: PodCreateRequest, createCommand: readonly string[]): Promise<PlannedPod> {
    return (await import('./pod-creation.ts')).planPod(this.#context, request, createCommand);
  }

  /** Where that fails, nothing of it stays. */
  async make(planned: NewPod): Promise<void> {
    const { makePod } = await import('./pod-creation.ts');
    await makePod(this.#creation(), planned, async () => {});
  }

  #creation(): PodCreation {
    const parts = { context: this.#context, operations: this.#operations, sandboxes: this.#sandboxes };
    return { ...parts, pods: this };
  }

  /** The sandbox with its network, then all members at once. Idempotent. */
  async start(nameOrId: string): Promise<string> {
    const { id } = this.require(nameOrId);
    await this.#operations.during(id, 'start', () => this.#startAll(id, runInitContainers));
    return id;
  }

  /** Stops all members, takes the network down, and starts all again, in one operation. */
  async restart(nameOrId: string): Promise<string> {
    const { id } = this.require(nameOrId);
    await this.#operations.during(id, 'start', async () => {
      this.require(id);
      await this.#stopAll(id);
      await this.#startAll(id);
      this.#context.events.pod('restart', this.require(id));
    });
    return id;
  }

  /** `runFirst` is what runs init containers, which a restart leaves alone. */
  async #startAll(id: string, runFirst?: typeof runInitContainers): Promise<void> {
    this.require(id);
    const wasReady = this.#isReady(id);
    const sandbox = await this.#sandboxes.ready(id);
    const all = this.#context.store.containers.ofPod(id);
    try {
      await runFirst?.({ context: this.#context, lifecycle: this.#lifecycle }, all, sandbox);
    } catch (error) {
      await this.#context.interrupt.shielded(() => this.settle(id));
      throw error;
    }
    const members = all.filter((member) => !isInitContainer(member));
    const started = await startInOrder(members, (member) => this.#lifecycle.startInReady(member.id, sandbox));
    const failures = started.flatMap((result, index) =>
      result.status === 'rejected'
        ? [{ member: members[index] as ContainerRecord, error: result.reason }]
        : [],
    );
    if (failures.length < members.length || members.length === 0) {
      this.#context.events.pod('start', this.require(id));
    }
    if (failures.length === 0) return;
    if (!wasReady && failures.length === members.length) await this.#rest(id);
    const [first] = failures;
    throw first?.error;
  }

  /** Members first, all at once; then the network goes, the namespaces stay. Idempotent. */
  async stop(nameOrId: string, timeoutSeconds?: number): Promise<string> {
    const { id } = this.require(nameOrId);
    await this.#operations.during(id, 'stop', () => this.#stopAll(id, timeoutSeconds));
    return id;
  }

  async #stopAll(id: string, timeoutSeconds?: number): Promise<void> {
    const members = this.#context.store.containers.ofPod(id);
    await Promise.all(members.map((member) => this.#lifecycle.stop(member.id, timeoutSeconds)));
    await this.#rest(id);
    this.#context.events.pod('stop', this.require(id));
  }

  async remove(
    nameOrId: string,
    options: { force: boolean; timeoutSeconds?: number | undefined },
  ): Promise<string> {
    const pod = this.require(nameOrId);
    await this.#operations.during(pod.id, 'remove', async () => {
      if (!this.#context.store.pods.get(pod.id)) this.require(nameOrId);
      const members = this.#context.store.containers.ofPod(pod.id);
      const running = members.filter(
        (member) => this.#lifecycle.isRunning(member) || this.#lifecycle.isRestarting(member),
      );
      if (running.length > 0 && !options.force) {
        const names = running.map((member) => member.name).join(', ');
        throw new PeapodError(
          'WRONG_STATE',
          `pod ${pod.name} has running containers (${names}) and cannot be removed`,
          { hint: `stop it first (peapod pod stop ${pod.name}), or use --force` },
        );
      }
      await this.dismantle(pod.id, options.timeoutSeconds);
    });
    return pod.id;
  }

  /** Removes a pod with all that belongs to it, whatever is there. Idempotent; the caller holds the operation. */
  async dismantle(id: string, timeoutSeconds?: number): Promise<void> {
    const { store, events } = this.#context;
    const pod = store.pods.get(id);
    // Another command may add a member until the pod's row is gone.
    for (;;) {
      const members = store.containers.ofPod(id);
      await Promise.all(members.map((member) => this.#lifecycle.removeMember(member.id, timeoutSeconds)));
      if (store.containers.ofPod(id).length > 0) continue;
      await this.#sandboxes.release(id);
      await removePodCgroup(this.#context, id);
      const gone = store.db.transaction(() => {
        if (store.containers.ofPod(id).length > 0) return false;
        store.pods.delete(id);
        store.sandboxes.delete(id);
        store.names.release(id);
        return true;
      });
      if (gone && pod) events.pod('remove', pod);
      if (gone) return;
    }
  }

  /** After an interrupted start or stop: no network that nothing needs. The caller holds the operation. */
  async settle(id: string): Promise<void> {
    const { store } = this.#context;
    const record = store.sandboxes.get(id);
    if (!record || record.state === 'released') return;
    const goesOn = (member: ContainerRecord) =>
      this.#lifecycle.isRunning(member) || this.#lifecycle.isRestarting(member);
    if (store.containers.ofPod(id).some(goesOn)) return;
    await this.#rest(id);
  }

  /** A member has ended: the pod stops with its last one where its exit policy says so. The caller holds no operation. */
  async memberEnded(id: string): Promise<void> {
    if (this.#context.store.pods.get(id)?.options.exitPolicy !== 'stop') return;
    await this.#operations.during(id, 'stop', () => this.settle(id));
  }

  #isReady(id: string): boolean {
    const record = this.#context.store.sandboxes.get(id);
    return record !== undefined && this.#sandboxes.state(record) === 'ready';
  }

  async #rest(id: string): Promise<void> {
    const record = this.#context.store.sandboxes.get(id);
    if (record && record.state !== 'released') await this.#sandboxes.networks.detach(record);
  }
}
