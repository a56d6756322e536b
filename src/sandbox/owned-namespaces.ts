import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PeapodError } from '../errors.ts';
import type { Runner } from '../host/exec.ts';
import type { IdMapping, IdMappings } from '../host/id-mappings.ts';

/** The user namespace that owns what is pinned with it. */
export interface NamespaceOwner {
  readonly mappings: IdMappings;
  /** Of one that is there; absent for one to be made and pinned as `user`. */
  readonly path?: string | undefined;
  /** The namespace's root as the runner knows it. */
  readonly root: { readonly uid: number; readonly gid: number };
}

/**
 * A command that makes namespaces in a user namespace and pins them. Whoever is in there may not mount here, so
 * processes inside hold the namespaces while the shell outside pins them. They end with the shell, whatever ends it:
 * nobody else has the writing end of what they read.
 */
export function pinOwned(
  dir: string,
  names: readonly string[],
  owner: NamespaceOwner,
  setUp: readonly string[],
): string[] {
  const { uids, gids } = owner.mappings;
  const parts = [script, owner.path === undefined ? makeUser : '', names.length > 0 ? makeOthers : ''];
  const user = owner.path ?? join(dir, 'user');
  const inner = `${setUp.join('\n')}\necho ready\nexec cat >/dev/null`;
  const flags = names.map((name) => `--${name}`).join(' ');
  const words = [dir, user, idMapText(uids), idMapText(gids), flags, inner, names.join(' ')];
  return ['sh', '-ec', `${parts.join('')}rm "$dir/said"`, 'sh', ...words];
}

/** What is written to /proc/PID/uid_map or gid_map. */
export function idMapText(mappings: readonly IdMapping[]): string {
  return mappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join('');
}

/**
 * A user namespace that lives until `end`, or until this process ends; for root, who may map any id.
 * Throws HOST_UNFIT where the kernel makes none.
 */
export async function holdUserNamespace(
  runner: Runner,
  { uids, gids }: IdMappings,
): Promise<{ readonly path: string; end(): void }> {
  const holder = runner.start(
    ['unshare', '--user', 'sh', '-c', 'echo ready; exec cat'],
    ['pipe', 'pipe', 'ignore'],
  );
  const ready = Promise.withResolvers<void>();
  holder.stdout?.once('data', () => ready.resolve());
  holder.on('error', ready.reject);
  holder.on('close', () => ready.reject(new PeapodError('HOST_UNFIT', 'the kernel makes no user namespace')));
  await ready.promise;
  const end = () => holder.stdin?.end();
  try {
    writeFileSync(`/proc/${holder.pid}/uid_map`, idMapText(uids));
    writeFileSync(`/proc/${holder.pid}/gid_map`, idMapText(gids));
  } catch (error) {
    end();
    throw error;
  }
  return { path: `/proc/${holder.pid}/ns/user`, end };
}

const script = `
dir=$1 user=$2 uids=$3 gids=$4 flags=$5 inner=$6 names=$7
mkfifo "$dir/hold" "$dir/said"
exec 7<>"$dir/hold" 9<"$dir/hold" 8>"$dir/hold" 7>&-
rm "$dir/hold"
`;

/** Both ends are open before anybody begins: nobody waits for one who has ended. */
const openSaid = `
exec 7<>"$dir/said" 5<"$dir/said" 4>"$dir/said" 7>&-
`;

const hearReady = `
holder=$!
exec 4>&-
read -r ready <&5
exec 5<&-
`;

const makeUser = `${openSaid}
unshare --user sh -c 'echo ready; exec cat >/dev/null' <&9 >&4 4>&- 5<&- 8>&- 9<&- &
${hearReady}
printf %s "$uids" >/proc/$holder/uid_map
printf %s "$gids" >/proc/$holder/gid_map
: >"$user"
mount --bind /proc/$holder/ns/user "$user"
`;

const makeOthers = `${openSaid}
nsenter --user="$user" -- unshare $flags -- sh -ec "$inner" <&9 >&4 4>&- 5<&- 8>&- 9<&- &
${hearReady}
for name in $names; do
  mount --bind "/proc/$holder/ns/$name" "$dir/$name"
done
`;
