import { type FollowOptions, followLog } from '../container/log-follow.ts';
import { parseLogTime, parseUntil } from '../container/log-time.ts';
import { type LogEntry, type LogWindow, mergeLogs, readLog } from '../container/logs.ts';
import { PeapodError } from '../errors.ts';
import { isAlive } from '../host/processes.ts';
import type { ContainerRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import type { LogSink } from './engine.ts';
import { logPath } from './parse-log.ts';
import type { LogsRequest } from './requests.ts';

/** Logs of one container or several, merged by time; with `follow` until all of them have ended. */
export async function readLogs(
  context: Context,
  records: readonly ContainerRecord[],
  request: LogsRequest,
  sink: LogSink,
): Promise<void> {
  const window: LogWindow = {
    tail: request.tail,
    ...(request.since === undefined ? {} : { sinceMs: parseLogTime(request.since, '--since') }),
    ...(request.until === undefined ? {} : { untilMs: parseUntil(request.until) }),
  };
  const pathOf = (record: ContainerRecord) => {
    const path = logPath(context, record);
    if (path !== undefined) return path;
    throw new PeapodError(
      'WRONG_STATE',
      `this container is using the '${record.spec.log?.driver}' log driver, cannot read logs: this container is not logging output`,
      { hint: 'make it anew with --log-driver k8s-file' },
    );
  };
  const emit = (record: ContainerRecord, entry: LogEntry) => {
    // As podman writes it, by Go's RFC 3339.
    const time = request.timestamps ? `${entry.timestamp.replace(/\+00:00$/, 'Z')} ` : '';
    const name = request.names ? record.name : record.id.slice(0, 12);
    const line = `${records.length > 1 ? `${name} ` : ''}${time}${entry.text}`;
    sink(entry.stream, request.color ? coloured(line, records.indexOf(record)) : line, entry.partial);
  };
  if (!request.follow) {
    const sources = await Promise.all(
      records.map(async (record) => {
        const entries = isJournaled(record)
          ? await (await import('../container/journal.ts')).readJournal(context.host, record.id, window)
          : readLog(pathOf(record), window);
        return [record, entries] as const;
      }),
    );
    for (const [record, entry] of mergeLogs(sources)) emit(record, entry);
    return;
  }
  // A signal ends the following, and nothing else went wrong.
  const follow = new AbortController();
  await context.interrupt.forwarding(
    () => follow.abort(),
    () =>
      Promise.all(
        records.map(async (record) => {
          const options: FollowOptions = {
            ...window,
            isRunning: () => isWritten(context, record.id),
            onEntry: (entry) => emit(record, entry),
            signal: follow.signal,
          };
          if (!isJournaled(record)) return followLog(pathOf(record), options);
          const { followJournal } = await import('../container/journal.ts');
          return followJournal(context.host, record.id, options);
        }),
      ),
  );
}

function isJournaled({ spec }: ContainerRecord): boolean {
  return spec.log?.driver === 'journald';
}

/** podman's, in its order: one for each container. */
const colours = [37, 31, 33, 34, 35, 36, 32];

function coloured(line: string, index: number): string {
  return `\x1b[${colours[index % colours.length]}m${line}\x1b[0m`;
}

/** Whether a monitor may still write to the log. */
function isWritten(context: Context, id: string): boolean {
  const record = context.store.containers.get(id);
  return record?.monitor !== undefined && isAlive(record.monitor);
}
