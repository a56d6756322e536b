import { closeSync, watch } from 'node:fs';
import { isWithin, LogCursor, type LogEntry, type LogWindow, lastOf, openLog } from './logs.ts';

export interface FollowOptions extends LogWindow {
  /** False once the container's monitor has ended: then nothing more is written. */
  readonly isRunning: () => boolean;
  readonly onEntry: (entry: LogEntry) => void;
  /** Ends the following early. */
  readonly signal?: AbortSignal;
}

/** How often the end is looked for; new lines are told by inotify at once. */
const checkMs = 200;

/**
 * Gives out the lines of a log that are there, then those that come, until the container has ended or
 * `untilMs` has passed. A line without its end waits for it, or for that of the container.
 */
export async function followLog(path: string, options: FollowOptions): Promise<void> {
  const fd = await openWhenThere(path, options);
  if (fd === undefined) return;
  try {
    const give = (entries: Iterable<LogEntry>) => {
      for (const entry of entries) if (isWithin(options, entry)) options.onEntry(entry);
    };
    const cursor = new LogCursor(fd, options.tail);
    if (options.tail !== undefined) give(lastOf([...cursor.read()], options.tail));
    const change = changes(path);
    try {
      for (;;) {
        // Asked first: what was written before the end is in the file by then.
        const last = !goesOn(options);
        give(cursor.read());
        if (last) break;
        await change.next(options.signal);
      }
    } finally {
      change.close();
    }
    if (!options.signal?.aborted) give(cursor.rest());
  } finally {
    closeSync(fd);
  }
}

/** Follows several logs at once; lines come in the order in which they are seen. */
export async function followLogs<Name>(
  logs: readonly (readonly [name: Name, path: string, options: Omit<FollowOptions, 'onEntry'>])[],
  onEntry: (name: Name, entry: LogEntry) => void,
): Promise<void> {
  await Promise.all(
    logs.map(([name, path, options]) =>
      followLog(path, { ...options, onEntry: (entry) => onEntry(name, entry) }),
    ),
  );
}

function goesOn({ signal, untilMs, isRunning }: FollowOptions): boolean {
  if (signal?.aborted || (untilMs !== undefined && Date.now() > untilMs)) return false;
  return isRunning();
}

async function openWhenThere(path: string, options: FollowOptions): Promise<number | undefined> {
  for (;;) {
    const last = !goesOn(options);
    const fd = openLog(path);
    if (fd !== undefined || last) return fd;
    await new Promise((resolve) => setTimeout(resolve, checkMs / 4));
  }
}

interface Changes {
  /** Resolves at a change since the last call, at the abort, or after a while. */
  next(signal: AbortSignal | undefined): Promise<void>;
  close(): void;
}

function changes(path: string): Changes {
  let changed = false;
  let wake: (() => void) | undefined;
  const onChange = () => {
    changed = true;
    wake?.();
  };
  const watcher = watch(path, onChange);
  // A file system without inotify is looked at every checkMs.
  watcher.on('error', () => {});
  return {
    async next(signal) {
      if (!changed && !signal?.aborted) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, checkMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
          signal?.addEventListener('abort', wake, { once: true });
        });
      }
      if (wake) signal?.removeEventListener('abort', wake);
      wake = undefined;
      changed = false;
    },
    close: () => watcher.close(),
  };
}
