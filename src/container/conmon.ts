import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PeapodError } from '../errors.ts';
import type { Runner } from '../host/exec.ts';
import { lastLine } from '../host/last-line.ts';
import { pipe } from '../host/libc.ts';
import { LineReader } from '../host/line-reader.ts';
import { identify, type ProcessIdentity } from '../host/processes.ts';
import { commandLine, shellQuote } from '../host/shell-words.ts';
import type { Crun } from './crun.ts';
import { createFailure, lastMessage, parseSyncLine } from './exit-status.ts';

export interface MonitorRequest {
  readonly id: string;
  readonly name: string;
  /** Holds config.json; conmon puts its attach socket and control fifo there. */
  readonly bundle: string;
  /** `none`, `k8s-file:PATH`, `journald`, or `passthrough`: the container gets the standard streams of this process. */
  readonly log: string;
  /** Of this process, for the container as 3, 4, …. */
  readonly fds: readonly number[];
  /** The file begins anew at this size; undefined for never. */
  readonly logSizeMaxBytes?: number | undefined;
  /** What the journal calls the container instead of its name. */
  readonly logTag?: string | undefined;
  /** conmon kills the container after so long. */
  readonly timeoutSeconds?: number | undefined;
  /** conmon writes the exit code to `<exits>/<id>`. */
  readonly exits: string;
  readonly crun: Crun;
  /** Words before the runtime's own where it makes the container, absolute path first. */
  readonly runtimePrefix?: readonly string[] | undefined;
  readonly terminal: boolean;
  readonly stdin: boolean;
  /** Where conmon writes the pid of the container's first process. */
  readonly pidFile: string;
  /** The container's command, for error messages. */
  readonly args: readonly string[];
  /** Run by conmon when the container has ended, also where it could not be created; absolute path first. */
  readonly exitCommand: readonly string[];
  /** Run first, in the same shell: mounts that only the container's namespaces need. */
  readonly before: readonly (readonly string[])[];
}

export interface Monitored {
  readonly process: ProcessIdentity;
  readonly monitor: ProcessIdentity;
}

/**
 * Has conmon create the container: afterwards its first process waits for `crun start`. See conmon(8).
 * Throws COMMAND_NOT_FOUND, COMMAND_NOT_EXECUTABLE, COMMAND_FAILED.
 */
export async function createUnderMonitor(runner: Runner, request: MonitorRequest): Promise<Monitored> {
  const errors = join(request.bundle, 'conmon.err');
  const sync = pipe();
  const errorFd = openSync(errors, 'w', 0o600);
  const passthrough = request.log === 'passthrough';
  const words = conmonWords(request);
  const before = request.before.map(commandLine).join('\n');
  // What fails before there is a container must not be told on its streams.
  const first = passthrough ? `{ ${before}\n} </dev/null >${shellQuote(errors)} 2>&1` : before;
  const argv = before === '' ? words : ['sh', '-ec', `${first}\nexec ${commandLine(words)}`];
  const streams = passthrough ? ([0, 1, 2] as const) : (['ignore', 'ignore', errorFd] as const);
  const start = () => {
    try {
      return runner.detach(argv, [...streams, ...request.fds, sync.writeFd], {
        _OCI_SYNCPIPE: String(3 + request.fds.length),
        NOTIFY_SOCKET: undefined,
      });
    } finally {
      for (const fd of [errorFd, sync.writeFd]) closeSync(fd);
    }
  };
  try {
    const pid = start();
    const line = await new LineReader(sync.readFd).line();
    const said = passthrough && line === '' ? lastMessage(runtimeLog(request)) : '';
    if (said !== '') throw createFailure(said, request.args[0] ?? '');
    if (line === '') throw monitorFailed(readFileSync(errors, 'utf8'));
    const outcome = parseSyncLine(line);
    if (outcome.pid === undefined) throw createFailure(outcome.message, request.args[0] ?? '');
    const process = identify(outcome.pid);
    const monitor = identify(pid);
    if (!process || !monitor) throw monitorFailed(readFileSync(errors, 'utf8'));
    return { process, monitor };
  } finally {
    closeSync(sync.readFd);
  }
}

function runtimeLog({ bundle }: MonitorRequest): string {
  return join(bundle, 'oci-log');
}

function conmonWords(request: MonitorRequest): string[] {
  const { id, bundle, crun, runtimePrefix = [] } = request;
  const globals = [...crun.globalArguments, '--log-format=json', `--log=${runtimeLog(request)}`];
  const [runtime = crun.path, ...runtimeArguments] = [...runtimePrefix, crun.path, ...globals];
  const [exitCommand, ...exitArguments] = request.exitCommand;
  return [
    'conmon',
    '--api-version',
    '1',
    '--sync',
    '--full-attach',
    '--no-sync-log',
    ...['-c', id, '-u', id, '-n', request.name, '-r', runtime, '-b', bundle],
    ...['-p', request.pidFile, '--exit-dir', request.exits, '--persist-dir', bundle],
    ...['-l', request.log],
    ...(request.logSizeMaxBytes === undefined ? [] : ['--log-size-max', String(request.logSizeMaxBytes)]),
    ...(request.logTag === undefined ? [] : ['--log-tag', request.logTag]),
    ...(request.timeoutSeconds === undefined ? [] : ['-T', String(request.timeoutSeconds)]),
    ...(request.terminal ? ['-t'] : []),
    ...(request.stdin && !request.terminal && request.log !== 'passthrough' ? ['-i'] : []),
    ...(request.fds.length === 0
      ? []
      : ['--runtime-opt', '--preserve-fds', '--runtime-opt', String(request.fds.length)]),
    ...runtimeArguments.map((word) => `--runtime-arg=${word}`),
    ...(exitCommand ? ['--exit-command', exitCommand] : []),
    ...exitArguments.flatMap((word) => ['--exit-command-arg', word]),
  ];
}

function monitorFailed(said: string): PeapodError {
  const last = lastLine(said);
  return new PeapodError('COMMAND_FAILED', `the container could not be prepared${last ? `: ${last}` : ''}`);
}
