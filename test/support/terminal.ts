import { eventually, type Outcome, type Started } from './command.ts';
import type { TestHost } from './test-host.ts';

let opened = 0;

/** A command on a pseudo-terminal of its own, as util-linux' script(1) gives it. */
export class Terminal {
  readonly outcome: Promise<Outcome>;
  #host: TestHost;
  #started: Started;
  #device: string;

  private constructor(host: TestHost, started: Started, device: string) {
    this.#host = host;
    this.#started = started;
    this.#device = device;
    this.outcome = started.outcome;
  }

  static async open(
    host: TestHost,
    command: readonly string[],
    size = { columns: 80, rows: 24 },
  ): Promise<Terminal> {
    opened += 1;
    const nameFile = `/tmp/terminal-${opened}`;
    const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    const inner = `tty > ${nameFile}; stty cols ${size.columns} rows ${size.rows}; exec ${quoted}`;
    const started = host.spawn(['env', 'SHELL=/bin/sh', 'script', '-qefc', inner, '/dev/null']);
    const device = await eventually(() => host.sh(`grep -s /dev/pts ${nameFile}`));
    return new Terminal(host, started, device);
  }

  /** All that the terminal has shown, carriage returns removed. */
  get screen(): string {
    return this.#started.stdout.replaceAll('\r', '');
  }

  /** Types text; `\x10\x11` is podman's detach sequence. */
  type(text: string): void {
    this.#started.write(text);
  }

  async seen(pattern: RegExp, timeoutMs?: number): Promise<void> {
    await this.#started.seen(pattern, timeoutMs);
  }

  /** Changes the size as a window manager does: the foreground process gets SIGWINCH. */
  async resize(columns: number, rows: number): Promise<void> {
    await this.#host.rootSh(`stty -F ${this.#device} cols ${columns} rows ${rows}`);
  }

  async close(): Promise<void> {
    await this.#started.stop();
  }
}
