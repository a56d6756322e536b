import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { identify, type ProcessIdentity, signalProcess } from '../host/processes.ts';
import type { ContainerRecord } from '../store/records.ts';
import type { Context } from './context.ts';

const patienceMs = 10_000;
const pauseMs = 10;

/**
 * Waits until the monitor and the runtime of a container that a killed command was making have made it, or have given
 * up: they do not know that nobody waits for them, and would go on while all is undone. What is made whole can be
 * taken away whole: a runtime that is killed leaves cgroups. For a container that does not run; its operation is held.
 */
export async function endHalfMade({ paths }: Context, { id }: ContainerRecord): Promise<void> {
  const bundle = paths.containerRuntime(id);
  const status = join(paths.crunRoot, id, 'status');
  const deadline = performance.now() + patienceMs;
  for (let makers = makersOf(bundle); makers.length > 0; makers = makersOf(bundle)) {
    if (existsSync(status)) return;
    const overdue = performance.now() > deadline;
    for (const maker of overdue ? makers : []) signalProcess(maker, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** conmon, the shell that becomes it, crun, and what crun has not yet turned into the container's first process. */
function makersOf(bundle: string): ProcessIdentity[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    const words = readWords(`/proc/${name}/cmdline`);
    const program = basename(words[0] ?? '');
    const isMaker = program === 'conmon' || program === 'crun';
    const isShell = program === 'sh' && words.some((word) => word.includes('exec conmon '));
    if (!(isMaker || isShell) || !words.some((word) => word.includes(bundle))) return [];
    return identify(Number(name)) ?? [];
  });
}

function readWords(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\0');
  } catch {
    return [];
  }
}
