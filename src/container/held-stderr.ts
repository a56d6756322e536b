import { lastMessage } from './exit-status.ts';
import { OutputQueue } from './output-queue.ts';

const stderr = 2;
/** crun writes to standard error a moment before its log tells that it was crun. */
const doubtMs = 20;

/** What a command that crun may fail to start writes to standard error: passed on, unless it is crun's own complaint. */
export class HeldStderr {
  readonly #logFile: string;
  readonly #queue = new OutputQueue();
  #held: Uint8Array[] = [];
  #isPassedOn = false;
  #timer: NodeJS.Timeout | undefined;

  /** `logFile` is where crun says, in JSON, what kept it from running the command. */
  constructor(logFile: string) {
    this.#logFile = logFile;
  }

  receive(bytes: Uint8Array): void {
    if (this.#isPassedOn) {
      this.#queue.push(stderr, bytes);
      return;
    }
    this.#held.push(bytes);
    this.#timer ??= setTimeout(() => this.#decide(), doubtMs);
  }

  /** After the end of the command: all that is to be seen has been written. */
  async end(): Promise<void> {
    this.#decide();
    await this.#queue.flushed();
  }

  #decide(): void {
    clearTimeout(this.#timer);
    if (this.#isPassedOn || lastMessage(this.#logFile) !== '') return;
    this.#isPassedOn = true;
    for (const bytes of this.#held.splice(0)) this.#queue.push(stderr, bytes);
  }
}
