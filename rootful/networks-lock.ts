import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PeapodError } from '../src/errors.ts';
import { waitForLock } from '../src/host/locks.ts';
import type { Paths } from '../src/host/paths.ts';

const timeoutMs = 60_000;

/** One lock for all bridges: what is idle, and whether the firewall's table goes, hangs on all of them. Throws BUSY. */
export async function underNetworksLock<T>(
  { runRoot }: Pick<Paths, 'runRoot'>,
  mode: 'shared' | 'exclusive',
  change: () => Promise<T>,
): Promise<T> {
  const directory = join(runRoot, 'networks');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const lock = await waitForLock(join(directory, 'lock'), mode, timeoutMs);
  if (!lock) {
    throw new PeapodError('BUSY', `other changes of networks have gone on for ${timeoutMs / 1000} s`, {
      hint: `see who makes them with: fuser -v ${join(directory, 'lock')}`,
    });
  }
  try {
    return await change();
  } finally {
    lock.release();
  }
}
