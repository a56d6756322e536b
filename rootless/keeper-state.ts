import { readdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { keeperEnvironment } from '../src/host/facts.ts';
import { identify, type ProcessIdentity } from '../src/host/processes.ts';

/** The keeper's file: one line, so that the keeper's own shell can read the pid. */
export interface KeeperState extends ProcessIdentity {
  readonly bootId: string;
  /** What readlink says of /proc/PID/ns/user and /proc/PID/ns/mnt: `user:[4026532265]`. */
  readonly userNamespace: string;
  readonly mountNamespace: string;
}

export function readState(path: string): KeeperState | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
  const [pid, startTicks, bootId, userNamespace, mountNamespace] = text.trim().split(' ');
  if (!mountNamespace || !userNamespace || !bootId) return undefined;
  return { pid: Number(pid), startTicks: Number(startTicks), bootId, userNamespace, mountNamespace };
}

/** Throws where the process has ended already. */
export function writeState(path: string, pid: number, bootId: string): KeeperState {
  const identity = identify(pid);
  if (!identity) throw new Error(`process ${pid} has ended`);
  const state = {
    ...identity,
    bootId,
    userNamespace: readlinkSync(`/proc/${pid}/ns/user`),
    mountNamespace: readlinkSync(`/proc/${pid}/ns/mnt`),
  };
  const line = [pid, state.startTicks, bootId, state.userNamespace, state.mountNamespace].join(' ');
  writeFileSync(`${path}.new`, `${line}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return state;
}

export function removeState(path: string): void {
  rmSync(path, { force: true });
}

/**
 * A living process of the same namespaces, e.g. a container's monitor: through it a new keeper finds back to
 * the mounts of one that was killed. The kernel reuses the numbers of namespaces, so the process must also
 * carry the keeper's mark in its environment.
 */
export function findSurvivor(state: KeeperState, uid: number): number | undefined {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (readlinkSync(`/proc/${name}/ns/user`) !== state.userNamespace) continue;
      if (readlinkSync(`/proc/${name}/ns/mnt`) !== state.mountNamespace) continue;
      const environment = readFileSync(`/proc/${name}/environ`, 'latin1').split('\0');
      if (environment.includes(`${keeperEnvironment.user}=${uid}`)) return Number(name);
    } catch {
      // another user's, or ended meanwhile
    }
  }
  return undefined;
}
