import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PeapodError } from '../errors.ts';

/** What conmon and crun say about a container that could not be made, and what conmon leaves of one that ended. */

/** `pid` is absent where the container could not be created. */
export interface SyncOutcome {
  readonly pid?: number;
  readonly message: string;
}

/** The one line that conmon writes to its sync pipe (API version 1): the pid, or -1 and the runtime's words. */
export function parseSyncLine(line: string): SyncOutcome {
  try {
    const { data, message } = JSON.parse(line) as { data?: unknown; message?: unknown };
    if (typeof data === 'number') {
      const text = typeof message === 'string' ? runtimeMessage(message) : '';
      return data > 0 ? { pid: data, message: text } : { message: text };
    }
  } catch {
    // conmon was cut short
  }
  return { message: line.trim() };
}

/** The text of crun's JSON log lines; any other text as it is. The last error counts. */
function runtimeMessage(text: string): string {
  let last = '';
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    last = jsonMessage(line)?.msg ?? line.trim();
  }
  return last;
}

function jsonMessage(line: string): { msg: string } | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const entry = JSON.parse(line) as { msg?: unknown; level?: unknown };
    return typeof entry.msg === 'string' && typeof entry.level === 'string' ? { msg: entry.msg } : undefined;
  } catch {
    return undefined;
  }
}

const noSuchCommand = /executable file .* not found|executable file not found/i;
const noSuchDirectory = /^chdir `(.*)`: no such file or directory/i;
const noInterpreter = /^exec\b.*: no such file or directory/i;
const wrongFormat = /^exec\b.*: exec format error/i;
const notPermitted =
  /^open executable: (permission denied|operation not permitted)|exec.*: permission denied/i;
const notInvocable = /^open executable: /i;

/**
 * The error of a `crun create` that failed with `message`, in podman's words: 127 where the command is
 * missing, 126 for whatever else kept it from being invoked.
 */
export function createFailure(message: string, command: string): PeapodError {
  const missing = whatIsMissing(message, command);
  if (missing !== undefined) {
    return new PeapodError(
      'COMMAND_NOT_FOUND',
      `crun: ${message}: OCI runtime attempted to invoke a command that was not found`,
      { hint: missing, exitCode: 127 },
    );
  }
  if (notPermitted.test(message)) {
    return new PeapodError('COMMAND_NOT_EXECUTABLE', `crun: ${message}: OCI permission denied`, {
      hint: `is ${command} a program that the container's user may execute?`,
      exitCode: 126,
    });
  }
  const isFormat = wrongFormat.test(message);
  const code = isFormat || notInvocable.test(message) ? 'COMMAND_NOT_EXECUTABLE' : 'COMMAND_FAILED';
  return new PeapodError(code, `OCI runtime error: crun: ${message || 'no reason given'}`, {
    ...(isFormat ? { hint: `is ${command} built for this machine, or a script that begins with #!?` } : {}),
    exitCode: 126,
  });
}

/** Undefined where something else was wrong. */
function whatIsMissing(message: string, command: string): string | undefined {
  if (noSuchCommand.test(message))
    return `is ${command} part of the container's root filesystem and on its PATH?`;
  const directory = noSuchDirectory.exec(message)?.[1];
  if (directory !== undefined) return `the working directory ${directory} is not in the container`;
  return noInterpreter.test(message)
    ? `the interpreter or loader that ${command} names is not in the container's root filesystem`
    : undefined;
}

/** The exit code that conmon wrote to `<exits>/<id>`; undefined while there is none. */
export function readExitCode(exits: string, id: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(join(exits, id), 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  // -1: conmon lost sight of the process.
  return /^-?\d+$/.test(text) ? Number(text) & 0xff : undefined;
}

/** conmon's marker for a container that the kernel's out-of-memory killer hit, in its `--persist-dir`. */
export function wasOomKilled(persistDir: string): boolean {
  return existsSync(join(persistDir, 'oom'));
}

/**
 * Waits for the exit code. conmon closes the attach sockets before it writes the file, so an attached client
 * is early by a moment. Undefined where `isMonitored()` turned false without a file, or after `timeoutMs`.
 */
export async function waitForExitCode(
  exits: string,
  id: string,
  options: { readonly isMonitored: () => boolean; readonly timeoutMs?: number },
): Promise<number | undefined> {
  const deadline = performance.now() + (options.timeoutMs ?? Number.POSITIVE_INFINITY);
  for (let pauseMs = 0.5; ; pauseMs = Math.min(pauseMs * 2, 50)) {
    // Asked first: the file is there before the monitor ends.
    const monitored = options.isMonitored();
    const code = readExitCode(exits, id);
    if (code !== undefined || !monitored || performance.now() > deadline) return code;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** What crun itself said last, in its JSON log; empty where the command ran. */
export function lastMessage(logFile: string): string {
  try {
    const line = readFileSync(logFile, 'utf8').trim().split('\n').at(-1) ?? '';
    return line === '' ? '' : ((JSON.parse(line) as { msg?: string }).msg ?? '');
  } catch {
    return '';
  }
}
