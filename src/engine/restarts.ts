import { readExitCode } from '../container/exit-status.ts';
import { isPeapodError } from '../errors.ts';
import { isAlive, signalProcess, waitForEnd } from '../host/processes.ts';
import type { SupervisionRecord } from '../store/records/supervision.ts';
import type { ContainerRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import { nextPauseMs, wantsRestart } from './restart-policy.ts';

const cancelPatienceMs = 5_000;

/**
 * Restart policies. Without a daemon conmon's exit command keeps them: it records the exit and itself as the
 * restarter in one transaction, waits for as long as the pause is, and starts the container again, unless somebody
 * else has decided meanwhile. See decisions/0020.
 */
export class Restarts {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Ended, and to be started again: by a process that waits for its time, or, a moment before, that is about to. */
  isRestarting(record: ContainerRecord): boolean {
    const { store, facts, paths } = this.#context;
    const { id, state, process } = record;
    if (!record.spec.restart || record.bootId !== facts.bootId || state === 'created') return false;
    if (state === 'exited') return store.supervision.get(id)?.restarter !== undefined;
    if (process && isAlive(process)) return false;
    return this.wants(record, readExitCode(paths.exits, id) ?? 255);
  }

  /** Whether it is to run again after it has ended so. */
  wants(record: ContainerRecord, exitCode: number): boolean {
    const { restart, stopSignal } = record.spec;
    if (!restart || record.bootId !== this.#context.facts.bootId) return false;
    const { restartCount = 0, userSignal } = this.#context.store.supervision.get(record.id) ?? {};
    return wantsRestart(restart, { exitCode, restartCount, userSignal, stopSignal });
  }

  /** Part of the transaction that records the exit: from now on this process is to start it again. */
  next(id: string, ranForMs: number): void {
    const { supervision, self } = this.#context.store;
    const { restartCount = 0, pauseMs = 0 } = supervision.get(id) ?? {};
    supervision.restarting(id, {
      restartCount: restartCount + 1,
      pauseMs: nextPauseMs(pauseMs, ranForMs),
      restarter: self,
    });
  }

  /** A user starts it: what was before no longer counts. The caller holds the operation on it. */
  async anew(record: ContainerRecord): Promise<void> {
    if (!record.spec.restart) return;
    await this.cancel(record);
    this.#context.store.supervision.begin(record.id);
  }

  /** Starts it by its policy. A user's signal may come as soon as it runs, so that older ones are forgotten before. */
  async perform(record: ContainerRecord, launch: () => Promise<void>): Promise<void> {
    const { supervision } = this.#context.store;
    supervision.forgetSignal(record.id);
    try {
      await launch();
      supervision.forgetRestart(record.id);
      this.#context.events.container('restart', record);
    } catch (error) {
      this.#failed(record);
      throw error;
    }
  }

  /** It stays ended: part of the transaction that records the exit. */
  stays(record: ContainerRecord): void {
    if (record.spec.restart) this.#context.store.supervision.forgetRestart(record.id);
  }

  /** Before a user's signal is sent: the end that comes of it is to stay. */
  signalled(record: ContainerRecord, signal: number): void {
    if (record.spec.restart) this.#context.store.supervision.setUserSignal(record.id, signal);
  }

  /** True where this process is the one that starts it again. */
  isMine(id: string): boolean {
    return this.#isSelf(this.#context.store.supervision.get(id)?.restarter);
  }

  /** Nobody starts it again, and who waited to do it has ended. The caller holds the operation on it. Idempotent. */
  async cancel(record: ContainerRecord): Promise<void> {
    const { supervision } = this.#context.store;
    const restarter = record.spec.restart && supervision.get(record.id)?.restarter;
    if (!restarter) return;
    supervision.forgetRestart(record.id);
    if (record.bootId !== this.#context.facts.bootId || this.#isSelf(restarter)) return;
    signalProcess(restarter, 'SIGTERM');
    await waitForEnd(restarter, cancelPatienceMs);
  }

  /** Waits for its time, then starts it; as often as that fails and the policy allows. Nothing where it is not ours. */
  async keep(id: string, start: () => Promise<void>): Promise<void> {
    const { store, interrupt } = this.#context;
    for (;;) {
      const mine = store.supervision.get(id);
      if (!mine || !this.#isSelf(mine.restarter)) return;
      const { setTimeout: pause } = await import('node:timers/promises');
      await pause(mine.pauseMs, undefined, { signal: interrupt.signal }).catch(() => {});
      interrupt.check();
      try {
        await start();
        return;
      } catch (error) {
        if (isPeapodError(error, 'INTERRUPTED') || !this.isMine(id)) throw error;
      }
    }
  }

  /** A start by its policy failed: tried again after a longer pause, as if it had run and ended so. */
  #failed(record: ContainerRecord): void {
    if (this.wants(record, 125)) this.next(record.id, 0);
    else this.#context.store.supervision.forgetRestart(record.id);
  }

  #isSelf(restarter: SupervisionRecord['restarter']): boolean {
    const { pid, startTicks } = this.#context.store.self;
    return restarter?.pid === pid && restarter.startTicks === startTicks;
  }
}
