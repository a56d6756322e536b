import { PeapodError } from '../errors.ts';

const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type Interrupting = keyof typeof exitCodes;

/**
 * Turns SIGINT, SIGTERM and SIGHUP into an error at the next safe point, so that the undo of a half-made
 * thing runs like that of any other failure. A second signal changes nothing: undo is never cut short.
 */
export class Interrupt {
  #received: Interrupting | undefined;
  readonly #abort = new AbortController();
  #shields = 0;
  #forward: ((signal: Interrupting) => void) | undefined;

  /** For good: with the handlers gone, a late signal would kill a command that has done its work before it says so. */
  install(): void {
    for (const signal of Object.keys(exitCodes) as Interrupting[])
      process.on(signal, () => this.#receive(signal));
  }

  /** Aborts with the first signal: for waits that may be long. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** A safe point: throws INTERRUPTED where a signal came. */
  check(): void {
    if (!this.#received || this.#shields > 0) return;
    throw new PeapodError('INTERRUPTED', `interrupted by ${this.#received}`, {
      exitCode: exitCodes[this.#received],
    });
  }

  /** For undo and recovery: no safe point within is one. */
  async shielded<T>(work: () => Promise<T>): Promise<T> {
    this.#shields++;
    try {
      return await work();
    } finally {
      this.#shields--;
    }
  }

  /** For work whose programs a ^C of the terminal ends, too: its failure is then the interrupt's. */
  async blame<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      this.check();
      throw error;
    }
  }

  /** Hands signals to a running container while `work` lasts. */
  async forwarding<T>(to: (signal: Interrupting) => void, work: () => Promise<T>): Promise<T> {
    this.check();
    this.#forward = to;
    try {
      return await work();
    } finally {
      this.#forward = undefined;
    }
  }

  #receive(signal: Interrupting): void {
    if (this.#forward) {
      this.#forward(signal);
      return;
    }
    this.#received ??= signal;
    this.#abort.abort();
  }
}
