import { hostname } from 'node:os';
import { join } from 'node:path';
import type { NamespaceChoice, NamespaceChoices } from '../container/namespaces.ts';
import { PeapodError } from '../errors.ts';
import { cgroupVersion } from '../host/cgroups.ts';
import { detachMount } from '../host/mounts.ts';
import { isAlive } from '../host/processes.ts';
import type { NamespaceSpec } from '../store/records/isolation.ts';
import type { ContainerRecord, SharedNamespace } from '../store/records.ts';
import type { Context } from './context.ts';
import type { ReadySandbox } from './sandboxes.ts';

/** Where a starting container gets its namespaces from, and what hangs on them. */
export interface ContainerNamespaces {
  readonly choices: NamespaceChoices;
  readonly shm: 'private' | 'host' | 'none' | { readonly path: string };
  /** Undefined where the name is somebody else's to set. */
  readonly hostname: string | undefined;
}

/** The sandbox of a container's pod, also where the container's network is its own. */
export type PodOf = (record: ContainerRecord) => ReadySandbox | undefined;

/**
 * What was asked for, else the pod's where it shares one, else the container's own. Throws WRONG_STATE where a
 * container to join does not run.
 */
export function containerNamespaces(
  context: Context,
  record: ContainerRecord,
  sandbox: ReadySandbox,
  podOf: PodOf,
): ContainerNamespaces {
  const asked = record.spec.namespaces ?? {};
  const pod = podOf(record);
  const from = (name: SharedNamespace): NamespaceChoice => {
    const path = sandbox.namespacePaths[name] ?? pod?.namespacePaths[name];
    return path ? { path } : 'private';
  };
  const network = sandbox.record.spec.network.kind === 'host' ? 'host' : from('net');
  const choose = (name: 'ipc' | 'uts' | 'pid') => chosen(context, asked, name) ?? from(name);
  return {
    choices: {
      network,
      ipc: choose('ipc'),
      uts: choose('uts'),
      pid: choose('pid'),
      cgroup: chosenCgroup(context, record),
      ...(sandbox.namespacePaths.user ? { user: { path: sandbox.namespacePaths.user } } : {}),
    },
    shm: sharedMemory(context, record, podOf),
    hostname: ownsHostname(asked.uts) ? record.spec.hostname : undefined,
  };
}

/** The hostname of a container before anything is made. Throws INVALID_ARGUMENT where it cannot be set. */
export function hostnameFor(asked: string | undefined, uts: string | undefined): string | undefined {
  if (ownsHostname(uts)) return asked;
  if (asked === undefined) return uts === 'host' ? hostname() : undefined;
  throw new PeapodError('INVALID_ARGUMENT', `cannot set hostname when running in the ${uts} UTS namespace`, {
    hint: 'leave out --hostname or --uts',
  });
}

function ownsHostname(uts: string | undefined): boolean {
  return uts === undefined || uts === 'private';
}

function chosen(
  context: Context,
  asked: NamespaceSpec,
  name: keyof NamespaceSpec,
): NamespaceChoice | undefined {
  const word = asked[name];
  if (word === undefined) return undefined;
  if (word === 'host') return 'host';
  if (word.startsWith('ns:')) return { path: word.slice('ns:'.length) };
  if (word.startsWith('container:'))
    return { path: namespaceOf(context, word.slice('container:'.length), name) };
  return 'private';
}

/** Podman hides the host's cgroups on v2; a privileged container may see them, as there. */
function chosenCgroup(context: Context, record: ContainerRecord): NamespaceChoices['cgroup'] {
  const asked = chosen(context, record.spec.namespaces ?? {}, 'cgroup');
  return asked ?? (cgroupVersion() === 2 ? 'private' : 'host');
}

function namespaceOf(context: Context, containerId: string, name: keyof NamespaceSpec): string {
  return `/proc/${runningPid(context, containerId, name)}/ns/${name}`;
}

function runningPid(context: Context, containerId: string, name: string): number {
  const other = context.store.containers.get(containerId);
  if (other?.process && other.bootId === context.facts.bootId && isAlive(other.process))
    return other.process.pid;
  throw new PeapodError(
    'WRONG_STATE',
    `the container ${other?.name ?? containerId.slice(0, 12)}, whose ${name} namespace is to be joined, is not running`,
    { hint: other ? `start it first: peapod start ${other.name}` : 'it has been removed' },
  );
}

/** Where a container that lets others into its ipc namespace has its /dev/shm. */
export function shareableShm(context: Context, containerId: string): string {
  return join(context.paths.containerRuntime(containerId), 'shm');
}

/** Idempotent. Where mounts are in another mount namespace, removing the directory takes them along. */
export function unmountSharedMemory(context: Context, record: ContainerRecord): void {
  if (context.separateMounts || record.spec.namespaces?.ipc !== 'shareable') return;
  detachMount(shareableShm(context, record.id));
}

function sharedMemory(context: Context, record: ContainerRecord, podOf: PodOf): ContainerNamespaces['shm'] {
  const ipc = record.spec.namespaces?.ipc;
  if (ipc === 'host' || ipc === 'none') return ipc;
  if (ipc === 'shareable') return { path: shareableShm(context, record.id) };
  if (ipc?.startsWith('container:')) {
    const donor = context.store.containers.get(ipc.slice('container:'.length));
    const shm = donor && sharedMemory(context, donor, podOf);
    return typeof shm === 'object' ? shm : 'private';
  }
  const pod = ipc === undefined ? podOf(record) : undefined;
  return pod?.shm ? { path: pod.shm } : 'private';
}

/**
 * Whether others can join a container's ipc namespace with its /dev/shm: one in a pod that shares it, or one
 * that was made for it.
 */
export function isShareable(donor: ContainerRecord, podShares: boolean): boolean {
  const ipc = donor.spec.namespaces?.ipc;
  return ipc === 'shareable' || (ipc === undefined && podShares);
}
