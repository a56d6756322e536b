import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PeapodError } from '../errors.ts';
import type { ContainerRecord } from '../store/records.ts';
import type { Context } from './context.ts';

/** A further process of a container: its files lie in the runtime directory of the container, and go with its end. */
export interface ExecSession {
  readonly id: string;
  readonly dir: string;
  readonly isRunning: boolean;
}

/** Short, since a socket lies in it. */
function directoryOf(context: Context, containerId: string, sessionId: string): string {
  return join(context.paths.containerRuntime(containerId), `exec-${sessionId.slice(0, 8)}`);
}

/** The runtime writes the pid of its process to `pidfile` there. */
export function makeSessionDirectory(context: Context, containerId: string, sessionId: string): string {
  const dir = directoryOf(context, containerId, sessionId);
  mkdirSync(dir, { mode: 0o700 });
  writeFileSync(join(dir, 'id'), sessionId);
  return dir;
}

/** Beside the directory, which a monitor may take along before they have been read. */
export function sessionFiles(dir: string): { readonly processFile: string; readonly logFile: string } {
  return { processFile: `${dir}.json`, logFile: `${dir}.log` };
}

/** Also of those that have ended and whose command was killed before it could clean up. */
export function execSessions(context: Context, record: ContainerRecord): ExecSession[] {
  const runtimeDir = context.paths.containerRuntime(record.id);
  const names = readOr([], () => readdirSync(runtimeDir)).filter((name) => name.startsWith('exec-'));
  return names.flatMap((name) => {
    const dir = join(runtimeDir, name);
    const id = readOr('', () => readFileSync(join(dir, 'id'), 'utf8'));
    return id === '' ? [] : [{ id, dir, isRunning: isRunning(dir, record) }];
  });
}

/** By the mount namespace of the container: another process may have the pid by now. */
function isRunning(dir: string, { process }: ContainerRecord): boolean {
  const pid = Number(readOr('', () => readFileSync(join(dir, 'pidfile'), 'utf8')).trim());
  const mountsOf = (of: number | undefined) => readOr(undefined, () => statSync(`/proc/${of}/ns/mnt`).ino);
  const own = pid > 0 ? mountsOf(pid) : undefined;
  return own !== undefined && own === mountsOf(process?.pid);
}

/** `container cleanup --exec`. Throws NOT_FOUND, WRONG_STATE while it runs. */
export function cleanUpSession(context: Context, record: ContainerRecord, sessionId: string): void {
  const session = execSessions(context, record).find(({ id }) => id === sessionId);
  if (!session) {
    throw new PeapodError(
      'NOT_FOUND',
      `container ${record.id} has no exec session with ID ${sessionId}: no such exec session`,
      { hint: `peapod inspect -f '{{.ExecIDs}}' ${record.name} shows those that run` },
    );
  }
  if (session.isRunning) {
    throw new PeapodError(
      'WRONG_STATE',
      `cannot clean up container ${record.id} exec session ${sessionId} as it is running: exec session state improper`,
    );
  }
  const { processFile, logFile } = sessionFiles(session.dir);
  for (const path of [session.dir, processFile, logFile]) rmSync(path, { recursive: true, force: true });
}

function readOr<T>(instead: T, read: () => T): T {
  try {
    return read();
  } catch {
    return instead; // it has just ended
  }
}
