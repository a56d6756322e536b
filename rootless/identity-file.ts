import { readFileSync, writeFileSync } from 'node:fs';
import { identify, type ProcessIdentity } from '../src/host/processes.ts';

/** A helper process as a file: `pid startTicks`, one line. */

/** Throws where the process has ended already. */
export function writeIdentity(path: string, pid: number): ProcessIdentity {
  const identity = identify(pid);
  if (!identity) throw new Error(`process ${pid} has ended`);
  writeFileSync(path, `${identity.pid} ${identity.startTicks}\n`, { mode: 0o600 });
  return identity;
}

/** Undefined where there is no file or it holds something else, e.g. half a line. */
export function readIdentity(path: string): ProcessIdentity | undefined {
  try {
    const found = /^(\d+) (\d+)\n$/.exec(readFileSync(path, 'latin1'));
    return found ? { pid: Number(found[1]), startTicks: Number(found[2]) } : undefined;
  } catch {
    return undefined;
  }
}
