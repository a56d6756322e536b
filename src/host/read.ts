import { readSync } from 'node:fs';

/** Blocks until something can be read from a descriptor, also from one that somebody made non-blocking. 0 at the end. */
export function readBlocking(
  fd: number,
  into: Uint8Array,
  offset = 0,
  length = into.length - offset,
): number {
  for (;;) {
    try {
      return readSync(fd, into, offset, length, null);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}
