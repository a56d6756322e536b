import { closeSync, constants, openSync } from 'node:fs';
import { checked, libc } from './libc.ts';

export interface FileLock {
  /** Idempotent. The kernel releases the lock of a process that ended, too. */
  release(): void;
}

const lockOperation = { shared: 1, exclusive: 2 } as const;
const LOCK_NB = 4;

/**
 * Takes an advisory flock(2) on a file, made where it is missing. Where another holds it, blocks the whole
 * thread with `wait`, else returns undefined. A process that locks a path twice waits for itself.
 */
export function lockFile(
  path: string,
  mode: keyof typeof lockOperation,
  options: { readonly wait: boolean },
): FileLock | undefined {
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    const operation = lockOperation[mode] | (options.wait ? 0 : LOCK_NB);
    checked('flock', () => libc().flock(fd, operation), path);
  } catch (error) {
    closeSync(fd);
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
  let held = true;
  return {
    release() {
      if (held) closeSync(fd);
      held = false;
    },
  };
}

/**
 * As `lockFile` with `wait`, but polls, so that timers and signal handlers of this process go on.
 * Undefined after `timeoutMs`.
 */
export async function waitForLock(
  path: string,
  mode: keyof typeof lockOperation,
  timeoutMs: number,
): Promise<FileLock | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 20)) {
    const lock = lockFile(path, mode, { wait: false });
    if (lock || performance.now() > deadline) return lock;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
