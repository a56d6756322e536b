import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { tailOffset } from './log-tail.ts';

/** conmon's k8s-file format: `<RFC 3339 time> <stdout|stderr> <F|P> <text>`, P where no newline followed. */

export type LogStream = 'stdout' | 'stderr';

/** One line that a container wrote. */
export interface LogEntry {
  /** Milliseconds since the epoch, with a fraction. */
  readonly timeMs: number;
  /** As conmon wrote it: `2026-01-01T00:00:00.000000000+00:00`. */
  readonly timestamp: string;
  readonly stream: LogStream;
  /** Without its newline. */
  readonly text: string;
  /** No newline has followed. */
  readonly partial: boolean;
}

export interface LogWindow {
  /** How many of the last lines; all if undefined. */
  readonly tail?: number | undefined;
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
}

interface LogPiece {
  readonly timestamp: string;
  readonly stream: LogStream;
  readonly partial: boolean;
  readonly text: string;
}

const frame = /^(\S+) (stdout|stderr) ([FP])(?::\S*)? ?/;

/** Undefined for what conmon did not write. */
function parsePiece(line: string): LogPiece | undefined {
  const match = frame.exec(line);
  if (!match) return undefined;
  const [head, timestamp, stream, tag] = match as unknown as [string, string, LogStream, string];
  return { timestamp, stream, partial: tag === 'P', text: line.slice(head.length) };
}

/** A line without an end is given out in parts of this size: a container must not fill our memory. */
const maxLineLength = 1 << 20;

/** Puts the pieces of each stream's lines together again. */
class LogJoiner {
  readonly #open = new Map<LogStream, { timestamp: string; text: string }>();

  add(line: string): LogEntry | undefined {
    const piece = parsePiece(line);
    if (!piece) return undefined;
    const begun = this.#open.get(piece.stream);
    const timestamp = begun?.timestamp ?? piece.timestamp;
    const text = (begun?.text ?? '') + piece.text;
    if (piece.partial && text.length < maxLineLength) {
      this.#open.set(piece.stream, { timestamp, text });
      return undefined;
    }
    this.#open.delete(piece.stream);
    return entry(timestamp, piece.stream, text, piece.partial);
  }

  /** The lines that never ended, once nothing more will come. */
  rest(): LogEntry[] {
    const rest = [...this.#open].map(([stream, { timestamp, text }]) => entry(timestamp, stream, text, true));
    this.#open.clear();
    return rest.sort((a, b) => a.timeMs - b.timeMs);
  }
}

function entry(timestamp: string, stream: LogStream, text: string, partial: boolean): LogEntry {
  return { timeMs: logTimeMs(timestamp), timestamp, stream, text, partial };
}

/** Date knows milliseconds only: the digits below them are added. */
function logTimeMs(timestamp: string): number {
  const fraction = /\.\d{3}(\d+)/.exec(timestamp)?.[1];
  return Date.parse(timestamp) + (fraction ? Number(`0.${fraction}`) : 0);
}

const chunkBytes = 64 << 10;

/** Splits a growing file into lines; what has no newline yet waits for the rest. */
class LogFileReader {
  readonly #fd: number;
  #position: number;
  #rest: Buffer = Buffer.alloc(0);

  constructor(fd: number, position: number) {
    this.#fd = fd;
    this.#position = position;
  }

  /** The lines between the last call and the end of the file as it is now. */
  *lines(): Generator<string> {
    // Somebody emptied the file.
    if (fstatSync(this.#fd).size < this.#position) {
      this.#position = 0;
      this.#rest = Buffer.alloc(0);
    }
    for (;;) {
      const chunk = Buffer.alloc(chunkBytes);
      const length = readSync(this.#fd, chunk, 0, chunkBytes, this.#position);
      if (length === 0) return;
      this.#position += length;
      const data = Buffer.concat([this.#rest, chunk.subarray(0, length)]);
      let start = 0;
      for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10, start)) {
        yield data.toString('utf8', start, end);
        start = end + 1;
      }
      this.#rest = data.subarray(start);
    }
  }
}

export function isWithin(window: LogWindow, { timeMs }: LogEntry): boolean {
  return (
    timeMs >= (window.sinceMs ?? Number.NEGATIVE_INFINITY) &&
    timeMs <= (window.untilMs ?? Number.POSITIVE_INFINITY)
  );
}

/** Undefined where the container has not been started yet. */
export function openLog(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The lines of a log file as it is now; only as much of it is read as `tail` needs. */
export function* readLog(path: string, window: LogWindow): Generator<LogEntry> {
  const fd = openLog(path);
  if (fd === undefined) return;
  try {
    const cursor = new LogCursor(fd, window.tail);
    const { tail } = window;
    const entries = function* () {
      yield* cursor.read();
      yield* cursor.rest();
    };
    const wanted = tail === undefined ? entries() : lastOf([...entries()], tail);
    for (const line of wanted) if (isWithin(window, line)) yield line;
  } finally {
    closeSync(fd);
  }
}

/** Reads a log on from where it was left; starts where the last `tail` lines and maybe some before begin. */
export class LogCursor {
  readonly #reader: LogFileReader;
  readonly #joiner = new LogJoiner();

  constructor(fd: number, tail: number | undefined) {
    this.#reader = new LogFileReader(fd, tail === undefined ? 0 : tailOffset(fd, tail));
  }

  /** Lines that have ended since the last call. */
  *read(): Generator<LogEntry> {
    for (const line of this.#reader.lines()) {
      const complete = this.#joiner.add(line);
      if (complete) yield complete;
    }
  }

  /** Lines that have not ended and never will. */
  rest(): LogEntry[] {
    return this.#joiner.rest();
  }
}

export function lastOf<Item>(items: readonly Item[], count: number): readonly Item[] {
  return count === 0 ? [] : items.slice(-count);
}

/** Several containers' lines in the order of time; each source must be in order itself. */
export function* mergeLogs<Name>(
  sources: readonly (readonly [name: Name, entries: Iterable<LogEntry>])[],
): Generator<readonly [name: Name, entry: LogEntry]> {
  const heads = sources
    .map(([name, entries]) => {
      const rest = entries[Symbol.iterator]();
      return { name, rest, next: rest.next() };
    })
    .filter(({ next }) => !next.done);
  while (heads.length > 0) {
    let first = 0;
    heads.forEach((head, index) => {
      if (head.next.value.timeMs < (heads[first] as (typeof heads)[number]).next.value.timeMs) first = index;
    });
    const head = heads[first] as (typeof heads)[number];
    yield [head.name, head.next.value];
    head.next = head.rest.next();
    if (head.next.done) heads.splice(first, 1);
  }
}
