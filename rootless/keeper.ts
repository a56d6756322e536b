import type { ChildProcess } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PeapodError } from '../src/errors.ts';
import { Runner } from '../src/host/exec.ts';
import { type HostFacts, keeperEnvironment } from '../src/host/facts.ts';
import { type FileLock, lockFile, waitForLock } from '../src/host/locks.ts';
import { makeStateDirectory, type Paths } from '../src/host/paths.ts';
import { isAlive, killGroup, type ProcessIdentity, waitForEnd } from '../src/host/processes.ts';
import { idMapWords, parseSubordinateIds } from '../src/host/subordinate-ids.ts';
import { toolMissing } from '../src/host/tools.ts';
import { findSurvivor, readState, removeState, writeState } from './keeper-state.ts';
import {
  hostUnfit,
  readRootlessReadings,
  subordinateIdProblems,
  userNamespaceProblems,
} from './requirements.ts';

export interface KeeperOptions {
  readonly paths: Paths;
  readonly facts: HostFacts;
  readonly host: Runner;
  /** How often the keeper looks whether it still holds something. */
  readonly idleSeconds?: number;
}

const startTimeoutMs = 30_000;

/**
 * One small process per user and runtime root that holds a user namespace, in which the caller is root, and a
 * mount namespace. A process with threads cannot enter a user namespace (setns(2)), so the CLI stays outside
 * and sends programs in.
 *
 * Files under `paths.keeper`: `state`; `start.lock`, held while one is being started; `use.lock`, shared by
 * every command that uses the keeper until its process ends, taken exclusively by a keeper that leaves.
 */
export class Keeper {
  readonly #paths: Paths;
  readonly #facts: HostFacts;
  readonly #host: Runner;
  readonly #idleSeconds: number;
  readonly #stateFile: string;
  readonly #useLockFile: string;
  #use: FileLock | undefined;
  #entered: Promise<Runner> | undefined;

  constructor(options: KeeperOptions) {
    this.#paths = options.paths;
    this.#facts = options.facts;
    this.#host = options.host;
    this.#idleSeconds = options.idleSeconds ?? 60;
    this.#stateFile = join(options.paths.keeper, 'state');
    this.#useLockFile = join(options.paths.keeper, 'use.lock');
  }

  /**
   * A runner whose programs see the caller as root and share one mount table. Their working directory is `/`:
   * give them absolute paths. Programs started by any runner afterwards carry `keeperEnvironment`, which tells
   * a peapod among them whom it works for; who hands `start` an environment of its own adds `environment()`.
   *
   * Throws HOST_UNFIT with the command that mends it, TOOL_MISSING.
   */
  runner(): Promise<Runner> {
    this.#entered ??= this.#enter().catch((error: unknown) => {
      this.#entered = undefined;
      throw error;
    });
    return this.#entered;
  }

  /**
   * A runner in a network namespace, in one step. `netnsPath` is a path inside of the keeper's mount namespace.
   * With the host's mounts a long-lived program keeps no mount of the keeper alive.
   */
  async netns(netnsPath: string, mounts: 'keeper' | 'host'): Promise<Runner> {
    const inside = await this.runner();
    if (this.#facts.insideKeeper) return inside.netns(netnsPath);
    const place = mounts === 'keeper' ? inside : await this.userNamespace();
    const words = place.prefix;
    return new Runner([
      ...words.slice(0, -1),
      `--net=${this.pathFromOutside(netnsPath)}`,
      ...words.slice(-1),
    ]);
  }

  /** A runner in the user namespace alone: the host's mounts, the caller's working directory. */
  async userNamespace(): Promise<Runner> {
    const inside = await this.runner();
    const identity = this.running();
    if (this.#facts.insideKeeper || !identity) return inside;
    return this.#host.within(['nsenter', '-t', String(identity.pid), '-U', '--preserve-credentials', '--']);
  }

  /** Undefined where none runs. Inside of the keeper's namespaces it is only asked for by name, never needed. */
  running(): ProcessIdentity | undefined {
    const state = readState(this.#stateFile);
    if (!state || state.bootId !== this.#facts.bootId || !isAlive(state)) return undefined;
    return { pid: state.pid, startTicks: state.startTicks };
  }

  /** How a file that is mounted inside is called outside. Throws WRONG_STATE where no keeper runs. */
  pathFromOutside(path: string): string {
    if (this.#facts.insideKeeper) return path;
    const identity = this.running();
    if (!identity) throw new PeapodError('WRONG_STATE', 'the namespace keeper does not run');
    return `/proc/${identity.pid}/root${path}`;
  }

  environment(): Record<string, string> {
    return {
      [keeperEnvironment.user]: String(this.#facts.uid),
      [keeperEnvironment.group]: String(this.#facts.gid),
    };
  }

  /** Ends it at once. Idempotent. Throws BUSY where it holds a pod or container, or another command uses it. */
  async stop(): Promise<void> {
    const identity = this.running();
    if (!identity) return;
    this.#use?.release();
    this.#use = undefined;
    this.#entered = undefined;
    const alone = lockFile(this.#useLockFile, 'exclusive', { wait: false });
    if (!alone) throw new PeapodError('BUSY', 'another command uses the namespace keeper');
    try {
      const held = this.#holdings();
      if (held > 0) {
        throw new PeapodError('BUSY', `the namespace keeper holds ${held} pods and containers`, {
          hint: 'remove them first: peapod pod rm -af; peapod rm -af',
        });
      }
      killGroup(identity.pid); // its sleep would hold the namespaces for another minute
      await waitForEnd(identity, startTimeoutMs);
      removeState(this.#stateFile);
    } finally {
      alone.release();
    }
  }

  async #enter(): Promise<Runner> {
    this.#use ??= this.#lockForUse();
    if (this.#facts.insideKeeper) return this.#host;
    Object.assign(process.env, this.environment());
    const { pid } = this.running() ?? (await this.#startOnce());
    return this.#host.within(['nsenter', '-t', String(pid), '-U', '-m', '--preserve-credentials', '--']);
  }

  #lockForUse(): FileLock {
    const take = () => lockFile(this.#useLockFile, 'shared', { wait: true }) as FileLock;
    try {
      return take();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      makeStateDirectory(this.#paths.keeper, '--runroot');
      return take();
    }
  }

  async #startOnce(): Promise<ProcessIdentity> {
    const lock = await waitForLock(join(this.#paths.keeper, 'start.lock'), 'exclusive', startTimeoutMs);
    if (!lock)
      throw new PeapodError('BUSY', 'another command is starting the namespace keeper and does not end');
    try {
      const running = this.running();
      if (running) return running;
      const { endFormerLife } = await import('./former-life.ts');
      await endFormerLife(this.#paths);
      return await this.#start();
    } finally {
      lock.release();
    }
  }

  async #start(): Promise<ProcessIdentity> {
    const last = readState(this.#stateFile);
    const survivor = last?.bootId === this.#facts.bootId ? findSurvivor(last, this.#facts.uid) : undefined;
    const words =
      survivor === undefined
        ? ['unshare', '-U', '-m', '--propagation', 'slave', '--']
        : ['nsenter', '-t', String(survivor), '-U', '-m', '--preserve-credentials', '--'];
    const child = this.#host.start(
      [...words, 'sh', '-c', keeperScript, 'peapod-keeper', this.#paths.runRoot, String(this.#idleSeconds)],
      ['ignore', 'pipe', 'pipe'],
    );
    const ready = firstOutput(child).catch((error: unknown) => {
      throw this.#explain(error);
    });
    try {
      const maps = survivor === undefined ? this.#maps() : undefined;
      const pid = await ready;
      if (maps) {
        await Promise.all([
          this.#host.run(['newuidmap', String(pid), ...maps.uids]),
          this.#host.run(['newgidmap', String(pid), ...maps.gids]),
        ]);
      }
      return writeState(this.#stateFile, pid, this.#facts.bootId);
    } catch (error) {
      ready.catch(() => {}); // the first error is the one to tell
      if (child.pid !== undefined) killGroup(child.pid);
      throw error;
    }
  }

  #maps(): { uids: string[]; gids: string[] } {
    const readings = readRootlessReadings(this.#facts);
    const problem = subordinateIdProblems(readings)[0];
    if (problem) throw hostUnfit(problem);
    const { userName, uid, gid } = this.#facts;
    return {
      uids: idMapWords(uid, parseSubordinateIds(readings.subuid ?? '', userName, uid)),
      gids: idMapWords(gid, parseSubordinateIds(readings.subgid ?? '', userName, uid)),
    };
  }

  #explain(error: unknown): unknown {
    const problem = userNamespaceProblems(readRootlessReadings(this.#facts))[0];
    return problem ? hostUnfit(problem, error) : error;
  }

  #holdings(): number {
    return ['sandboxes', 'containers']
      .map((directory) => join(this.#paths.runRoot, directory))
      .reduce((sum, directory) => sum + entries(directory), 0);
  }
}

/**
 * Says by an empty line that it has its namespaces, then looks from time to time whether it may leave. With the
 * exclusive lock on the descriptor no command uses it and none can begin to.
 */
const keeperScript = `
run=$1 idle=$2
cd /
echo
exec >/dev/null 2>&1
holds() {
  for entry in "$run"/sandboxes/* "$run"/containers/*; do
    [ -e "$entry" ] && return 0
  done
  return 1
}
while sleep "$idle"; do
  holds && continue
  exec 9<"$run/keeper/use.lock"
  if flock -n 9 && ! holds; then
    read -r pid rest <"$run/keeper/state"
    [ "$pid" = $$ ] && rm -f "$run/keeper/state"
    exit
  fi
  exec 9<&-
done
`;

function entries(directory: string): number {
  try {
    return readdirSync(directory).length;
  } catch {
    return 0;
  }
}

/** The pid, as soon as the keeper has said its line. */
function firstOutput(child: ChildProcess): Promise<number> {
  const said = Promise.withResolvers<number>();
  let complaint = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  child.stdout?.once('data', () => {
    child.stdout?.destroy();
    child.stderr?.destroy();
    said.resolve(child.pid as number);
  });
  child.on('error', (error: NodeJS.ErrnoException) =>
    said.reject(error.code === 'ENOENT' ? toolMissing(child.spawnfile, error) : error),
  );
  child.on('close', (code) => {
    const why = complaint.trim().split('\n').at(-1) || `exited with ${code}`;
    said.reject(new PeapodError('HOST_UNFIT', `cannot make a user namespace: ${why}`));
  });
  return said.promise;
}
