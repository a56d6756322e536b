import { closeSync, writeSync } from 'node:fs';
import { pipe } from '../host/libc.ts';
import { identify, type ProcessIdentity } from '../host/processes.ts';
import type { Context } from './context.ts';

/** `exec` keeps pid and start time: what is written down of the shell is true of what it becomes. */
const gate = 'read -r go || exit 0; exec "$@" <&-';

/**
 * Starts a program that outlives this process, in a session of its own, but lets it go on only when `write` has
 * written down who it is and says so. Where this process is killed in between, the program ends.
 */
export function startGated(
  context: Context,
  argv: readonly string[],
  write: (identity: ProcessIdentity) => boolean,
): void {
  const release = pipe();
  try {
    const words = ['sh', '-c', gate, 'sh', ...argv];
    const pid = context.host.detach(words, [release.readFd, 'ignore', 'ignore'], undefined, '/');
    const identity = identify(pid);
    if (identity && write(identity)) writeSync(release.writeFd, '\n');
  } finally {
    for (const fd of [release.readFd, release.writeFd]) closeSync(fd);
  }
}
