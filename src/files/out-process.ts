import { resolve } from 'node:path';
import { PeapodError } from '../errors.ts';
import { resolveLinks } from '../host/resolve-links.ts';
import { writeFully } from '../host/write.ts';
import { pack } from '../tar/pack.ts';
import { lastName, meansContents } from './path-words.ts';
import { enterPlace, type FilesPlace } from './place.ts';
import { reporting } from './report.ts';

export interface OutRequest {
  /** Undefined for the caller's own files. */
  readonly place?: FilesPlace | undefined;
  readonly path: string;
  /** `container web`, `the host`: for messages. */
  readonly where: string;
  /** For another process of ours, which wants to know what comes; else a plain archive. */
  readonly told: boolean;
}

/** One line of JSON before an archive, where one is told what comes. */
export interface Coming {
  readonly kind: 'directory' | 'file';
  /** The file's name, or that of the directory; empty where what it holds is meant. */
  readonly name: string;
}

/** `peapod internal files-out REQUEST`: a file or directory as an archive on standard output. */
export function run(args: readonly string[]): Promise<number> {
  return reporting(() => {
    const { place, path, where, told } = JSON.parse(args[0] ?? '') as OutRequest;
    if (place) enterPlace(place);
    const found = resolveLinks(place ? path : resolve(path));
    if (!found?.stats || (path.endsWith('/') && !found.stats.isDirectory())) throw notFound(path, where);
    const kind = found.stats.isDirectory() ? 'directory' : 'file';
    // As it was typed: a link is copied under its own name.
    const typed = meansContents(path) ? '' : lastName(path.endsWith('..') ? found.path : path);
    const name = kind === 'file' ? lastName(path) : typed;
    const coming: Coming = { kind, name };
    if (told && !writeFully(1, Buffer.from(`${JSON.stringify(coming)}\n`))) return;
    const from = Buffer.from(found.path).toString('latin1');
    // Whoever is told gives the directory its name.
    const inArchive = told && kind === 'directory' ? '' : Buffer.from(name).toString('latin1');
    for (const piece of pack({ from, name: inArchive, preciseTimes: true, mappings: place?.mappings }))
      if (!writeFully(1, piece)) return;
  });
}

export function notFound(path: string, where: string): PeapodError {
  return new PeapodError('NOT_FOUND', `"${path}" could not be found on ${where}: no such file or directory`);
}
