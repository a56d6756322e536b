import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PeapodError } from '../src/errors.ts';
import type { Runner } from '../src/host/exec.ts';
import { pipe } from '../src/host/libc.ts';
import { endChild, isAlive, type ProcessIdentity, signalProcess, waitForEnd } from '../src/host/processes.ts';
import { lateness, readiness } from '../src/host/read.ts';
import type { PortMapping } from '../src/network/types.ts';
import { readIdentity } from './identity-file.ts';
import { isExiting } from './slirp4netns.ts';

/** How a running pasta was started; it takes ports on its command line only. */
export interface PastaStart {
  readonly words: readonly string[];
  readonly ports: readonly PortMapping[];
}

const files = { pid: 'pasta.pid', start: 'pasta.json', log: 'pasta.log' } as const;
const endTimeoutMs = 5_000;

/** The identity is on disk before pasta exists as such: whoever starts it may be killed at any time. */
const startScript = `
file=$1; shift
read -r _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ start _ </proc/$$/stat
echo "$$ $start" >"$file"
exec pasta "$@"
`;

/** Returns once the interface is configured and ports are bound: pasta writes its pid then. */
export async function startPasta(place: Runner, directory: string, words: readonly string[]): Promise<void> {
  const log = join(directory, files.log);
  const logFd = openSync(log, 'w', 0o600);
  // One that can be opened by name, unlike the runtime's own, which are sockets.
  const { readFd, writeFd } = pipe();
  const argv = ['sh', '-c', startScript, 'sh', join(directory, files.pid), ...words];
  let pid: number;
  try {
    pid = place.detach(argv, ['ignore', writeFd, logFd]);
  } finally {
    for (const fd of [writeFd, logFd]) closeSync(fd);
  }
  try {
    const outcome = await readiness(readFd, () => endChild(pid));
    if (outcome === 'late') throw new PeapodError('COMMAND_FAILED', `pasta ${lateness}`);
    if (outcome === 'ended') throw complaint(readFileSync(log, 'utf8'));
  } finally {
    closeSync(readFd);
  }
}

/** What pasta said, without its notes that there is no syslog. */
function complaint(said: string): PeapodError {
  const lines = said.split('\n').filter((line) => line && !/^Failed to send \d+ bytes to syslog/.test(line));
  if (lines.some((line) => /interface not usable/i.test(line))) {
    return new PeapodError('HOST_UNFIT', 'pasta finds no way out of this host: it needs a default route', {
      hint: 'ip route shows whether there is one; --network pasta:-i,NAME names an interface, slirp4netns needs none',
    });
  }
  return new PeapodError('COMMAND_FAILED', `pasta failed: ${lines.join('; ') || 'without a word'}`);
}

/** Ends the process and removes its files. Idempotent. Host ports are free when it returns. */
export async function endPasta(directory: string): Promise<void> {
  const identity = readIdentity(join(directory, files.pid));
  if (identity && signalProcess(identity, 'SIGKILL') && (readStart(directory)?.ports.length ?? 1) > 0) {
    await waitForEnd(identity, endTimeoutMs);
  }
  for (const name of Object.values(files)) rmSync(join(directory, name), { force: true });
}

export function pastaOf(directory: string): ProcessIdentity | undefined {
  const identity = readIdentity(join(directory, files.pid));
  return identity && isAlive(identity) && !isExiting(identity.pid) ? identity : undefined;
}

/** Before it is started. */
export function writeStart(directory: string, start: PastaStart): void {
  writeFileSync(join(directory, files.start), JSON.stringify(start), { mode: 0o600 });
}

export function readStart(directory: string): PastaStart | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, files.start), 'utf8')) as PastaStart;
  } catch {
    return undefined;
  }
}
