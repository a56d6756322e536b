import { chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { appendToEtc } from '../container/append-process.ts';
import type { RootfsPlan } from '../container/rootfs.ts';
import type { ResolvedUser } from '../container/user.ts';
import { type UserEntries, userEntries } from '../container/user-entries.ts';
import { rootOutside } from '../host/id-mappings.ts';
import { kindInRoot } from '../host/rooted.ts';
import type { ContainerRecord, MountSpec } from '../store/records.ts';
import type { Context } from './context.ts';
import { readDatabases, resolveUser } from './rootfs.ts';

export interface StartingUser {
  readonly user: ResolvedUser;
  /** Files in the place of those of a root that nobody can write to. */
  readonly mounts: readonly MountSpec[];
  /** After the root is mounted: writes, or returns commands for where it is mounted. */
  write(): string[][];
}

/** Whom a container starts as, and what its /etc/passwd and /etc/group get for it. Throws as `userOf`. */
export async function startingUser(
  context: Context,
  record: ContainerRecord,
  plan: RootfsPlan,
): Promise<StartingUser> {
  const { spec } = record;
  const [passwd, group] = await readDatabases(context, plan);
  const added = entriesFor(spec, passwd, group);
  // The entry of a user without one says where it is at home.
  const user = resolveUser(spec, withLines(passwd, added.passwd), group);
  const texts = (['passwd', 'group'] as const)
    .map((name) => [name, added[name]] as const)
    .filter(([, text]) => text !== '');
  const whole = { passwd: withLines(passwd, added.passwd), group: withLines(group, added.group) };
  if (texts.length === 0) return { user, mounts: [], write: () => [] };
  if (!spec.readOnly) {
    const left =
      spec.rootfs.kind === 'host'
        ? texts.filter(([name]) => !writeOwn(plan, name, whole[name], ownerOf(context, record)))
        : texts;
    return { user, mounts: [], write: () => append(context, plan.path, left) };
  }
  const mounts = texts.map(([name]): MountSpec => {
    const source = join(context.paths.containerRuntime(record.id), name);
    writeFileSync(source, whole[name], { mode: 0o644 });
    return {
      type: 'bind',
      source,
      destination: `/etc/${name}`,
      options: ['ro', 'nosuid', 'nodev', 'noexec'],
    };
  });
  return { user, mounts, write: () => [] };
}

/** A file that the user has mounted is the user's to fill. */
function entriesFor(
  spec: ContainerRecord['spec'],
  passwd: string | undefined,
  group: string | undefined,
): UserEntries {
  if (spec.passwd?.none) return { passwd: '', group: '' };
  const mountPoints = spec.mounts.map(({ destination }) => destination);
  const found = userEntries({ ...spec, asked: spec.passwd, mountPoints, passwd, group });
  const unless = (name: string, text: string) =>
    mountPoints.includes('/etc') || mountPoints.includes(`/etc/${name}`) ? '' : text;
  return { passwd: unless('passwd', found.passwd), group: unless('group', found.group) };
}

function withLines(text: string | undefined, lines: string): string {
  return text && !text.endsWith('\n') ? `${text}\n${lines}` : `${text ?? ''}${lines}`;
}

/** Files of the host are not the caller's to add to: the container gets its own. False where it has one. */
function writeOwn(
  { places }: RootfsPlan,
  name: string,
  text: string,
  owner: ReturnType<typeof ownerOf>,
): boolean {
  const etc = places.find(({ at }) => at === '/etc');
  if (etc === undefined || kindInRoot(etc.dir, `/${name}`) !== undefined) return false;
  const path = join(etc.dir, name);
  writeFileSync(path, text, { mode: 0o644 });
  if (owner) chownSync(path, owner.uid, owner.gid);
  return true;
}

/** Of a user namespace, where the caller may give files away. */
function ownerOf({ facts }: Context, { spec: { userns } }: ContainerRecord) {
  return userns && !facts.rootless ? rootOutside(userns) : undefined;
}

function append(context: Context, root: string, texts: readonly (readonly [string, string])[]): string[][] {
  if (texts.length === 0) return [];
  const request = { root, texts: Object.fromEntries(texts) };
  if (context.separateMounts)
    return [[...context.facts.self, 'internal', 'append-to-etc', JSON.stringify(request)]];
  appendToEtc(request);
  return [];
}
