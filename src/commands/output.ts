import { writeFully } from '../host/write.ts';

/** Where a command writes. `line` adds the newline. */
export interface Output {
  write(text: string): void;
  line(text: string): void;
  /** Everything written so far reaches the file descriptor. */
  flush(): void;
}

/** Thrown to whoever goes on writing after the reader went away (`peapod logs -f x | head -1`). */
export class BrokenPipe extends Error {}

const flushAtCharacters = 64 * 1024;

/**
 * Writes a file descriptor synchronously: `process.stdout` is a stream whose set-up alone costs 10 ms, more
 * than all else that `ps` does. With `buffered`, text waits until 64 KiB, the end of the current turn of the
 * event loop, or `flush`. A reader that went away is no failure of what was written already: only a write
 * after that throws BrokenPipe. `before` is flushed first, so that a terminal shows both in their order.
 */
export function descriptorOutput(fd: number, buffered: boolean, before?: Output): Output {
  let pending = '';
  let scheduled = false;
  let open = true;
  const flush = () => {
    const text = pending;
    pending = '';
    if (text !== '' && open) open = writeFully(fd, Buffer.from(text));
  };
  const write = (text: string) => {
    if (!open) throw new BrokenPipe();
    before?.flush();
    pending += text;
    if (!buffered || pending.length >= flushAtCharacters) return flush();
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      flush();
    });
  };
  return { write, line: (text) => write(`${text}\n`), flush };
}
