import { PeapodError } from '../errors.ts';

/**
 * Words before a program that must not outlive this process, even where that is killed: it would write on
 * into what the next command deletes.
 */
export const endsWithParent = ['setpriv', '--pdeathsig', 'KILL', '--'] as const;

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
