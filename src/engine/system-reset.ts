import { readdirSync, rmdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isPeapodError, PeapodError } from '../errors.ts';
import { readNames } from '../image/work-directory.ts';
import type { Context } from './context.ts';
import { removeSecretFile, secretFileNames } from './secret-files.ts';
import type { SystemParts } from './system-operations.ts';

/** What peapod keeps below its two directories; whatever else lies there is somebody's own. */
const kept = 'cni containers events images layers leases mapped-layers networks secrets volumes'.split(' ');
const keptWhileRunning = 'cni containers crun dns exits keeper networks sandboxes seccomp'.split(' ');

/**
 * Removes pods and containers as `rm -f` does, then the store and the runtime state. Networks stay: their files are
 * shared with other runtimes, who may need one that is used by nothing here.
 */
export async function resetSystem(parts: Pick<SystemParts, 'context' | 'lifecycle' | 'pods'>): Promise<void> {
  const { context, lifecycle, pods } = parts;
  const { store, paths, interrupt } = context;
  refuseOthers(context);
  for (const { id } of store.pods.all()) {
    interrupt.check();
    await unlessGone(() => pods.remove(id, { force: true, timeoutSeconds: 0 }));
  }
  for (const { id } of store.containers.all()) {
    interrupt.check();
    await unlessGone(() => lifecycle.remove(id, { force: true, volumes: true, timeoutSeconds: 0 }));
  }
  refuseOthers(context);
  for (const name of secretFileNames(context)) removeSecretFile(context, name);
  await removeAll(
    context,
    kept.map((name) => join(paths.root, name)),
  );
  // Another store may have its containers in the same runtime directory.
  const others = ['containers', 'sandboxes'].flatMap((name) => readNames(join(paths.runRoot, name)));
  if (others.length === 0) {
    await context.migrate();
    for (const name of keptWhileRunning) rmSync(join(paths.runRoot, name), { recursive: true, force: true });
  }
  // Last: what was killed before can be found again.
  const database = basename(paths.database);
  for (const suffix of ['', '-wal', '-shm'])
    rmSync(join(paths.root, `${database}${suffix}`), { force: true });
  for (const dir of [paths.root, paths.runRoot]) removeIfEmpty(dir);
}

/** Two commands of one store cannot both be right about whether it is there. */
function refuseOthers({ store }: Context): void {
  const other = store.operations.all().find((operation) => !store.operations.isAbandoned(operation));
  if (!other) return;
  throw new PeapodError(
    'BUSY',
    `another peapod (pid ${other.owner.pid}) works on ${other.subjectId.slice(0, 12)}`,
    { hint: 'wait for it, or end it, then try again' },
  );
}

async function unlessGone(remove: () => Promise<unknown>): Promise<void> {
  try {
    await remove();
  } catch (error) {
    if (!isPeapodError(error, 'NOT_FOUND')) throw error;
  }
}

/** Files of containers and layers may belong to ids that only the user namespace's root can remove. */
async function removeAll(context: Context, dirs: readonly string[]): Promise<void> {
  try {
    for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
  } catch {
    await (await context.beside()).run(['rm', '-rf', '--one-file-system', ...dirs]);
  }
}

function removeIfEmpty(dir: string): void {
  try {
    if (readdirSync(dir).length === 0) rmdirSync(dir);
  } catch {
    // not there, or the mount point of somebody
  }
}
