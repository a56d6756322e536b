import { mountHere } from '../host/mounts.ts';
import { writeFully } from '../host/write.ts';
import { pack } from '../tar/pack.ts';
import type { FilesPlace } from './place.ts';
import { reporting } from './report.ts';

/** `peapod internal files-export PLACE`: a container's root as an archive, without what is mounted in it. */
export function run(args: readonly string[]): Promise<number> {
  return reporting(() => {
    const { root, mounts, mappings } = JSON.parse(args[0] ?? '') as FilesPlace;
    for (const mount of mounts) mountHere(mount);
    const from = Buffer.from(root).toString('latin1');
    for (const piece of pack({ from, name: '', mappings })) if (!writeFully(1, piece)) return;
  });
}
