import { closeSync, fstatSync, mkdirSync, openSync, readSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import { parseLogTime, parseUntil } from '../container/log-time.ts';
import type { Event, EventLog } from '../store/event-log.ts';
import type { Context } from './context.ts';
import { eventFilter } from './event-filter.ts';
import type { EventsRequest } from './requests.ts';

/** A longer wait is cut in two: that is as long as a timer can be. */
const longestTimerMs = 2_147_483_647;

/**
 * Hands on what has happened, oldest first, and then, with `stream`, what happens, until `until` or an interrupt.
 * What is new is told by inotify; nothing is polled. Throws INVALID_ARGUMENT before anything is read.
 */
export async function readEvents(
  context: Context,
  request: EventsRequest,
  onEvent: (event: Event) => void,
): Promise<void> {
  const matches = eventFilter(request.filters);
  const sinceMs = request.since === undefined ? undefined : parseLogTime(request.since, '--since');
  const untilMs = request.until === undefined ? undefined : parseUntil(request.until);
  const give = (event: Event) => {
    const timeMs = Date.parse(event.Time);
    if (timeMs < (sinceMs ?? 0) || timeMs > (untilMs ?? Number.POSITIVE_INFINITY)) return;
    if (matches(event)) onEvent(event);
  };
  const past = !request.stream || sinceMs !== undefined || untilMs !== undefined;
  const { events, interrupt } = context;
  const goesOn = request.stream && (untilMs === undefined || untilMs > Date.now());
  // Watched before it is read: nothing falls between.
  const change = goesOn ? new Change(dirname(events.path)) : undefined;
  const tail = new Tail(events);
  // A signal ends the following, and nothing else went wrong.
  const ended = new AbortController();
  const follow = async (changes: Change) => {
    for (;;) {
      const leftMs = (untilMs ?? Number.POSITIVE_INFINITY) - Date.now();
      if (leftMs <= 0 || ended.signal.aborted) return;
      await changes.next(ended.signal, leftMs);
      tail.read(give);
    }
  };
  try {
    if (past) tail.readOlder(give);
    else tail.skip();
    tail.read(give);
    if (change)
      await interrupt.forwarding(
        () => ended.abort(),
        () => follow(change),
      );
  } finally {
    change?.close();
    tail.close();
  }
}

/** Reads on from where it was, over the change from a full file to a new one. */
class Tail {
  readonly #log: EventLog;
  #fd: number | undefined;
  #rest = '';

  constructor(log: EventLog) {
    this.#log = log;
  }

  readOlder(give: (event: Event) => void): void {
    const fd = open(this.#log.olderPath);
    if (fd === undefined) return;
    try {
      for (const event of this.#parse(readAll(fd))) give(event);
    } finally {
      closeSync(fd);
    }
    this.#rest = '';
  }

  skip(): void {
    this.#fd ??= open(this.#log.path);
    if (this.#fd !== undefined) readAll(this.#fd);
  }

  read(give: (event: Event) => void): void {
    for (;;) {
      this.#fd ??= open(this.#log.path);
      if (this.#fd === undefined) return;
      for (const event of this.#parse(readAll(this.#fd))) give(event);
      const now = open(this.#log.path);
      const isNew = now !== undefined && fstatSync(now).ino !== fstatSync(this.#fd).ino;
      if (now !== undefined) closeSync(now);
      if (!isNew) return;
      // A writer that had opened it before it was renamed may have been late.
      for (const event of this.#parse(readAll(this.#fd))) give(event);
      this.close();
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    this.#rest = '';
  }

  *#parse(text: string): Generator<Event> {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      try {
        yield JSON.parse(line) as Event;
      } catch {
        // cut short by a full disk
      }
    }
  }
}

function open(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** From where the descriptor stands. */
function readAll(fd: number): string {
  const chunks: Buffer[] = [];
  for (;;) {
    const buffer = Buffer.allocUnsafe(65_536);
    const length = readSync(fd, buffer, 0, buffer.length, null);
    if (length === 0) return Buffer.concat(chunks).toString();
    chunks.push(buffer.subarray(0, length));
  }
}

/** Something has changed in a directory. */
class Change {
  readonly #watcher: ReturnType<typeof watch>;
  #changed = false;
  #wake: (() => void) | undefined;

  constructor(dir: string) {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    this.#watcher = watch(dir, () => {
      this.#changed = true;
      this.#wake?.();
    });
  }

  /** Resolves at a change since the last call, at the abort, or after `timeoutMs`. */
  async next(signal: AbortSignal, timeoutMs: number): Promise<void> {
    if (!this.#changed && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(timeoutMs, longestTimerMs));
        const wake = () => {
          clearTimeout(timer);
          resolve();
        };
        this.#wake = wake;
        signal.addEventListener('abort', wake, { once: true });
      });
    }
    this.#wake = undefined;
    this.#changed = false;
  }

  close(): void {
    this.#watcher.close();
  }
}
