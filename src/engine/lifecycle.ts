import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Crun } from '../container/crun.ts';
import { removeTree } from '../container/rootfs-removal.ts';
import { PeapodError } from '../errors.ts';
import { waitForEnd } from '../host/processes.ts';
import type { ContainerRecord } from '../store/records.ts';
import { isInitialized, isOutOfReach, isRunning, stillRunning } from './alive.ts';
import { runtime } from './container-cgroup.ts';
import type { Context } from './context.ts';
import { endProcess } from './end-process.ts';
import { killContainer } from './kill.ts';
import type { Launcher, StartHow } from './launch.ts';
import { loadLauncher } from './load-launcher.ts';
import type { Operations } from './operations.ts';
import type { Restarts } from './restarts.ts';
import type { ReadySandbox, Sandboxes } from './sandboxes.ts';
import { attendLock, exitOf, takeDown } from './take-down.ts';
import { thaw } from './thaw.ts';
import { forgetContainer } from './volume-records.ts';

/**
 * What happens to one container: started, stopped, killed, cleaned up, removed. Methods say which
 * operation their caller holds; the order is always pod before container.
 */
export class Lifecycle {
  readonly #context: Context;
  readonly #operations: Operations;
  readonly #sandboxes: Sandboxes;
  readonly #restarts: Restarts;
  #loading: Promise<Launcher> | undefined;
  #crun: Crun | undefined;

  constructor(context: Context, operations: Operations, sandboxes: Sandboxes, restarts: Restarts) {
    this.#context = context;
    this.#operations = operations;
    this.#sandboxes = sandboxes;
    this.#restarts = restarts;
  }

  /** What a pod does when a member has ended by itself: set by whoever has the pods. */
  onMemberEnd: (podId: string) => Promise<void> = async () => {};

  get crun(): Crun {
    this.#crun ??= runtime(this.#context);
    return this.#crun;
  }

  #launcher(): Promise<Launcher> {
    this.#loading ??= loadLauncher(this, this.#context, this.#sandboxes);
    return this.#loading;
  }

  async #launch(record: ContainerRecord, how?: StartHow): Promise<void> {
    await (await this.#launcher()).launch(record, how);
  }

  /** Whether its first process lives now, whatever the store last heard. */
  isRunning(record: ContainerRecord): boolean {
    return isRunning(this.#context, record);
  }

  /** For `init`: all of a start but the first instruction. The caller holds the operations. */
  async prepare(id: string): Promise<void> {
    await this.settle(id);
    await this.#launch(this.#require(id), { init: true });
  }

  /** Starts a container with its sandbox; holds the operations on both. */
  async start(id: string, how: StartHow = {}): Promise<void> {
    await this.#startRequired(this.#require(id));
    await this.#operations.duringBoth(this.#require(id), 'start', () =>
      this.#startWith(id, (record) => this.#launch(record, how), how),
    );
  }

  /** One after the other, in the order in which they were named, as podman has it. */
  async #startRequired({ spec }: ContainerRecord): Promise<void> {
    for (const id of spec.requires ?? []) await this.start(id);
  }

  /** For a container that this very command has created and holds the operation on. */
  async startCreated(id: string, how: StartHow): Promise<void> {
    const record = this.#require(id);
    await this.#startRequired(record);
    const launch = () => this.#launch(record, how);
    if (record.sandboxId === id) return launch();
    return this.#operations.during(record.sandboxId, 'start', launch);
  }

  /** Starts a member of a pod whose operation the caller holds. */
  async startInReady(id: string, sandbox: ReadySandbox): Promise<void> {
    await this.#operations.during(id, 'start', () =>
      this.#startWith(id, async (record) =>
        (await this.#launcher()).launchIn(record, { network: Promise.resolve(), view: () => sandbox }),
      ),
    );
  }

  async #startWith(
    id: string,
    launch: (record: ContainerRecord) => Promise<void>,
    how: StartHow = {},
  ): Promise<void> {
    const record = this.#require(id);
    if (this.isRunning(record)) {
      if (!isOutOfReach(this.#context, record)) return;
      this.#restarts.signalled(record, record.spec.stopSignal);
      await this.#end(record, undefined, { remove: false });
    }
    if (isInitialized(this.#context, record))
      return (await this.#launcher()).startInitialized(record, how.attended);
    await this.settle(id);
    await this.#restarts.anew(this.#require(id));
    await launch(this.#require(id));
  }

  /** Stops it where it runs, then starts it, and holds the operations all the while. */
  async restart(id: string, timeoutSeconds?: number): Promise<void> {
    await this.#operations.duringBoth(this.#require(id), 'start', async () => {
      const record = this.#require(id);
      this.#restarts.signalled(record, record.spec.stopSignal);
      if (this.isRunning(record)) await this.#end(record, timeoutSeconds, { remove: false });
      else await this.settle(id);
      await this.#restarts.anew(record);
      await this.#launch(this.#require(id));
      this.#context.events.container('restart', record);
    });
  }

  /** Signal, patience, SIGKILL, clean-up. Idempotent. */
  async stop(id: string, timeoutSeconds?: number): Promise<void> {
    await this.#operations.during(id, 'stop', async () => {
      const record = this.#context.store.containers.get(id);
      if (!record) return;
      this.#restarts.signalled(record, record.spec.stopSignal);
      if (this.isRunning(record)) {
        await this.#end(record, timeoutSeconds);
        this.#context.events.container('stop', record);
      } else {
        await this.settle(id);
        await this.#stayStopped(record);
      }
    });
  }

  /** See kill.ts. Throws WRONG_STATE. */
  kill(id: string, signal: number): Promise<void> {
    const parts = { context: this.#context, lifecycle: this, restarts: this.#restarts };
    return killContainer(parts, this.#require(id), signal);
  }

  /** Anonymous volumes of the container go where `volumes` is set. */
  async remove(
    id: string,
    options: { force: boolean; volumes?: boolean; timeoutSeconds?: number | undefined },
  ): Promise<void> {
    await this.#operations.during(id, 'remove', async () => {
      const record = this.#context.store.containers.get(id);
      if (!record) throw new PeapodError('NOT_FOUND', `no such container ${id.slice(0, 12)}`);
      const restarting = this.isRestarting(record);
      if ((restarting || this.isRunning(record)) && !options.force) {
        throw stillRunning(record, restarting ? 'restarting' : 'running');
      }
      await this.dismantle(id, options.timeoutSeconds, options.volumes ?? false);
    });
  }

  async removeMember(id: string, timeoutSeconds?: number): Promise<void> {
    await this.#operations.during(id, 'remove', () => this.dismantle(id, timeoutSeconds));
  }

  /** Ends and forgets a container, by default with its anonymous volumes. Idempotent; the caller holds the operation. */
  async dismantle(id: string, timeoutSeconds?: number, volumes = true): Promise<void> {
    const { store, paths } = this.#context;
    const record = store.containers.get(id);
    if (!record) return;
    this.#restarts.signalled(record, record.spec.stopSignal);
    if (this.isRunning(record)) await this.#end(record, timeoutSeconds, { remove: false });
    else {
      await this.#restarts.cancel(record);
      await takeDown(this, this.#context, record);
    }
    if (record.sandboxId === id) await this.#sandboxes.release(id);
    await removeTree(paths.container(id), () => this.#context.inside());
    rmSync(join(paths.exits, id), { force: true });
    await forgetContainer(this.#context, record, volumes);
    this.#context.events.container('remove', record);
  }

  /** After its process has ended: records how, and takes down what only a running container needs. */
  async cleanup(id: string): Promise<void> {
    const podId = this.#context.store.containers.get(id)?.podId;
    await this.#operations.during(id, 'cleanup', async () => {
      const record = this.#context.store.containers.get(id);
      if (!record || this.isRunning(record) || isInitialized(this.#context, record)) return;
      await this.settle(id);
      if (record.spec.remove) await this.#removeItself(record);
    });
    if (podId) await this.onMemberEnd(podId);
    await this.#restarts.keep(id, () => this.#restart(id));
  }

  /** By its policy, where nobody has started, stopped or removed it meanwhile. */
  async #restart(id: string): Promise<void> {
    await this.#operations.duringBoth(this.#require(id), 'start', async () => {
      const record = this.#require(id);
      if (this.isRunning(record) || !this.#restarts.isMine(id)) return;
      await this.#restarts.perform(record, () => this.#launch(record));
    });
  }

  isRestarting(record: ContainerRecord): boolean {
    return this.#restarts.isRestarting(record);
  }

  /** One that waited for its restart has kept its network until now. */
  async #stayStopped(record: ContainerRecord): Promise<void> {
    await this.#restarts.cancel(record);
    if (record.spec.restart && record.sandboxId === record.id) await this.#sandboxes.release(record.id);
  }

  /** Waits for the end and the exit code of the run of a container that this command attends; cleans up after it. */
  async finish(run: ContainerRecord): Promise<number> {
    if (run.process) await waitForEnd(run.process, Number.POSITIVE_INFINITY);
    // The rest is for conmon's exit command, which waits for our lock: it may have to start it again.
    if (run.spec.restart) return (await exitOf(this.#context, run)).exitCode;
    // Another command may have ended it, and removed it or started it again.
    await this.cleanup(run.id);
    return this.#context.store.containers.exitCodeOf(run.id) ?? 0;
  }

  /**
   * Writes down the end of a container that is dead in /proc but not in the store, and clears what a dead
   * command left of it. The caller holds the operation.
   */
  async settle(id: string): Promise<void> {
    const { store, facts } = this.#context;
    const record = store.containers.get(id);
    if (!record || this.isRunning(record)) return;
    if (record.state === 'running' || record.state === 'paused') {
      const thisBoot = record.bootId === facts.bootId;
      const ended = thisBoot ? await exitOf(this.#context, record) : { exitCode: 255, oomKilled: false };
      const finishedAtMs = Date.now();
      const own = record.sandboxId === id;
      const again = this.#restarts.wants(record, ended.exitCode);
      await Promise.all([
        takeDown(this, this.#context, record),
        own && !again && this.#sandboxes.release(id),
      ]);
      store.db.transaction(() => {
        store.containers.setExited(id, { finishedAtMs, ...ended });
        if (again) this.#restarts.next(id, finishedAtMs - (record.startedAtMs ?? finishedAtMs));
        else this.#restarts.stays(record);
      });
      this.#context.events.container('died', record, { ContainerExitCode: ended.exitCode });
      this.#context.events.container('cleanup', record);
      if (!own) await this.#sandboxes.networks.announce(record.sandboxId);
    } else if (existsSync(this.#context.paths.containerRuntime(id))) {
      await takeDown(this, this.#context, record);
      if (record.sandboxId === id) await this.#sandboxes.release(id);
    }
  }

  /** Ends the processes of a running container and settles it, while its exit command waits for the lock. */
  async #end(
    record: ContainerRecord,
    timeoutSeconds: number | undefined,
    then = { remove: record.spec.remove },
  ): Promise<void> {
    const lock = await attendLock(this.#context, record.id);
    try {
      // What is frozen hears no signal.
      if (record.state === 'paused') await thaw(this.#context, this.crun, record.id);
      await endProcess(this.#context, record, timeoutSeconds ?? record.spec.stopTimeoutSeconds);
      await this.settle(record.id);
      if (then.remove) await this.#removeItself(record);
    } finally {
      lock?.release();
    }
  }

  /** `--rm`, and `--rmi`. The caller holds the operation. */
  async #removeItself(record: ContainerRecord): Promise<void> {
    await this.dismantle(record.id);
    if (!record.spec.removeImage) return;
    const { removeOwnImage } = await import('./own-image.ts');
    await removeOwnImage(this.#context, this, record);
  }

  #require(id: string): ContainerRecord {
    const record = this.#context.store.containers.get(id);
    if (!record) throw new PeapodError('NOT_FOUND', `no such container ${id.slice(0, 12)}`);
    return record;
  }
}
