import { mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readNames } from './work-directory.ts';

/**
 * What a pull had fetched when it was interrupted or failed: the next attempt need not fetch it again. skopeo
 * gives a blob its name only when it is whole and its digest is right.
 */
export const partialLifeMs = 24 * 3600 * 1000;

/** Moves the blobs out of a transfer's directory that goes. */
export function keepPartial(layout: string, workDirectory: string): void {
  const received = join(workDirectory, 'received', 'blobs', 'sha256');
  for (const name of readNames(received)) {
    const file = join(received, name);
    // What is a link's second name was lent, and is kept elsewhere.
    if (!/^[0-9a-f]{64}$/.test(name) || statSync(file).nlink > 1) continue;
    mkdirSync(join(layout, 'partial'), { recursive: true, mode: 0o700 });
    renameSync(file, join(layout, 'partial', name));
  }
}

/** Files by digest. */
export function readPartial(layout: string): Map<string, string> {
  const names = readNames(join(layout, 'partial'));
  return new Map(names.map((name) => [`sha256:${name}`, join(layout, 'partial', name)]));
}

/** Deletes what is older, or has become an image's meanwhile. */
export function forgetPartial(layout: string, olderThanMs: number): void {
  for (const file of readPartial(layout).values()) {
    const found = statSync(file, { throwIfNoEntry: false });
    if (found && (found.nlink > 1 || Date.now() - found.mtimeMs >= olderThanMs))
      rmSync(file, { force: true });
  }
}
