import {
  planDirectory,
  planHostRoot,
  planOverlay,
  type RootfsPlan,
  readInPlaces,
} from '../container/rootfs.ts';
import { lookUpGroup, lookUpUser, parseDatabase, type ResolvedUser } from '../container/user.ts';
import { PeapodError } from '../errors.ts';
import type { ContainerRecord, ContainerSpec } from '../store/records.ts';
import type { Context } from './context.ts';

/** How this container's root is mounted; unpacks layers that are missing. */
export async function planRootfs(context: Context, record: ContainerRecord): Promise<RootfsPlan> {
  const { rootfs } = record.spec;
  const containerDir = context.paths.container(record.id);
  const support = { userxattr: context.facts.rootless };
  if (rootfs.kind === 'host') return planHostRoot(containerDir, support);
  if (rootfs.kind === 'directory') {
    return rootfs.overlay ? planOverlay(containerDir, [rootfs.path], support) : planDirectory(rootfs.path);
  }
  const images = await context.images();
  const image = images.find(rootfs.imageId);
  if (!image) {
    throw new PeapodError(
      'NOT_FOUND',
      `the image ${rootfs.imageId.slice(0, 12)} of container ${record.name} is gone`,
      {
        hint: `pull ${record.spec.imageName} again`,
      },
    );
  }
  return planOverlay(containerDir, await images.layerDirectories(image), support);
}

/** Whom the container runs as, looked up in its own /etc. Throws NOT_FOUND with exit code 126. */
export async function userOf(
  context: Context,
  spec: Pick<ContainerSpec, 'user' | 'groups'>,
  plan: RootfsPlan,
): Promise<ResolvedUser> {
  const [passwd, group] = await readDatabases(context, plan);
  return resolveUser(spec, passwd, group);
}

/** `passwd` and `group` are the texts of the container's own. */
export function resolveUser(
  spec: Pick<ContainerSpec, 'user' | 'groups'>,
  passwd: string | undefined,
  groupText: string | undefined,
): ResolvedUser {
  const group = parseDatabase(groupText);
  const user = lookUpUser(spec.user, parseDatabase(passwd), group);
  const asked = spec.groups ?? [];
  if (asked.includes('keep-groups')) return { ...user, additionalGids: [] };
  const more = asked.map((word) => lookUpGroup(word, group));
  return { ...user, additionalGids: [...new Set([...user.additionalGids, ...more])] };
}

const databases = ['/etc/passwd', '/etc/group'] as const;

/** An image may hold directories that only the container's root can open: then a peapod inside reads. */
export async function readDatabases(context: Context, plan: RootfsPlan): Promise<(string | undefined)[]> {
  try {
    return databases.map((path) => readInPlaces(plan.places, path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES' || !context.separateMounts) throw error;
    const inside = await context.inside();
    const words = [...context.facts.self, 'internal', 'read-in-places'];
    const input = JSON.stringify({ places: plan.places, paths: databases });
    const { stdout } = await inside.run(words, { input });
    return (JSON.parse(stdout) as (string | null)[]).map((text) => text ?? undefined);
  }
}
