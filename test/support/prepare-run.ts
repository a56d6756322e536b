import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isBuildStale } from '../../scripts/staleness.mjs';
import { callingUser, prepareMachine } from './machine.ts';
import { machineLeftovers, readMachine } from './machine-leftovers.ts';
import type { RunContext } from './run-context.ts';

const top = fileURLToPath(new URL('../..', import.meta.url));
/** Short, because the paths of UNIX sockets may have 107 bytes; on disk, because overlays need it. */
const parent = '/var/tmp';
const prefix = 'peapod-test-';

export interface PreparedRun {
  readonly context: RunContext;
  /** Removes the run's files. Throws where the run has left anything else on the machine. */
  finish(): void;
}

/**
 * Brings the machine, the executable and a directory to where test hosts can be made. PEAPOD_TEST_BINARY
 * names another executable to test than dist/peapod.
 */
export function prepareRun(): PreparedRun {
  const root = process.getuid?.() === 0;
  const user = root ? prepareMachine() : callingUser();
  removeAbandonedRuns();
  const before = readMachine();
  const given = process.env.PEAPOD_TEST_BINARY;
  if (!given && isBuildStale(top))
    execFileSync('node', [join(top, 'scripts', 'build.mjs')], { stdio: 'inherit' });
  const dir = mkdtempSync(join(parent, prefix));
  chmodSync(dir, 0o755);
  writeFileSync(join(dir, 'owner'), String(process.pid));
  const binDir = join(dir, 'bin');
  mkdirSync(binDir);
  // The checkout may be closed to other users, and a build during the run must not change what is tested.
  copyFileSync(given ?? join(top, 'dist', 'peapod'), join(binDir, 'peapod'));
  chmodSync(join(binDir, 'peapod'), 0o755);
  const finish = () => {
    const left = machineLeftovers(before, dir);
    rmSync(dir, { recursive: true, force: true });
    if (left.length === 0) return;
    // vitest tells of a failed teardown, and yet ends well: who started it reads this.
    if (process.env.LEFTOVERS) writeFileSync(process.env.LEFTOVERS, left.join('\n'));
    throw new Error(`the run left on the machine:\n  ${left.join('\n  ')}`);
  };
  return { context: { dir, binDir, root, user }, finish };
}

/** Directories of runs that were killed. Their test hosts ended with them. */
function removeAbandonedRuns(): void {
  for (const name of readdirSync(parent).filter((entry) => entry.startsWith(prefix))) {
    const dir = join(parent, name);
    try {
      const owner = readFileSync(join(dir, 'owner'), 'utf8');
      if (!existsSync(`/proc/${owner}`)) rmSync(dir, { recursive: true, force: true });
    } catch {
      // another run is making it right now, or it is another user's
    }
  }
}
