import { messageOf, PeapodError } from '../errors.ts';
import { step } from '../host/trace.ts';
import type { Operation, Verb } from '../store/operations.ts';
import type { Context } from './context.ts';

const waitLimitMs = 120_000;

/** Brings what a killed command left to rest; given by the engine, which knows how. */
export type Recover = (left: Operation) => Promise<void>;

/**
 * One change at a time for each pod, container and sandbox, across processes. The row in the store is
 * written before the first step and deleted after the last: see `src/store/operations.ts`.
 */
export class Operations {
  readonly #context: Context;
  readonly #recover: Recover;

  constructor(context: Context, recover: Recover) {
    this.#context = context;
    this.#recover = recover;
  }

  /** Waits for others to be done with the subject. Throws BUSY after two minutes, INTERRUPTED. */
  async during<T>(subjectId: string, verb: Verb, work: () => Promise<T>): Promise<T> {
    await this.#acquire(subjectId, verb);
    try {
      return await step(`${verb} ${subjectId.slice(0, 12)}`, work);
    } finally {
      this.#context.store.operations.end(subjectId);
    }
  }

  /** For a container and the pod that it starts in: pod before container, which is the one order there is. */
  duringBoth<T>(
    container: { readonly id: string; readonly sandboxId: string },
    verb: Verb,
    work: () => Promise<T>,
  ): Promise<T> {
    const { id, sandboxId } = container;
    const inner = () => this.during(id, verb, work);
    return sandboxId === id ? inner() : this.during(sandboxId, verb, inner);
  }

  /**
   * For subjects that this very call creates: `insert` and the operation are one transaction; where `work`
   * fails, `undo` runs before the operation ends, and both errors are told.
   */
  async creating<T>(
    subjectId: string,
    insert: () => void,
    work: () => Promise<T>,
    undo: () => Promise<void>,
  ): Promise<T> {
    const { store } = this.#context;
    store.db.transaction(() => {
      insert();
      store.operations.begin(subjectId, 'create');
    });
    try {
      return await step(`create ${subjectId.slice(0, 12)}`, work);
    } catch (error) {
      await this.#context.interrupt
        .shielded(() => step(`undo the creation of ${subjectId.slice(0, 12)}`, undo))
        .catch((undoError) => {
          throw new PeapodError(
            'INTERNAL',
            `${messageOf(error)}; undoing it failed too: ${messageOf(undoError)}`,
            {
              cause: error,
            },
          );
        });
      this.#context.interrupt.check();
      throw error;
    } finally {
      store.operations.end(subjectId);
    }
  }

  /** Finishes or undoes what killed commands left. Cheap where nothing was left. */
  async recoverAbandoned(): Promise<void> {
    const { store } = this.#context;
    for (const left of store.operations.abandoned()) {
      if (!store.operations.takeOver(left)) continue;
      try {
        await this.#context.interrupt.shielded(() => this.#recoverTraced(left));
      } finally {
        store.operations.end(left.subjectId);
      }
    }
  }

  #recoverTraced(left: Operation): Promise<void> {
    const what = `finish or undo the ${left.verb} of ${left.subjectId.slice(0, 12)} that was killed`;
    return step(what, () => this.#recover(left));
  }

  async #acquire(subjectId: string, verb: Verb): Promise<void> {
    const { store, interrupt } = this.#context;
    const deadline = performance.now() + waitLimitMs;
    for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 50)) {
      interrupt.check();
      if (store.operations.begin(subjectId, verb)) return;
      const inTheWay = store.operations.get(subjectId);
      if (!inTheWay) continue;
      if (store.operations.isAbandoned(inTheWay) && store.operations.takeOver(inTheWay)) {
        try {
          await this.#context.interrupt.shielded(() => this.#recoverTraced(inTheWay));
        } finally {
          store.operations.end(subjectId);
        }
        continue;
      }
      if (performance.now() > deadline) {
        throw new PeapodError(
          'BUSY',
          `another peapod (pid ${inTheWay.owner.pid}) still works on ${subjectId.slice(0, 12)}`,
          {
            hint: 'wait for it, or end that process; what it left is cleaned up by the next command',
          },
        );
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}
