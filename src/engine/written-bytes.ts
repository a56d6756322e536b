import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import type { ContainerSize } from './views.ts';

const script = `find "$@" -type f -printf '%s\\t%H\\n' |
awk -F'\\t' '{ bytes[$2] += $1 } END { for (dir in bytes) printf "%d\\t%s\\n", bytes[dir], dir }'`;

/** What containers have written to their roots, and with it what their images take. */
export async function containerSizes(
  context: Context,
  records: readonly ContainerRecord[],
): Promise<Map<string, ContainerSize>> {
  const { paths, store } = context;
  const written = new Map(records.map(({ id }) => [id, writtenDirectories(paths.container(id))]));
  const bytes = await fileBytes(context, [...written.values()].flat());
  return new Map(
    records.map(({ id, spec }) => {
      const dirs = written.get(id) ?? [];
      const rwBytes = dirs.reduce((total, dir) => total + (bytes.get(dir) ?? 0), 0);
      const image = spec.rootfs.kind === 'image' ? store.images.get(spec.rootfs.imageId) : undefined;
      return [id, { rwBytes, rootFsBytes: (image?.sizeBytes ?? 0) + (image ? rwBytes : 0) }];
    }),
  );
}

/** The writable layers: one for an image's root, several for the host's, none for a directory of the user's. */
export function writtenDirectories(containerDir: string): string[] {
  const base = join(containerDir, 'rootfs');
  if (!existsSync(base)) return [];
  return readdirSync(base)
    .map((name) => join(base, name, 'diff'))
    .filter((dir) => existsSync(dir));
}

/** Bytes of all files below each directory; seen by the user namespace's root, who may enter all of them. */
export async function fileBytes(context: Context, dirs: readonly string[]): Promise<Map<string, number>> {
  if (dirs.length === 0) return new Map();
  const runner = await context.beside();
  // Files that go meanwhile are no error.
  const { stdout } = await runner.run(['sh', '-c', script, 'sh', ...dirs], { accept: 'any' });
  return new Map(
    stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const at = line.indexOf('\t');
        return [line.slice(at + 1), Number(line.slice(0, at))];
      }),
  );
}
