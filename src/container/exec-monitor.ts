import { closeSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Runner } from '../host/exec.ts';
import { pipe } from '../host/libc.ts';
import { LineReader } from '../host/line-reader.ts';
import { AttachConnection } from './attach-connection.ts';
import type { Crun } from './crun.ts';
import { createFailure, lastMessage, parseSyncLine } from './exit-status.ts';

export interface ExecMonitorRequest {
  readonly containerId: string;
  readonly sessionId: string;
  /** The session's own, which is there: conmon's attach socket and control fifo, and at the end the exit code. Goes with conmon. */
  readonly dir: string;
  readonly crun: Crun;
  /** What `crun exec --process` reads. */
  readonly processFile: string;
  /** Where crun says, in JSON, what kept it from running the command. */
  readonly logFile: string;
  readonly terminal: boolean;
  readonly stdin: boolean;
  /** The command, for error messages. */
  readonly command: string;
}

/** A process that a conmon of its own holds: it outlives whoever is attached to it. */
export interface ExecSession {
  readonly connection: AttachConnection;
  /** conmon's control fifo. */
  readonly ctlPath: string;
  /** After the connection has ended. 255 where conmon was killed. */
  exitCode(): Promise<number>;
  close(): void;
}

/** Starts a command under conmon(8) and returns when it runs. Throws COMMAND_NOT_FOUND, COMMAND_NOT_EXECUTABLE. */
export async function startDetached(runner: Runner, request: ExecMonitorRequest): Promise<void> {
  const sync = launch(runner, request, []);
  try {
    await started(sync, request);
  } finally {
    sync.close();
  }
}

/** As `startDetached`, but coupled before its first instruction: no output is lost. */
export async function startCoupled(runner: Runner, request: ExecMonitorRequest): Promise<ExecSession> {
  const [start, attach] = [pipe(), pipe()];
  const sync = launch(runner, request, [
    ['_OCI_STARTPIPE', start.readFd],
    ['_OCI_ATTACHPIPE', attach.writeFd],
  ]);
  closeSync(start.readFd);
  closeSync(attach.writeFd);
  const ready = new LineReader(attach.readFd);
  try {
    // Once to let it begin, and once, when its socket has been found, to let it run the command.
    writeSync(start.writeFd, '\n');
    if ((await ready.line()) === '') await started(sync, request);
    const connection = await AttachConnection.open(join(request.dir, 'attach'));
    try {
      writeSync(start.writeFd, '\n');
      await started(sync, request);
    } catch (error) {
      connection.close();
      throw error;
    }
    return {
      connection,
      ctlPath: join(request.dir, 'ctl'),
      exitCode: async () => {
        const code = exitCodeIn(await sync.line());
        forget(request);
        return code;
      },
      close: () => sync.close(),
    };
  } catch (error) {
    sync.close();
    throw error;
  } finally {
    closeSync(start.writeFd);
    ready.close();
  }
}

function launch(
  runner: Runner,
  request: ExecMonitorRequest,
  pipes: readonly (readonly [variable: string, fd: number])[],
): LineReader {
  const sync = pipe();
  const env = Object.fromEntries(pipes.map(([variable], index) => [variable, String(4 + index)]));
  try {
    runner.detach(
      conmonWords(request, pipes.length > 0),
      ['ignore', 'ignore', 'ignore', sync.writeFd, ...pipes.map(([, fd]) => fd)],
      { _OCI_SYNCPIPE: '3', NOTIFY_SOCKET: undefined, ...env },
    );
  } catch (error) {
    closeSync(sync.readFd);
    throw error;
  } finally {
    closeSync(sync.writeFd);
  }
  return new LineReader(sync.readFd);
}

function conmonWords(request: ExecMonitorRequest, attached: boolean): string[] {
  const { containerId, sessionId, dir, crun } = request;
  const runtimeArguments = [...crun.globalArguments, '--log-format=json', `--log=${request.logFile}`];
  return [
    'conmon',
    ...['--api-version', '1', '--sync', '--full-attach', '--no-sync-log', '-l', 'none'],
    ...['-c', containerId, '-u', sessionId, '-n', sessionId, '-r', crun.path, '-b', dir],
    ...['-p', join(dir, 'pidfile'), '--exit-dir', dir],
    ...['--exec', '--exec-process-spec', request.processFile],
    ...(attached ? ['--exec-attach'] : []),
    ...(request.terminal ? ['-t'] : []),
    ...(request.stdin ? ['-i'] : []),
    ...runtimeArguments.map((word) => `--runtime-arg=${word}`),
    ...['--exit-command', '/bin/rm', '--exit-command-arg', '-rf', '--exit-command-arg', dir],
  ];
}

async function started(sync: LineReader, request: ExecMonitorRequest): Promise<void> {
  const { logFile, command } = request;
  const outcome = parseSyncLine(await sync.line());
  // With a terminal conmon gives no reason.
  if (outcome.pid !== undefined) return;
  forget(request);
  throw createFailure(lastMessage(logFile) || outcome.message, command);
}

/** Whoever sees the end does what conmon's exit command is there for: it may be late, or not come to it. */
function forget({ dir }: ExecMonitorRequest): void {
  rmSync(dir, { recursive: true, force: true });
}

function exitCodeIn(line: string): number {
  try {
    const { data } = JSON.parse(line) as { data?: unknown };
    return typeof data === 'number' && data >= 0 ? data & 0xff : 255;
  } catch {
    return 255;
  }
}
