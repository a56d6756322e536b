import { setTimeout as pause } from 'node:timers/promises';
import type { Runner } from '../host/exec.ts';
import type { FollowOptions } from './log-follow.ts';
import { isWithin, type LogEntry, type LogWindow } from './logs.ts';

/** What conmon writes to the journal of systemd, read by journalctl(1): one entry a line of the container. */

/** conmon writes standard error with this priority, standard output with 6. */
const errorPriority = '3';
const checkMs = 200;

function journalctl(id: string, { tail }: LogWindow, ...more: readonly string[]): string[] {
  const fields = '--output-fields=MESSAGE,PRIORITY,CONTAINER_PARTIAL_MESSAGE';
  // Without --all, messages that are long are null.
  const lines = `--lines=${tail ?? 'all'}`;
  return [
    'journalctl',
    '--no-pager',
    '--all',
    '--output=json',
    fields,
    lines,
    ...more,
    `CONTAINER_ID_FULL=${id}`,
  ];
}

/** The lines of a container as they are now, oldest first. Throws TOOL_MISSING, COMMAND_FAILED where it may not be read. */
export async function readJournal(runner: Runner, id: string, window: LogWindow): Promise<LogEntry[]> {
  const { stdout } = await runner.run(journalctl(id, window));
  return parseAll(stdout.split('\n'))
    .map(({ entry }) => entry)
    .filter((entry) => isWithin(window, entry));
}

/** Those that are there, then those that come, until the container has ended or `untilMs` has passed. */
export async function followJournal(runner: Runner, id: string, options: FollowOptions): Promise<void> {
  let cursor: string | undefined;
  const give = (lines: readonly string[]) => {
    for (const { entry, cursor: at } of parseAll(lines)) {
      cursor = at;
      if (isWithin(options, entry)) options.onEntry(entry);
    }
  };
  const stop = new AbortController();
  let hasEnded = false;
  const following = runner
    .stream(journalctl(id, options, '--follow'), (line) => give([line]), { signal: stop.signal })
    .finally(() => {
      hasEnded = true;
    });
  while (!hasEnded && goesOn(options)) await pause(checkMs);
  stop.abort();
  await following;
  if (options.signal?.aborted) return;
  // What came after the last look. It also says why, where there was none.
  const rest =
    cursor === undefined ? journalctl(id, options) : journalctl(id, {}, `--after-cursor=${cursor}`);
  give((await runner.run(rest)).stdout.split('\n'));
}

function goesOn({ signal, untilMs, isRunning }: FollowOptions): boolean {
  return !signal?.aborted && (untilMs === undefined || Date.now() <= untilMs) && isRunning();
}

interface JournalLine {
  readonly __CURSOR?: string;
  readonly __REALTIME_TIMESTAMP?: string;
  /** A list of bytes where it is no text. */
  readonly MESSAGE?: string | readonly number[] | null;
  readonly PRIORITY?: string;
  readonly CONTAINER_PARTIAL_MESSAGE?: string;
}

/** What is no entry is left out: journalctl tells what it thinks of permissions between them. */
export function parseAll(lines: readonly string[]): { entry: LogEntry; cursor: string }[] {
  return lines.flatMap((line) => {
    if (!line.startsWith('{')) return [];
    const found = JSON.parse(line) as JournalLine;
    const micros = BigInt(found.__REALTIME_TIMESTAMP ?? 0);
    const { MESSAGE: message } = found;
    const text = typeof message === 'string' ? message : Buffer.from(message ?? []).toString();
    const entry: LogEntry = {
      timeMs: Number(micros) / 1000,
      timestamp: timestampOf(micros),
      stream: found.PRIORITY === errorPriority ? 'stderr' : 'stdout',
      text: text.replace(/\n$/, ''),
      partial: found.CONTAINER_PARTIAL_MESSAGE === 'true',
    };
    return [{ entry, cursor: found.__CURSOR ?? '' }];
  });
}

function timestampOf(micros: bigint): string {
  const seconds = new Date(Number(micros / 1000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(micros % 1_000_000n).padStart(6, '0')}000Z`;
}
