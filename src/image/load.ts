import { join } from 'node:path';
import { openArchive } from './archive.ts';
import { adoptCopy, recordImage } from './record.ts';
import type { ArchiveTransport } from './reference.ts';
import type { Progress } from './skopeo.ts';
import type { Transfers } from './transfers.ts';

export interface LoadedImage {
  readonly id: string;
  readonly names: readonly string[];
}

/** Every image of an archive; `path` undefined reads standard input. Throws IMAGE_INVALID, NOT_FOUND. */
export function loadArchive(
  transfers: Transfers,
  path: string | undefined,
  transport: ArchiveTransport | undefined,
  report: Progress,
): Promise<LoadedImage[]> {
  const { stores, skopeo } = transfers;
  return transfers.run(
    async (workDirectory) => {
      const loaded: LoadedImage[] = [];
      for (const { source, names } of await openArchive(path, transport, workDirectory)) {
        const directory = `copy-${loaded.length}`;
        await skopeo.copy(source, `dir:${directory}`, { cwd: workDirectory, progress: report });
        const manifest = adoptCopy(join(workDirectory, directory), stores.blobs);
        loaded.push({ id: await recordImage(stores, { manifest, lists: [], names }, report), names });
      }
      return loaded;
    },
    path === undefined ? 1 : 3,
  );
}
