import { statSync } from 'node:fs';
import {
  ownDirectories,
  planDirectory,
  planHostRoot,
  planOverlay,
  type RootfsPlan,
  readInPlaces,
} from '../container/rootfs.ts';
import { lookUpGroup, lookUpUser, parseDatabase, type ResolvedUser } from '../container/user.ts';
import { PeapodError } from '../errors.ts';
import { rootOutside } from '../host/id-mappings.ts';
import { canIdmap } from '../host/mounts.ts';
import type { ContainerRecord, ContainerSpec } from '../store/records.ts';
import type { Context } from './context.ts';

/**
 * How this container's root is mounted; unpacks layers that are missing. `userNamespace` is the path of the
 * container's own, which its mounts need where it has one.
 */
export async function planRootfs(
  context: Context,
  record: ContainerRecord,
  userNamespace?: string,
): Promise<RootfsPlan> {
  const plan = await layOut(context, record, userNamespace);
  const { userns } = record.spec;
  if (userns) await giveToRoot(context, record, rootOutside(userns));
  return plan;
}

async function layOut(
  context: Context,
  record: ContainerRecord,
  userNamespace: string | undefined,
): Promise<RootfsPlan> {
  const { rootfs, userns } = record.spec;
  const containerDir = context.paths.container(record.id);
  // Only the kernel's own root may map the ids of a file system of the host's.
  const mapping = context.facts.rootless ? undefined : userNamespace;
  const support = (layer: string) => ({
    userxattr: context.facts.rootless,
    userNamespace: mapping !== undefined && canIdmap(layer, mapping) ? mapping : undefined,
  });
  if (rootfs.kind === 'host') return planHostRoot(containerDir, support('/usr'));
  if (rootfs.kind === 'directory') {
    return rootfs.overlay
      ? planOverlay(containerDir, [rootfs.path], support(rootfs.path))
      : planDirectory(rootfs.path);
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
  const layers = support(context.paths.root);
  const copied = context.facts.rootless || (mapping !== undefined && !layers.userNamespace);
  const directories = await images.layerDirectories(image, copied ? userns : undefined);
  return planOverlay(containerDir, directories, layers);
}

/** At the first time: what is made for a container belongs to its root, as what an image has does. */
async function giveToRoot(
  { facts, paths, separateMounts, inside }: Context,
  { id }: ContainerRecord,
  root: { readonly uid: number; readonly gid: number },
): Promise<void> {
  const own = ownDirectories(paths.container(id));
  if (!own) return;
  // Outside of the keeper subordinate ids have other numbers; the caller's own is 0 inside.
  const { uid } = statSync(own.last);
  if (separateMounts ? root.uid === 0 || uid !== facts.uid : uid === root.uid) return;
  const owner = `${root.uid}:${root.gid}`;
  const ofBoth = facts.rootless ? `${root.uid}:0` : owner;
  const runner = await inside();
  await runner.batch([
    ...(own.others.length > 0 ? [['chown', '-R', '-h', owner, ...own.others]] : []),
    ...(own.shared.length > 0 ? [['chmod', facts.rootless ? '0775' : '0755', ...own.shared]] : []),
    [
      'chown',
      own.shared.length > 0 ? ofBoth : owner,
      ...own.shared.filter((dir) => dir !== own.last),
      own.last,
    ],
  ]);
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
export async function readDatabases(
  context: Context,
  plan: Pick<RootfsPlan, 'places'>,
): Promise<(string | undefined)[]> {
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
