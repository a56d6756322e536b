import { PeapodError } from '../errors.ts';

/** Throws INTERRUPTED where the signal has aborted. */
export function checkInterrupt(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new PeapodError('INTERRUPTED', 'interrupted', { exitCode: 130 });
}

/** Runs a program that ends when the signal aborts. Throws INTERRUPTED then. */
export async function interruptible<T>(
  signal: AbortSignal | undefined,
  run: (options: { signal?: AbortSignal }) => Promise<T>,
): Promise<T> {
  checkInterrupt(signal);
  try {
    return await run(signal ? { signal } : {});
  } finally {
    checkInterrupt(signal);
  }
}
