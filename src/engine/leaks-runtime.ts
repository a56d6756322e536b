import { type Dirent, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { detachMount } from '../host/mounts.ts';
import { findProcesses, namedPath } from '../host/process-list.ts';
import { signalProcess, waitForEnd } from '../host/processes.ts';
import { runtime } from './container-cgroup.ts';
import type { Context } from './context.ts';
import { type FoundLeak, isId, leakOf, type Owners } from './leaks.ts';

const settleMs = 2_000;
const endPatienceMs = 5_000;

/** What crun still knows: its processes may live on after their monitor. */
export function leakedContainers(context: Context, owners: Owners): FoundLeak[] {
  const { paths } = context;
  return names(paths.crunRoot)
    .filter((id) => isId(id) && !owners.known.has(id))
    .map((id) =>
      leakOf(owners, id, { kind: 'container', what: join(paths.crunRoot, id) }, async () => {
        const crun = runtime(context);
        if (!crun.forgetDead(id)) await crun.delete(await context.inside(), id);
      }),
    );
}

/**
 * Monitors, helpers of networks and pause processes: their words or environment name the directory of their id. One
 * that is about to end, such as the monitor of a container that has just been taken away, gets its time.
 */
export async function leakedProcesses({ paths }: Context, owners: Owners): Promise<FoundLeak[]> {
  const suspects = findProcesses(
    new RegExp(`${namedPath(paths.runRoot)}/(?:sandboxes|containers)/([0-9a-f]{64})`),
  )
    .map(({ match, ...found }) => ({ ...found, id: match[1] as string }))
    .filter(({ id }) => !owners.known.has(id));
  const ended = await Promise.all(suspects.map(({ identity }) => waitForEnd(identity, settleMs)));
  return suspects
    .filter((_, index) => !ended[index])
    .map(({ id, words, identity }) =>
      leakOf(owners, id, { kind: 'process', what: `${identity.pid} ${words.slice(0, 60)}` }, async () => {
        signalProcess(identity, 'SIGKILL');
        await waitForEnd(identity, endPatienceMs);
      }),
    );
}

/** Pinned namespaces, shared memory and root filesystems, in the mount namespace where containers live. */
export async function leakedMounts(context: Context, owners: Owners): Promise<FoundLeak[]> {
  const { paths } = context;
  const points = await mountPoints(context);
  const id = /\/(?:sandboxes|containers)\/([0-9a-f]{64})\//;
  return points
    .filter((point) => point.startsWith(`${paths.root}/`) || point.startsWith(`${paths.runRoot}/`))
    .flatMap((point) => {
      const owner = id.exec(point)?.[1];
      if (owner === undefined || owners.known.has(owner)) return [];
      return [leakOf(owners, owner, { kind: 'mount', what: point }, () => unmount(context, point))];
    })
    .toReversed();
}

async function mountPoints(context: Context): Promise<string[]> {
  // Without a keeper there is no mount namespace of its own, and nothing in it.
  if (context.separateMounts && context.visible('/') === undefined) return [];
  const text = context.separateMounts
    ? (await (await context.inside()).run(['cat', '/proc/self/mountinfo'])).stdout
    : readFileSync('/proc/self/mountinfo', 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => unescapeOctal(line.split(' ')[4] as string));
}

/** See proc(5): blanks are written `\040`. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

async function unmount(context: Context, point: string): Promise<void> {
  if (!context.separateMounts) detachMount(point);
  else await (await context.inside()).run(['umount', '-l', point]);
}

const cgroupRoot = '/sys/fs/cgroup';

/** A container's cgroup has its id, in every hierarchy of version 1, below whatever parent it was given. */
export function leakedCgroups(_: Context, owners: Owners): FoundLeak[] {
  return cgroupsBelow(cgroupRoot).flatMap((path) => {
    const id = /\/peapod-([0-9a-f]{64})(?:\.scope)?$/.exec(path)?.[1];
    if (id === undefined || owners.known.has(id) || !owners.isOurs(id)) return [];
    return [leakOf(owners, id, { kind: 'cgroup', what: path }, () => rmdirSync(path))];
  });
}

/** The innermost first; hierarchies that are mounted twice under other names are links. */
function cgroupsBelow(dir: string): string[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(dir, { withFileTypes: true });
  } catch {
    return [];
  }
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(dir, name))
    .flatMap((path) => [...cgroupsBelow(path), path]);
}

function names(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}
