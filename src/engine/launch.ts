import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createUnderMonitor, type Monitored } from '../container/conmon.ts';
import type { Crun } from '../container/crun.ts';
import type { RootfsPlan } from '../container/rootfs.ts';
import type { ResolvedUser } from '../container/user.ts';
import { outsideOf } from '../container/user-namespace.ts';
import { type FileLock, waitForLock } from '../host/locks.ts';
import { mountCommands, mountHere } from '../host/mounts.ts';
import { step } from '../host/trace.ts';
import type { ContainerRecord, MountSpec } from '../store/records.ts';
import { sharedMemoryCommands, writeBundle } from './bundle.ts';
import type { Context } from './context.ts';
import { writeEtcFiles } from './etc.ts';
import { beginHealth } from './health.ts';
import { noteOomKills } from './oom-kills.ts';
import { monitorLog } from './parse-log.ts';
import { makePodCgroup } from './pod-cgroups.ts';
import { planRootfs } from './rootfs.ts';
import type { ReadySandbox, Sandboxes } from './sandboxes.ts';
import type { GivenSecrets } from './secret-uses.ts';
import type { UsernsStart } from './start-in-userns.ts';
import { startingUser } from './user-entries.ts';
import { mountVolumes } from './volume-mounts.ts';
import { requireWorkdir } from './workdir.ts';

/** A command that stays with the container from before its first instruction. */
export interface Attended {
  /** Called between create and start: no output is lost. */
  connect(files: { socketPath: string; ctlPath: string }): Promise<void>;
  /** Gets the lock that keeps conmon's exit command waiting; releases it after its own clean-up. */
  keep(lock: FileLock): void;
}

/** What a start is more than a start in the background. */
export interface StartHow {
  readonly attended?: Attended | undefined;
  /** All of it but the first instruction. */
  readonly init?: boolean;
  /** Descriptors of this process that the container gets as 3, 4, …, this once. */
  readonly fds?: readonly number[] | undefined;
}

/** A sandbox whose namespaces exist and whose network is on its way. */
export interface Starting {
  readonly network: Promise<void>;
  /** After `network` it holds the attachment, too. */
  view(): ReadySandbox;
}

/** Runs when the container has ended: nothing to do where another command attends to it or has cleaned up. */
const exitScript = 'exec 9<"$1" && flock 9; [ -e "$2" ] || exit 0; shift 2; exec "$@"';

const lockWaitMs = 30_000;

/** From a container's record to its running first process. */
export class Launcher {
  readonly #context: Context;
  readonly #sandboxes: Sandboxes;
  readonly #crun: () => Crun;
  readonly #takeDown: (record: ContainerRecord) => Promise<void>;

  constructor(
    context: Context,
    sandboxes: Sandboxes,
    crun: () => Crun,
    takeDown: (record: ContainerRecord) => Promise<void>,
  ) {
    this.#context = context;
    this.#sandboxes = sandboxes;
    this.#crun = crun;
    this.#takeDown = takeDown;
  }

  /** With its sandbox; the caller holds the operations on both. What fails is undone. */
  async launch(record: ContainerRecord, how: StartHow = {}): Promise<void> {
    const own = record.sandboxId === record.id;
    try {
      await this.launchIn(record, await this.#sandboxes.begin(record.sandboxId), how);
    } catch (error) {
      if (own) await this.#context.interrupt.shielded(() => this.#sandboxes.release(record.id));
      throw error;
    }
  }

  async launchIn(record: ContainerRecord, starting: Starting, how: StartHow = {}): Promise<void> {
    const { paths, store } = this.#context;
    const { attended } = how;
    const runtimeDir = paths.containerRuntime(record.id);
    mkdirSync(runtimeDir, { recursive: true, mode: 0o700 });
    const lock = await waitForLock(join(runtimeDir, 'lock'), 'exclusive', lockWaitMs);
    try {
      await this.#run(record, starting, how);
      if (lock && attended) attended.keep(lock);
    } catch (error) {
      // A network that still comes up would outlive the undo.
      await starting.network.catch(() => {});
      await this.#takeDown(record);
      if (record.sandboxId !== record.id)
        await this.#sandboxes.networks.announce(record.sandboxId).catch(() => {});
      store.containers.setError(record.id, (error as Error).message);
      lock?.release();
      throw error;
    } finally {
      if (!attended) lock?.release();
    }
  }

  async #run(record: ContainerRecord, starting: Starting, how: StartHow): Promise<void> {
    const { paths, facts, store, interrupt, events } = this.#context;
    const { id } = record;
    const crun = this.#runtimeOf(record);
    const runtimeDir = paths.containerRuntime(id);
    for (const dir of [paths.container(id), paths.exits, paths.crunRoot]) mkdirSync(dir, { recursive: true });
    // Whoever ends it may be quicker than its monitor: the code of an earlier run must not be there to read.
    rmSync(join(paths.exits, id), { force: true });
    const [plan, runner] = await Promise.all([
      step('plan the root file system', () =>
        planRootfs(this.#context, record, starting.view().namespacePaths.user),
      ),
      this.#context.inside(),
    ]);
    const { user, ...entries } = await startingUser(this.#context, record, plan);
    requireWorkdir(record, plan);
    writeEtcFiles(this.#context, record, starting.view());
    const { userns } = record.spec;
    const images = await this.#images(record);
    const volumes = mountVolumes(this.#context, images.record, plan, outsideOf(user, userns));
    const secrets = await this.#secrets(record);
    const users = userns ? await this.#inUserNamespace(record, plan, user, volumes.mounts) : undefined;
    await makePodCgroup(this.#context, record);
    const seccomp = writeBundle(this.#context, {
      record,
      rootDir: users?.rootDir ?? plan.path,
      user,
      sandbox: starting.view(),
      podOf: (container) => this.#podSandbox(container),
      mounts: [...volumes.mounts, ...secrets.mounts, ...entries.mounts],
      secretEnv: secrets.env,
      crunPath: crun.path,
    });
    interrupt.check();
    const request = {
      id,
      name: record.name,
      bundle: runtimeDir,
      log: monitorLog(this.#context, record),
      logSizeMaxBytes: record.spec.log?.maxSizeBytes,
      logTag: record.spec.log?.driver === 'journald' ? record.spec.log.tag : undefined,
      fds: how.fds ?? [],
      timeoutSeconds: record.spec.timeoutSeconds,
      exits: paths.exits,
      crun,
      runtimePrefix: users?.runtimePrefix,
      terminal: record.spec.terminal,
      pidFile: record.spec.pidFile ?? join(runtimeDir, 'pidfile'),
      stdin: record.spec.openStdin,
      args: record.spec.args,
      exitCommand: this.#exitCommand(id),
      before: [
        ...this.#mountRoot(plan),
        ...entries.write(),
        ...sharedMemoryCommands(this.#context, record),
        ...images.before,
        ...volumes.before,
        ...secrets.before,
        ...(users?.before ?? []),
      ],
    };
    const created = step('mount the root, create the container', () => createUnderMonitor(runner, request));
    const isMember = record.sandboxId !== id;
    // Before it runs: its own first question may be about a name, and a name server that reads names anew is deaf for a moment.
    const named = starting.network.then(() =>
      isMember ? this.#sandboxes.networks.announce(record.sandboxId, record) : undefined,
    );
    const [monitored] = await settled([created, named] as const);
    events.container('init', record);
    volumes.settle();
    interrupt.check();
    for (const path of [join(runtimeDir, 'conmon.pid'), record.spec.conmonPidFile]) {
      if (path) writeFileSync(path, String(monitored.monitor.pid));
    }
    writeEtcFiles(this.#context, record, starting.view());
    if (how.init) store.containers.setInitialized(id, { ...monitored, bootId: facts.bootId });
    else await this.#begin(record, monitored, how.attended);
    seccomp.remember(crun.root, id);
  }

  /** What `init` has made runs from here on; the caller holds the operations. What fails is undone. */
  async startInitialized(record: ContainerRecord, attended?: Attended): Promise<void> {
    const { id, process, monitor } = record;
    if (!process || !monitor) throw new Error(`${id} is not initialized`);
    const lockPath = join(this.#context.paths.containerRuntime(id), 'lock');
    const lock = await waitForLock(lockPath, 'exclusive', lockWaitMs);
    try {
      await this.#begin(record, { process, monitor }, attended);
      if (lock && attended) attended.keep(lock);
    } catch (error) {
      await this.#takeDown(record);
      if (record.sandboxId === id) await this.#context.interrupt.shielded(() => this.#sandboxes.release(id));
      lock?.release();
      throw error;
    } finally {
      if (!attended) lock?.release();
    }
  }

  async #begin(record: ContainerRecord, monitored: Monitored, attended?: Attended): Promise<void> {
    const { paths, facts, store, events } = this.#context;
    const { id } = record;
    const runtimeDir = paths.containerRuntime(id);
    // With the log driver passthrough the container has this process' own streams.
    if (record.spec.log?.driver !== 'passthrough')
      await attended?.connect({ socketPath: join(runtimeDir, 'attach'), ctlPath: join(runtimeDir, 'ctl') });
    noteOomKills(this.#context, record, monitored.process.pid);
    const startedAtMs = Date.now();
    const runner = await this.#context.inside();
    await step('start the container', () => this.#runtimeOf(record).start(runner, id));
    store.containers.setRunning(id, { ...monitored, startedAtMs, bootId: facts.bootId });
    beginHealth(this.#context, { ...record, startedAtMs });
    events.container('start', record);
    if (attended) events.container('attach', record);
    // Another member that ended meanwhile did not count this one yet.
    if (record.sandboxId !== id) await this.#sandboxes.networks.announce(record.sandboxId);
  }

  #runtimeOf({ spec }: ContainerRecord): Crun {
    return spec.cgroup?.mode === 'disabled' ? this.#crun().withoutCgroups() : this.#crun();
  }

  /** In this process' own mount namespace at once, else as commands for the container's. */
  #mountRoot(plan: RootfsPlan): string[][] {
    if (this.#context.separateMounts) return plan.mounts.flatMap(mountCommands);
    for (const mount of plan.mounts) mountHere(mount);
    return [];
  }

  async #images(record: ContainerRecord): Promise<{ record: ContainerRecord; before: string[][] }> {
    if (!record.spec.mounts.some(({ type }) => type === 'image')) return { record, before: [] };
    return (await import('./image-mounts.ts')).mountImages(this.#context, record);
  }

  async #inUserNamespace(
    record: ContainerRecord,
    plan: RootfsPlan,
    user: ResolvedUser,
    mounts: readonly MountSpec[],
  ): Promise<UsernsStart> {
    return (await import('./start-in-userns.ts')).startInUserns(this.#context, record, plan, user, mounts);
  }

  async #secrets(record: ContainerRecord): Promise<GivenSecrets> {
    if (!record.spec.secrets?.length) return { mounts: [], env: {}, before: [] };
    return (await import('./secret-uses.ts')).giveSecrets(this.#context, record);
  }

  /** The pod's sandbox, also where the container's network is its own. */
  #podSandbox(record: ContainerRecord): ReadySandbox | undefined {
    return record.podId ? this.#sandboxes.view(record.podId) : undefined;
  }

  #exitCommand(id: string): string[] {
    const dir = this.#context.paths.containerRuntime(id);
    const words = [...this.#context.self, 'container', 'cleanup', id];
    return ['/bin/sh', '-c', exitScript, 'sh', join(dir, 'lock'), join(dir, 'config.json'), ...words];
  }
}

/** Waits for all, then throws the first failure: nothing is still under way when the undo begins. */
async function settled<T extends readonly Promise<unknown>[]>(
  promises: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const results = await Promise.allSettled(promises);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as never;
}
