import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { appendTextInRoot, kindInRoot } from '../host/rooted.ts';

/** A container's root, mounted, and what is added to files of its /etc. */
export interface AppendRequest {
  readonly root: string;
  /** By file name. */
  readonly texts: Readonly<Record<string, string>>;
}

/** What may not be written to stays as it is. */
export function appendToEtc({ root, texts }: AppendRequest): void {
  try {
    if (kindInRoot(root, '/etc') === undefined)
      mkdirSync(join(root, 'etc'), { recursive: true, mode: 0o755 });
    for (const [name, text] of Object.entries(texts)) appendTextInRoot(root, `/etc/${name}`, text);
  } catch (error) {
    // A directory of somebody else's as the root.
    if (!['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

/** `peapod internal append-to-etc REQUEST`, where the mounts of containers are. */
export async function run(args: readonly string[]): Promise<number> {
  appendToEtc(JSON.parse(args[0] ?? '') as AppendRequest);
  return 0;
}
