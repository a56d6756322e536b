import { statSync } from 'node:fs';
import { join } from 'node:path';
import { removeTree } from '../container/rootfs-removal.ts';
import { readNames, readWorkNames } from '../image/work-directory.ts';
import { unpinNamespaces } from '../sandbox/namespaces.ts';
import type { Context } from './context.ts';
import { type FoundLeak, isId, leakOf, type Owners } from './leaks.ts';
import { removeSecretFile, secretFileNames } from './secret-files.ts';
import { newVolume } from './volume-records.ts';

/** Directories of pods, containers, layers and volumes without a row. */
export function leakedDirectories(context: Context, owners: Owners): FoundLeak[] {
  const { paths, store } = context;
  const inside = () => context.inside();
  const unknown = (parent: string, repair: (dir: string) => Promise<void> | void) =>
    readNames(parent)
      .filter((name) => isId(name) && !owners.known.has(name))
      .map((id) => {
        const dir = join(parent, id);
        return leakOf(owners, id, { kind: 'directory', what: dir }, () => repair(dir));
      });
  const leak = (what: string, why: string, repair: FoundLeak['repair']): FoundLeak => ({
    kind: 'directory',
    what,
    why,
    repair,
  });
  const used = new Set(store.images.all().flatMap(({ diffIds }) => diffIds.map((id) => id.split(':')[1])));
  const removed = join(paths.volumes, '.removed');
  return [
    ...unknown(join(paths.runRoot, 'sandboxes'), (dir) => unpinNamespaces(dir, context.separateMounts)),
    ...[join(paths.runRoot, 'containers'), join(paths.root, 'containers')].flatMap((parent) =>
      unknown(parent, (dir) => removeTree(dir, inside)),
    ),
    ...[paths.layers, ...readNames(paths.mappedLayers).map((key) => join(paths.mappedLayers, key))].flatMap(
      (parent) =>
        layersWithoutImage(context, parent, used).map((name) => {
          const dir = join(parent, name);
          return leak(dir, 'no image has this layer', () => removeTree(dir, inside));
        }),
    ),
    ...readWorkNames(removed).abandoned.map((name) => {
      const dir = join(removed, name);
      return leak(dir, 'it was being deleted', () => removeTree(dir, inside));
    }),
    ...volumesWithoutRow(context).map((name) => {
      const dir = join(paths.volumes, name);
      // It may hold what somebody needs: repaired, it can be looked at, and removed by its name.
      return leak(dir, 'no volume of that name is in the store; --repair adopts it', () => {
        const createdAtMs = Math.round(statSync(dir).birthtimeMs);
        store.volumes.insert(newVolume(name, createdAtMs, { needsCopyUp: false, needsChown: false }));
      });
    }),
  ];
}

/** While anybody fetches an image its layers have no row yet. */
function layersWithoutImage(
  { paths }: Context,
  parent: string,
  used: ReadonlySet<string | undefined>,
): readonly string[] {
  const { live, abandoned } = readWorkNames(parent);
  if (live.length > 0 || readWorkNames(join(paths.imageLayout, 'tmp')).live.length > 0) return abandoned;
  return [...abandoned, ...readNames(parent).filter((name) => isId(name) && !used.has(name))];
}

function volumesWithoutRow({ paths, store }: Context): string[] {
  const known = new Set(store.volumes.all().map(({ name }) => name));
  return readNames(paths.volumes).filter((name) => /^[a-zA-Z0-9][\w.-]*$/.test(name) && !known.has(name));
}

/** Exit codes and secrets without a row. */
export function leakedFiles(context: Context, owners: Owners): FoundLeak[] {
  const { paths, store } = context;
  const secrets = new Set(store.secrets.all().map(({ id }) => id));
  const remove = (path: string) => () => removeTree(path, () => context.inside());
  const exits = readNames(paths.exits).filter((name) => isId(name) && !owners.known.has(name));
  return [
    ...exits.map((id) => {
      const path = join(paths.exits, id);
      return leakOf(owners, id, { kind: 'file', what: path }, remove(path));
    }),
    ...secretFileNames(context)
      .filter((name) => !secrets.has(name))
      .map(
        (name): FoundLeak => ({
          kind: 'file',
          what: join(paths.secrets, name),
          why: 'no secret of that id is in the store',
          repair: async () => removeSecretFile(context, name),
        }),
      ),
  ];
}
