import type { ChildProcess, StdioOptions } from 'node:child_process';
import { constants } from 'node:os';
import { PeapodError } from '../errors.ts';
import { lastLine } from './last-line.ts';
import { commandLine } from './shell-words.ts';
import { toolMissing } from './tools.ts';
import { isTracing, trace } from './trace.ts';

/**
 * The one door to other programs: Bun's own spawn for what is waited for, node:child_process for what outlives this
 * process, execa for what streams for long, since it costs 16 ms to import.
 */

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly timeoutMs?: number;
  /** Ends the program when it aborts; the call then rejects with an AbortError. */
  readonly signal?: AbortSignal;
  /** Exit codes besides 0 that are not an error; `'any'` for all of them. */
  readonly accept?: readonly number[] | 'any';
  /** File descriptors to inherit as 3, 4, … */
  readonly fds?: readonly number[];
  /** Inherit this fd as standard error instead of collecting it. */
  readonly stderr?: number;
  /** Inherit this fd as standard input. */
  readonly stdin?: number;
  /** Inherit this fd as standard output instead of collecting it. */
  readonly stdout?: number;
}

export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Thrown where a program ended with a code that the caller did not accept. */
export class CommandFailed extends PeapodError {
  readonly argv: readonly string[];
  readonly result: RunResult;

  constructor(argv: readonly string[], result: RunResult, signal?: string) {
    const said = lastLine(result.stderr);
    const how = signal ? `was ended by ${signal}` : `exited with ${result.exitCode}`;
    super('COMMAND_FAILED', `${argv[0]} ${how}${said ? `: ${said}` : ''}`);
    this.argv = argv;
    this.result = result;
  }
}

/**
 * Runs commands in one place: the host, the user's namespaces, a network namespace. A runner is a list of
 * words to put before a command, so that places nest.
 */
export class Runner {
  readonly prefix: readonly string[];

  constructor(prefix: readonly string[] = []) {
    this.prefix = prefix;
  }

  /** The argv to spawn from where the CLI stands. */
  command(argv: readonly string[]): string[] {
    return [...this.prefix, ...argv];
  }

  /** A runner one step further in, e.g. `within(['nsenter', '--net=/run/…', '--'])`. */
  within(prefix: readonly string[]): Runner {
    return new Runner([...this.prefix, ...prefix]);
  }

  netns(path: string): Runner {
    return this.within(['nsenter', `--net=${path}`, '--']);
  }

  /** Runs to the end and collects output. Throws CommandFailed, TOOL_MISSING. */
  run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const full = this.command(argv);
    const startedAt = performance.now();
    return collect(full, options).then((result) => {
      traceCommand(full, startedAt, result.exitCode);
      const { accept } = options;
      if (result.exitCode !== 0 && accept !== 'any' && !accept?.includes(result.exitCode)) {
        throw new CommandFailed(argv, result, result.endedBy);
      }
      return result;
    });
  }

  /**
   * Runs to the end and hands on each line of both outputs as it comes; returns the exit code. The
   * program is ended where this process ends, or where `signal` aborts.
   */
  async stream(
    argv: readonly string[],
    onLine: (line: string) => void,
    options: { readonly cwd?: string; readonly signal?: AbortSignal } = {},
  ): Promise<number> {
    const { execa } = await import('execa');
    const [file, ...args] = this.command(argv) as [string, ...string[]];
    const startedAt = performance.now();
    const child = execa(file, args, {
      stdin: 'ignore',
      all: true,
      buffer: false,
      reject: false,
      ...(options.cwd ? { cwd: options.cwd } : {}),
      ...(options.signal ? { cancelSignal: options.signal } : {}),
    });
    for await (const line of child.iterable({ from: 'all' })) onLine(line);
    const result = await child;
    if (result.code === 'ENOENT') throw toolMissing(file, result.cause);
    const exitCode = result.exitCode ?? 1;
    traceCommand([file, ...args], startedAt, exitCode);
    return exitCode;
  }

  /** Several commands in one spawn: a shell that stops at the first failure. */
  batch(commands: readonly (readonly string[])[], options: RunOptions = {}): Promise<RunResult> {
    const [only, ...more] = commands;
    if (only && more.length === 0) return this.run(only, options);
    return this.run(['sh', '-ec', commands.map(commandLine).join('\n')], options);
  }

  /**
   * Starts a program that outlives this process, in a session of its own, and returns its pid; `cwd` is the caller's
   * where it is left out. Descriptors are inherited as 0, 1, 2, 3, … Throws TOOL_MISSING.
   */
  detach(
    argv: readonly string[],
    stdio: readonly ('ignore' | number)[],
    env?: RunOptions['env'],
    cwd?: string,
  ): number {
    const full = this.command(argv);
    if (isTracing()) trace(commandLine(full), undefined, 'in the background');
    const [stdin = 'ignore', stdout = 'ignore', stderr = 'ignore', ...fds] = stdio;
    const child = spawnNow(full, {
      stdio: [stdin, stdout, stderr, ...fds],
      env,
      detached: true,
      ...(cwd ? { cwd } : {}),
    });
    child.unref();
    return child.pid;
  }

  /** As `detach`, for whoever listens to what the program says, or to its end. */
  start(argv: readonly string[], stdio: StdioOptions, env?: RunOptions['env'], cwd?: string): ChildProcess {
    const full = this.command(argv);
    if (isTracing()) trace(commandLine(full), undefined, 'in the background');
    const { spawn } = process.getBuiltinModule('node:child_process');
    const child = spawn(full[0] as string, full.slice(1), {
      stdio,
      detached: true,
      ...(env ? { env: { ...process.env, ...env } } : {}),
      ...(cwd ? { cwd } : {}),
    });
    child.unref();
    return child;
  }

  /**
   * Hands this process' stdio to a program (`output`: without standard input; `none`) and returns its exit
   * code, 128 + signal where one ended it.
   */
  async foreground(
    argv: readonly string[],
    options: {
      stdio: 'all' | 'output' | 'none';
      env?: RunOptions['env'];
      /** File descriptors to inherit as 3, 4, … */
      fds?: readonly number[];
      /** Gets a function that signals the program. */
      onStart?: (send: (signal: NodeJS.Signals) => void) => void;
      /** Gets what the program writes to standard error, which is not this process' own then. */
      onStderr?: ((bytes: Uint8Array) => void) | undefined;
    },
  ): Promise<number> {
    const full = this.command(argv);
    const { stdio, env, fds = [] } = options;
    const output = stdio === 'none' ? 'ignore' : 'inherit';
    const child = spawnNow(full, {
      stdio: [stdio === 'all' ? 'inherit' : 'ignore', output, options.onStderr ? 'pipe' : output, ...fds],
      env,
    });
    options.onStart?.((signal) => child.kill(signal));
    const said = options.onStderr && handOn(child.stderr, options.onStderr);
    const code = await child.exited;
    // What it has left in the background may keep its standard error open.
    if (said) await Promise.race([said, Bun.sleep(lateOutputMs)]);
    return exitCodeOf(child, code);
  }
}

const lateOutputMs = 100;

export const hostRunner = new Runner();

function traceCommand(argv: readonly string[], startedAt: number, exitCode: number): void {
  if (isTracing()) trace(commandLine(argv), performance.now() - startedAt, `exit ${exitCode}`);
}

type SpawnOptions = Omit<
  Bun.Spawn.SpawnOptions<Bun.Spawn.Writable, Bun.Spawn.Readable, Bun.Spawn.Readable>,
  'env'
>;
type Spawned = Bun.Subprocess<Bun.Spawn.Writable, Bun.Spawn.Readable, Bun.Spawn.Readable>;

/**
 * Bun's own call, for what this process waits for: node:child_process loads streams and sockets for its pipes, which
 * takes longer than most of the programs do. Throws TOOL_MISSING.
 */
function spawnNow(
  argv: readonly string[],
  { env, ...options }: { env?: RunOptions['env'] } & SpawnOptions,
): Spawned {
  try {
    return Bun.spawn([...argv], {
      ...options,
      env: { ...process.env, ...env } as Record<string, string>, // by itself Bun hands on that of its start
    });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? toolMissing(argv[0] as string, error) : error;
  }
}

/** As a shell has it: 128 + signal where one ended it. */
function exitCodeOf({ signalCode }: Spawned, code: number): number {
  if (!signalCode) return code;
  return 128 + (typeof signalCode === 'number' ? signalCode : constants.signals[signalCode]);
}

async function collect(
  argv: readonly string[],
  options: RunOptions,
): Promise<RunResult & { readonly endedBy: string | undefined }> {
  const { input, signal } = options;
  signal?.throwIfAborted();
  const child = spawnNow(argv, {
    stdio: [
      options.stdin ?? (input === undefined ? 'ignore' : Buffer.from(input)),
      options.stdout ?? 'pipe',
      options.stderr ?? 'pipe',
      ...(options.fds ?? []),
    ],
    env: options.env,
    ...(options.cwd ? { cwd: options.cwd } : {}),
    // A ^C is for peapod to answer: what undoes a half-made thing must not be hit by it.
    detached: true,
    ...(options.timeoutMs ? { timeout: options.timeoutMs } : {}),
    ...(signal ? { signal } : {}),
  });
  const [code, stdout, stderr] = await Promise.all([
    child.exited,
    textOf(child.stdout),
    textOf(child.stderr),
  ]);
  signal?.throwIfAborted();
  const { signalCode } = child;
  const endedBy = signalCode === null ? undefined : String(signalCode);
  return { exitCode: exitCodeOf(child, code), stdout, stderr, endedBy };
}

async function handOn(output: Spawned['stderr'], to: (chunk: Buffer) => void): Promise<void> {
  if (typeof output !== 'object') return;
  for await (const chunk of output) to(Buffer.from(chunk));
}

/** Nothing where the program had somebody else's descriptor. */
async function textOf(output: Spawned['stdout']): Promise<string> {
  if (typeof output !== 'object') return '';
  return Buffer.from(await Bun.readableStreamToBytes(output)).toString();
}
