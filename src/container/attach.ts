import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { enterRawMode, isTerminal, type TerminalSize, terminalSize } from '../host/terminal.ts';
import type { AttachConnection } from './attach-connection.ts';
import { DetachScanner, defaultDetachKeys, parseDetachKeys } from './detach-keys.ts';
import { OutputQueue } from './output-queue.ts';

export interface AttachOptions {
  /** conmon's control fifo, `ctl` in the bundle. */
  readonly ctlPath: string;
  /** Forward this process' standard input. */
  readonly stdin: boolean;
  /** The container has a terminal: this one goes into raw mode and its size follows. */
  readonly tty: boolean;
  /** As `--detach-keys`; only a terminal can detach. */
  readonly detachKeys?: string | undefined;
  /** Leaves the container alone, as detach keys do, when it aborts. */
  readonly signal?: AbortSignal;
  /** File descriptors for the container's output, 1 and 2 where they are left out; `none` shows nothing of it. */
  readonly stdout?: number | 'none' | undefined;
  readonly stderr?: number | 'none' | undefined;
}

/** `eof`: the monitor closed its side, the container has ended or is about to. */
export interface AttachResult {
  readonly ended: 'eof' | 'detached';
}

const STDOUT = 2;
/** Beyond this much unwritten output, reading stops until it is written. */
const highWaterBytes = 1 << 20;

/**
 * Couples this process' standard streams with a container until either side ends. The connection was made
 * before `crun start`, so that no output is lost. Closes it. Throws INVALID_ARGUMENT for bad detach keys, and
 * EPIPE and the like where the output cannot be written.
 */
export async function pumpAttach(
  connection: AttachConnection,
  options: AttachOptions,
): Promise<AttachResult> {
  const raw = options.tty && options.stdin && isTerminal(0);
  const keys = raw ? parseDetachKeys(options.detachKeys ?? defaultDetachKeys) : new Uint8Array();
  const undo: (() => void)[] = [() => connection.close()];
  try {
    if (raw) undo.push(enterRawMode(0).restore);
    if (options.tty) undo.push(followTerminalSize(options.ctlPath));
    const output = forwardOutput(connection, options.stdout ?? 1, options.stderr ?? 2);
    const left = abandoned(options.signal);
    if (!options.stdin) return await Promise.race([output, left]);
    const input = forwardInput(connection, new DetachScanner(keys));
    undo.push(input.stop);
    return await Promise.race([output, input.detached, left]);
  } finally {
    for (const step of undo.reverse()) step();
  }
}

function forwardOutput(
  connection: AttachConnection,
  stdout: number | 'none',
  stderr: number | 'none',
): Promise<AttachResult> {
  const { promise, resolve, reject } = Promise.withResolvers<AttachResult>();
  const queue = new OutputQueue(() => {
    connection.resume();
    if (queue.error) reject(queue.error);
  });
  connection.receive({
    packet: (packet) => {
      const fd = packet[0] === STDOUT ? stdout : stderr;
      if (fd !== 'none') queue.push(fd, packet.subarray(1));
      if (queue.pendingBytes > highWaterBytes) connection.pause();
    },
    end: () => {
      queue.flushed().then(() => (queue.error ? reject(queue.error) : resolve({ ended: 'eof' })), reject);
    },
  });
  return promise;
}

/** Never resolves without a signal. */
function abandoned(signal: AbortSignal | undefined): Promise<AttachResult> {
  const { promise, resolve } = Promise.withResolvers<AttachResult>();
  const leave = () => resolve({ ended: 'detached' });
  if (signal?.aborted) leave();
  signal?.addEventListener('abort', leave, { once: true });
  return promise;
}

interface ForwardedInput {
  /** Never resolves unless the keys were pressed. */
  readonly detached: Promise<AttachResult>;
  stop(): void;
}

function forwardInput(connection: AttachConnection, scanner: DetachScanner): ForwardedInput {
  const { promise, resolve, reject } = Promise.withResolvers<AttachResult>();
  const reader = Bun.stdin.stream().getReader();
  let stopped = false;
  const pump = async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (stopped) return;
      if (done) return connection.endInput();
      const { data, detached } = scanner.scan(value);
      if (!(await connection.send(data))) return;
      if (detached) return resolve({ ended: 'detached' });
    }
  };
  pump().catch(reject);
  return {
    detached: promise,
    stop() {
      stopped = true;
      reader.cancel().catch(() => {});
    },
  };
}

/** A monitor that has no terminal yet drops what it is told of its size: it is told again after these times. */
const tellAgainMs = [50, 250, 1000];

/** Tells conmon the size of this process' terminal, now and whenever it changes. Returns what ends it. */
function followTerminalSize(ctlPath: string): () => void {
  const tell = () => tellTerminalSize(ctlPath);
  // Listening first: a change between the two would be missed.
  process.on('SIGWINCH', tell);
  tell();
  const timers = tellAgainMs.map((ms) => setTimeout(tell, ms));
  return () => {
    process.off('SIGWINCH', tell);
    for (const timer of timers) clearTimeout(timer);
  };
}

/** Before a container starts, so that its first question about the size has the answer. */
export function tellTerminalSize(ctlPath: string): void {
  const size = terminalSize(0) ?? terminalSize(1);
  if (size) resizeTerminal(ctlPath, size);
}

/** conmon refuses anything larger. */
const maxTerminalSize = 1000;

/** Sets the size of a container's terminal; false where its monitor is gone. */
export function resizeTerminal(ctlPath: string, size: TerminalSize): boolean {
  const rows = Math.min(size.rows, maxTerminalSize);
  const columns = Math.min(size.columns, maxTerminalSize);
  let fd: number | undefined;
  try {
    // O_NONBLOCK: without a reader, opening must fail and not wait.
    fd = openSync(ctlPath, constants.O_WRONLY | constants.O_NONBLOCK);
    writeSync(fd, `1 ${rows} ${columns}\n`);
    return true;
  } catch {
    return false;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
