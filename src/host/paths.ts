import { constants, lstatSync, mkdirSync, statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { messageOf, PeapodError } from '../errors.ts';
import type { HostFacts } from './facts.ts';

/** Every path peapod owns. What must survive a reboot lies under `root`, all else under `runRoot`. */
export interface Paths {
  readonly root: string;
  readonly runRoot: string;
  readonly database: string;
  /** OCI layout with the blobs of all images. */
  readonly imageLayout: string;
  /** One directory a layer, by the hex of its diff id. */
  readonly layers: string;
  /** Layers whose files belong to other ids: by the mapping, then as in `layers`. */
  readonly mappedLayers: string;
  readonly volumes: string;
  /** One file a secret, by its id. */
  readonly secrets: string;
  /** What has happened, one line each; the older half has `.1` behind it. */
  readonly events: string;
  /** CNI network configuration lists. */
  readonly networkConfig: string;
  /** host-local's leases: one directory a network. */
  readonly leases: string;
  /** Exit codes written by conmon, one file a container. */
  readonly exits: string;
  /** State of crun. */
  readonly crunRoot: string;
  /** The keeper's pid file, lock and pinned user network namespace. */
  readonly keeper: string;
  /** Persistent directory of one container: bundle, writable layer, log. */
  container(id: string): string;
  /** Runtime directory of one container: pid files, attach socket, generated /etc files. */
  containerRuntime(id: string): string;
  /** Runtime directory of one sandbox (a pod's, or that of a container outside any pod). */
  sandbox(id: string): string;
}

export interface PathOverrides {
  readonly root?: string | undefined;
  readonly runRoot?: string | undefined;
  readonly networkConfig?: string | undefined;
}

export function resolvePaths(facts: HostFacts, overrides: PathOverrides = {}): Paths {
  // Helpers and exit commands have other working directories.
  const root = resolve(overrides.root ?? facts.env.PEAPOD_ROOT ?? defaultRoot(facts));
  const runRoot = resolve(overrides.runRoot ?? facts.env.PEAPOD_RUNROOT ?? defaultRunRoot(facts));
  return {
    root,
    runRoot,
    database: join(root, 'peapod.db'),
    imageLayout: join(root, 'images'),
    layers: join(root, 'layers'),
    mappedLayers: join(root, 'mapped-layers'),
    volumes: join(root, 'volumes'),
    secrets: join(root, 'secrets'),
    events: join(root, 'events', 'events.log'),
    networkConfig: overrides.networkConfig ?? defaultNetworkConfig(facts),
    leases: facts.rootless ? join(root, 'leases') : '/var/lib/cni/networks',
    exits: join(runRoot, 'exits'),
    crunRoot: join(runRoot, 'crun'),
    keeper: join(runRoot, 'keeper'),
    container: (id) => join(root, 'containers', id),
    containerRuntime: (id) => join(runRoot, 'containers', id),
    sandbox: (id) => join(runRoot, 'sandboxes', id),
  };
}

function defaultRoot(facts: HostFacts): string {
  if (!facts.rootless) return '/var/lib/peapod';
  return join(absolute(facts.env.XDG_DATA_HOME) ?? join(facts.homeDir, '.local', 'share'), 'peapod');
}

function defaultNetworkConfig(facts: HostFacts): string {
  if (!facts.rootless) return '/etc/cni/net.d';
  return join(absolute(facts.env.XDG_CONFIG_HOME) ?? join(facts.homeDir, '.config'), 'cni', 'net.d');
}

/** The XDG base directory specification: a relative path is to be ignored. */
function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}

/**
 * XDG_RUNTIME_DIR, unless it is somebody else's, as after `su`; without one /run/user/UID where it is the caller's;
 * else a directory of the caller's in /tmp.
 */
function defaultRunRoot(facts: HostFacts): string {
  if (!facts.rootless) return '/run/peapod';
  const uid = facts.insideKeeper ? 0 : facts.uid;
  const named = absolute(facts.env.XDG_RUNTIME_DIR);
  if (named !== undefined && [uid, undefined].includes(ownerOf(named))) return join(named, 'peapod');
  const usual = `/run/user/${facts.uid}`;
  if (ownerOf(usual) === uid) return join(usual, 'peapod');
  return privateDirectory(`/tmp/peapod-run-${facts.uid}`, uid);
}

/** Undefined where nothing is there, -1 where nobody tells. */
function ownerOf(path: string): number | undefined {
  try {
    return statSync(path).uid;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : -1;
  }
}

/** As mkdir -p, for the caller alone. Throws HOST_UNFIT naming the option that chooses another place. */
export function makeStateDirectory(path: string, option: '--root' | '--runroot'): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const xdg = option === '--runroot' ? 'XDG_RUNTIME_DIR' : 'XDG_DATA_HOME';
    throw new PeapodError('HOST_UNFIT', `peapod cannot keep its state in ${path}: ${messageOf(cause)}`, {
      hint: `${option} or, without root, ${xdg} chooses another directory`,
      cause,
    });
  }
}

/** In a directory that everybody may write to, a name that somebody else took first is not to be trusted. */
export function privateDirectory(path: string, uid: number): string {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const { mode, uid: owner } = lstatSync(path);
  const isDirectory = (mode & constants.S_IFMT) === constants.S_IFDIR;
  if (isDirectory && owner === uid && (mode & 0o077) === 0) return path;
  throw new PeapodError('HOST_UNFIT', `${path} is not a directory of this user's alone`, {
    hint: 'set XDG_RUNTIME_DIR to a directory that only you can enter, or give --runroot',
  });
}
