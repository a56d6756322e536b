import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { PeapodError } from '../errors.ts';
import { isTerminal } from '../host/terminal.ts';
import type { LogSpec } from '../store/records/isolation.ts';
import type { ContainerRecord, ContainerSpec } from '../store/records.ts';
import type { Context } from './context.ts';
import { parseSize } from './parse-size.ts';

function invalid(message: string, hint?: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', message, hint ? { hint } : {});
}

/** podman writes `json-file` in its own format, too. */
const drivers: Readonly<Record<string, LogSpec['driver']>> = {
  'k8s-file': 'k8s-file',
  'json-file': 'k8s-file',
  none: 'none',
  off: 'none',
  passthrough: 'passthrough',
  journald: 'journald',
};

const journalSocket = '/run/systemd/journal/socket';

/** `--log-driver` and `--log-opt`. Throws INVALID_ARGUMENT. */
export function parseLog(
  driver: string | undefined,
  options: readonly string[],
  { cwd, tty }: { readonly cwd: string; readonly tty: boolean },
): Pick<ContainerSpec, 'log'> {
  if (!driver && options.length === 0) return {};
  const name = driver || 'k8s-file';
  const kind = drivers[name];
  if (kind === undefined) {
    throw invalid(
      'invalid log driver: invalid argument',
      'choose from k8s-file, json-file, journald, passthrough, none',
    );
  }
  if (kind === 'passthrough' && tty) throw onTerminal();
  if (kind === 'journald' && !existsSync(journalSocket)) {
    throw invalid(
      `the log driver journald needs the journal of systemd, which does not run here: there is no ${journalSocket}`,
      'choose k8s-file, which needs nothing',
    );
  }
  const log: LogSpec = Object.assign(
    { driver: kind, name },
    ...options.map((word) => parseOption(word, cwd)),
  );
  const isFile = log.path !== undefined || log.maxSizeBytes !== undefined;
  if (isFile && (kind === 'journald' || kind === 'passthrough'))
    throw invalid(`--log-opt path and max-size are for files, which the log driver ${name} does not write`);
  return { log };
}

function parseOption(word: string, cwd: string): Partial<LogSpec> {
  const at = word.indexOf('=');
  const [key, value] = [word.slice(0, Math.max(at, 0)), word.slice(at + 1)];
  if (at <= 0 || value === '')
    throw invalid(`invalid log option "${word}"`, 'path=FILE, max-size=10mb or tag=TEXT');
  switch (key) {
    case 'max-size':
      return { maxSizeBytes: parseSize(value, 'max-size') };
    case 'path': {
      const path = resolve(cwd, value);
      if (!statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory())
        throw invalid(`--log-opt ${word}: ${dirname(path)} is not a directory`);
      return { path };
    }
    case 'tag':
      return { tag: value };
    default:
      throw invalid(`unknown log option "${key}"`, 'known are path, max-size and tag');
  }
}

function onTerminal(): PeapodError {
  return invalid(
    "the '--log-driver passthrough' option cannot be used on a TTY",
    'a container must not hold the terminal of its caller: redirect all streams, or choose k8s-file',
  );
}

/** `--log-path` of conmon(8). Throws INVALID_ARGUMENT where the container would get a terminal of this process. */
export function monitorLog(context: Context, record: ContainerRecord): string {
  const driver = record.spec.log?.driver;
  if (driver === 'journald') return driver;
  if (driver === 'passthrough') {
    if ([0, 1, 2].some(isTerminal)) throw onTerminal();
    return driver;
  }
  const path = logPath(context, record);
  return path === undefined ? 'none' : `k8s-file:${path}`;
}

/** Where the monitor writes what a container says; undefined where it writes no file. */
export function logPath(
  context: Context,
  { id, spec }: Pick<ContainerRecord, 'id' | 'spec'>,
): string | undefined {
  if (spec.log && spec.log.driver !== 'k8s-file') return undefined;
  return spec.log?.path ?? join(context.paths.container(id), 'ctr.log');
}

/** podman's InspectLogConfig. */
export function inspectLog(context: Context, record: ContainerRecord): Record<string, unknown> {
  const { log } = record.spec;
  return {
    Type: log?.name ?? 'k8s-file',
    Config: null,
    Path: logPath(context, record) ?? '',
    Tag: log?.tag ?? '',
    Size: log?.maxSizeBytes === undefined ? '0B' : `${log.maxSizeBytes}B`,
  };
}
