import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PeapodError } from '../errors.ts';
import type { Runner } from '../host/exec.ts';
import { detachMount } from '../host/mounts.ts';
import { makeStateDirectory } from '../host/paths.ts';
import { identify, type ProcessIdentity } from '../host/processes.ts';
import { shellQuote } from '../host/shell-words.ts';
import { installCommand } from '../host/tools.ts';
import type { SharedNamespace } from '../store/records.ts';
import type { NamespaceOwner } from './owned-namespaces.ts';

/** Namespaces that live as files: an nsfs mount keeps a namespace without any process in it. */
export type PinnedNamespace = Exclude<SharedNamespace, 'pid'>;

/** f_type of files that pin namespaces, see statfs(2) NSFS_MAGIC. */
export const nsfsMagic = 0x6e736673;

export const defaultShmSizeBytes = 65_536_000;

export interface PinOptions {
  /** Run in the network namespace. */
  readonly netScript?: string;
  /** By name, as sysctl(8) has them. */
  readonly sysctls?: Readonly<Record<string, string>> | undefined;
  readonly shmSizeBytes?: number | undefined;
  /** Owns the others; absent for the runner's. */
  readonly owner?: NamespaceOwner | undefined;
}

export interface SandboxFiles {
  readonly dir: string;
  /** Where a namespace is pinned; valid in the mount namespace of the runner that pinned it. */
  namespace(name: PinnedNamespace | 'user'): string;
  /** The /dev/shm that containers sharing an ipc namespace share too. */
  readonly shm: string;
  /** For the network backend's pid files and sockets. */
  readonly network: string;
}

export function sandboxFiles(dir: string): SandboxFiles {
  return {
    dir,
    namespace: (name) => join(dir, name),
    shm: join(dir, 'shm'),
    network: join(dir, 'network'),
  };
}

/**
 * Creates and pins namespaces. The network one has `lo` up and has run `netScript`; the uts one gets its
 * hostname from the first container (without root no file under /proc sets it). What an earlier attempt left
 * in `dir` must have been unpinned before.
 */
export async function pinNamespaces(
  runner: Runner,
  dir: string,
  names: readonly PinnedNamespace[],
  { netScript = '', sysctls = {}, shmSizeBytes = defaultShmSizeBytes, owner }: PinOptions = {},
): Promise<SandboxFiles> {
  const files = sandboxFiles(dir);
  makeStateDirectory(files.network, '--runroot');
  if (names.length === 0 && !owner) return files;
  for (const name of names) writeFileSync(files.namespace(name), '');
  const loUp = ['ip', 'link', 'set', 'lo', 'up'];
  const settings = Object.entries(sysctls).map(
    ([name, value]) => `printf %s ${shellQuote(value)} > ${shellQuote(sysctlFile(name))}`,
  );
  const last = names.includes('net') ? loUp : ['true'];
  const before = [...(netScript && names.includes('net') ? [netScript] : []), ...settings];
  const setUp = before.length > 0 ? ['sh', '-ec', [...before, `exec ${last.join(' ')}`].join('\n')] : last;
  const commands = owner
    ? [(await import('./owned-namespaces.ts')).pinOwned(dir, names, owner, [...before, last.join(' ')])]
    : [['unshare', ...names.map((name) => `--${name}=${files.namespace(name)}`), ...setUp]];
  if (names.includes('ipc')) {
    mkdirSync(files.shm);
    const whose = owner ? `,uid=${owner.root.uid},gid=${owner.root.gid}` : '';
    const options = `nosuid,nodev,noexec,mode=1777,size=${shmSizeBytes}${whose}`;
    commands.push(['mount', '-t', 'tmpfs', '-o', options, 'shm', files.shm]);
  }
  await runner.batch(commands);
  return files;
}

/** Both spellings: dots between the parts, and slashes in a part, or the other way round. */
function sysctlFile(name: string): string {
  const path = /^[^./]*\//.test(name) ? name : name.replace(/[./]/g, (mark) => (mark === '.' ? '/' : '.'));
  return `/proc/sys/${path}`;
}

/**
 * Idempotent. Where the pins lie in another mount namespace than the caller's, removing the mount points
 * takes the mounts with them (mount_namespaces(7), "Restrictions on mount namespaces"); where they lie in
 * the caller's own they are unmounted first.
 */
export function unpinNamespaces(dir: string, separateMounts: boolean): void {
  if (!existsSync(dir)) return;
  const files = sandboxFiles(dir);
  if (!separateMounts) {
    for (const name of ['net', 'ipc', 'uts', 'user'] as const) detachMount(files.namespace(name));
    detachMount(files.shm);
  }
  try {
    rmSync(dir, { recursive: true, force: true });
  } catch (error) {
    throw new PeapodError('WRONG_STATE', `cannot remove the namespaces in ${dir}`, {
      hint: `see what holds them with: findmnt -R ${dir}`,
      cause: error,
    });
  }
}

/** The process that holds a pid namespace for `--share pid`, reaping what is orphaned in it. */
export async function startPause(
  runner: Runner,
  files: SandboxFiles,
  userNamespace?: string,
): Promise<ProcessIdentity> {
  // Its environment says whose it is: nothing else of it does.
  const script = 'PEAPOD_SANDBOX=$0 setsid catatonit -P </dev/null >/dev/null 2>&1 & echo $!';
  const place = userNamespace ? runner.within(['nsenter', `--user=${userNamespace}`, '--']) : runner;
  const { stdout } = await place.run(['unshare', '--pid', 'sh', '-c', script, files.dir]);
  const identity = identify(Number(stdout.trim()));
  if (!identity) {
    throw new PeapodError('TOOL_MISSING', `the pause process of ${files.dir} ended at once`, {
      hint: `install it with: ${installCommand('catatonit')}`,
    });
  }
  return identity;
}
