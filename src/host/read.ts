import { read, readSync } from 'node:fs';

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

/** What a pipe has next, empty at its end. It is waited for in a thread: a stream would take 4 ms to load. */
export function readChunk(fd: number): Promise<Buffer> {
  const buffer = Buffer.alloc(4096);
  return new Promise((resolve, reject) => {
    read(fd, buffer, 0, buffer.length, null, (error, count) =>
      error ? reject(error) : resolve(buffer.subarray(0, count)),
    );
  });
}

/** Generous: a machine that has just booted starts everything at once. */
const readyTimeoutMs = 30_000;

/**
 * Waits until a program that was just started with the other end of a pipe writes something there. One that is `late`,
 * or has `ended` or closed the pipe before, is to be killed.
 */
export async function readiness(fd: number, kill: () => void): Promise<'ready' | 'late' | 'ended'> {
  let isLate = false;
  const late = setTimeout(() => {
    isLate = true;
    kill();
  }, readyTimeoutMs);
  try {
    if ((await readChunk(fd)).length > 0) return 'ready';
    kill();
    return isLate ? 'late' : 'ended';
  } finally {
    clearTimeout(late);
  }
}

/** What to say of one that is late. */
export const lateness = `is not ready after ${readyTimeoutMs / 1000} s`;
