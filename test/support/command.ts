import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

export interface Outcome {
  /** 128 + the signal's number where one ended it. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  /** The command is killed and the call fails after it; 60,000 by default. */
  readonly timeoutMs?: number;
}

/** A command that goes on while the test looks at what it does. */
export class Started {
  readonly outcome: Promise<Outcome>;
  #child: ChildProcess;
  #forks: boolean;
  #stdout = '';
  #stderr = '';

  /** `forks`: the command's words begin with `nsenter --pid`, which runs the command as its child. */
  constructor(argv: readonly string[], env: Readonly<Record<string, string>>, forks: boolean) {
    const child = spawn(argv[0] as string, argv.slice(1), { env, stdio: 'pipe' });
    this.#child = child;
    this.#forks = forks;
    child.stdin.on('error', () => {}); // a command may end before it has read its input
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    const ended = Promise.withResolvers<Outcome>();
    child.on('error', ended.reject);
    child.on('close', (code, signal) => {
      const exitCode = code ?? 128 + (signal ? constants.signals[signal] : 0);
      ended.resolve({ exitCode, stdout: this.#stdout, stderr: this.#stderr });
    });
    this.outcome = ended.promise;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Pid of the command itself as the machine sees it. */
  get pid(): number {
    const pid = this.#child.pid as number;
    if (!this.#forks) return pid;
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
    if (!child) throw new Error(`${this.#child.spawnargs.join(' ')} has not started yet, or has ended`);
    return Number(child);
  }

  write(text: string | Uint8Array): void {
    this.#child.stdin?.write(text);
  }

  closeInput(): void {
    this.#child.stdin?.end();
  }

  /** Signals the command, not the words before it. */
  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Kills the command where it still runs, and waits for its end. */
  async stop(): Promise<Outcome> {
    try {
      this.signal('SIGKILL');
    } catch {
      // it has ended
    }
    this.#child.kill('SIGKILL');
    return this.outcome;
  }

  /** Resolves once standard output or error matches. */
  async seen(pattern: RegExp, timeoutMs = 10_000): Promise<void> {
    let ended = false;
    this.outcome.then(
      () => {
        ended = true;
      },
      () => {
        ended = true;
      },
    );
    const deadline = performance.now() + timeoutMs;
    while (!pattern.test(this.#stdout) && !pattern.test(this.#stderr)) {
      if (ended || performance.now() > deadline) {
        const how = ended ? 'ended' : `${timeoutMs} ms went by`;
        throw new Error(`${how} without ${pattern}:\n${this.#stdout}\n${this.#stderr}`);
      }
      await pause(10);
    }
  }
}

export async function runCommand(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  options: CommandOptions = {},
  forks = false,
): Promise<Outcome> {
  const started = new Started(argv, { ...env, ...options.env }, forks);
  const timeoutMs = options.timeoutMs ?? 60_000;
  const timer = setTimeout(() => void started.stop(), timeoutMs);
  const startedAt = performance.now();
  if (options.input !== undefined) started.write(options.input);
  started.closeInput();
  const outcome = await started.outcome;
  clearTimeout(timer);
  if (performance.now() - startedAt >= timeoutMs) {
    throw new Error(
      `${argv.join(' ')} did not end within ${timeoutMs} ms:\n${outcome.stdout}\n${outcome.stderr}`,
    );
  }
  return outcome;
}

/** Throws with all that the command said where it failed. */
export function expectSuccess(argv: readonly string[], outcome: Outcome): Outcome {
  if (outcome.exitCode === 0) return outcome;
  throw new Error(
    `${argv.join(' ')} exited with ${outcome.exitCode}\n--- stdout\n${outcome.stdout}--- stderr\n${outcome.stderr}`,
  );
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Tries until `attempt` neither throws nor returns undefined or false; then returns what it returned. */
export async function eventually<T>(
  attempt: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 20_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let failure: unknown = new Error(`not so within ${timeoutMs} ms`);
    try {
      const value = await attempt();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      failure = error;
    }
    if (performance.now() > deadline) throw failure;
    await pause(25);
  }
}
