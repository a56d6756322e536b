import type { ContainerRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import type { NamespaceIds } from './views.ts';

/** podman's name for each file of /proc/PID/ns. */
const names: Readonly<Record<string, keyof NamespaceIds>> = {
  cgroup: 'Cgroup',
  ipc: 'Ipc',
  mnt: 'Mnt',
  net: 'Net',
  pid: 'Pidns',
  user: 'User',
  uts: 'Uts',
};

/** The inode numbers of the namespaces of running containers, by container, see namespaces(7). */
export async function namespaceIds(
  context: Context,
  running: readonly ContainerRecord[],
): Promise<Map<string, NamespaceIds>> {
  const byPid = new Map(running.map(({ id, process }) => [process?.pid, id]));
  if (byPid.size === 0) return new Map();
  const files = [...byPid.keys()].flatMap((pid) =>
    Object.keys(names).map((name) => `/proc/${pid}/ns/${name}`),
  );
  const inside = await context.inside();
  const { stdout } = await inside.run(['stat', '-L', '-c', '%i %n', ...files], { accept: 'any' });
  const found = new Map<string, NamespaceIds>();
  for (const [, inode = '', pid, file = ''] of stdout.matchAll(/^(\d+) \/proc\/(\d+)\/ns\/(\w+)$/gm)) {
    const id = byPid.get(Number(pid)) as string;
    found.set(id, { ...found.get(id), [names[file] as string]: inode });
  }
  return found;
}
