import { readdirSync } from 'node:fs';
import { identify, isAlive } from '../host/processes.ts';

/**
 * Names of half-made files and directories say which process makes them, so that another can tell what a
 * killed one has left: `tmp-PID-STARTTICKS-RANDOM`.
 */
export function workName(prefix: 'tmp' | 'removed'): string {
  const self = identify(process.pid);
  // Not node:crypto, which takes longer to load than all the rest of `run` that is done here.
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  return `${prefix}-${process.pid}-${self?.startTicks ?? 0}-${random.toString(16)}`;
}

export interface WorkNames {
  /** Their process is at work. */
  readonly live: readonly string[];
  /** Their process has ended: leftovers. */
  readonly abandoned: readonly string[];
}

export function readWorkNames(directory: string): WorkNames {
  const live: string[] = [];
  const abandoned: string[] = [];
  for (const name of readNames(directory)) {
    const parts = /^(?:tmp|removed)-(\d+)-(\d+)-/.exec(name);
    if (!parts) continue;
    const alive = isAlive({ pid: Number(parts[1]), startTicks: Number(parts[2]) });
    (alive ? live : abandoned).push(name);
  }
  return { live, abandoned };
}

/** Empty where the directory is missing. */
export function readNames(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
