import { dirname, resolve } from 'node:path';
import { isPeapodError, PeapodError } from '../errors.ts';
import { ownerOutside } from '../host/id-mappings.ts';
import { changeRoot } from '../host/nodes.ts';
import { readBlocking } from '../host/read.ts';
import { resolveLinks } from '../host/resolve-links.ts';
import { LayerWriter } from '../image/layer-writer.ts';
import { readPlainInput } from '../tar/decompress.ts';
import { type TarEntry, TarReader } from '../tar/reader.ts';
import { CopyTree } from './copy-tree.ts';
import { type Coming, notFound } from './out-process.ts';
import { enterPlace, type FilesPlace } from './place.ts';
import { reporting } from './report.ts';

export interface InRequest {
  /** Undefined for the caller's own files. */
  readonly place?: FilesPlace | undefined;
  readonly path: string;
  readonly where: string;
  /** What comes is a plain archive for an existing directory. */
  readonly plain: boolean;
  /** Of everything that is copied, in the place of what the archive says. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
  readonly overwrite: boolean;
}

/** Where the parent of what is copied lies, and what that is called there. */
interface Target {
  readonly directory: string;
  /** Of the copy; empty for what goes into `directory` itself. */
  readonly name: string;
}

/** `peapod internal files-in REQUEST`: unpacks the archive on standard input. */
export function run(args: readonly string[]): Promise<number> {
  return reporting(async () => {
    const request = JSON.parse(args[0] ?? '') as InRequest;
    const coming = request.plain ? undefined : readComing();
    // Where nothing comes the other side says why.
    if (!request.plain && !coming) return;
    process.umask(0);
    if (request.place) enterPlace(request.place);
    const target = coming ? targetOf(request, coming) : archiveTarget(request);
    if (!request.place) {
      // Also on the host no link among the files may lead anywhere else.
      changeRoot(target.directory);
      await unpack(request, coming, { ...target, directory: '/' });
    } else {
      await unpack(request, coming, target);
    }
  });
}

/** Undefined where standard input is empty. */
function readComing(): Coming | undefined {
  const bytes: number[] = [];
  const byte = Buffer.alloc(1);
  while (readBlocking(0, byte) === 1) {
    if (byte[0] === 0x0a) return JSON.parse(Buffer.from(bytes).toString()) as Coming;
    bytes.push(byte[0] as number);
  }
  return undefined;
}

/** Into a directory that is there, or as a new name in one. */
function targetOf({ path, place, where }: InRequest, { kind, name }: Coming): Target {
  const typed = place ? path : resolve(path);
  const found = resolveLinks(typed);
  if (found?.stats?.isDirectory()) return { directory: found.path, name };
  if (found?.stats) {
    if (kind === 'directory') {
      throw new PeapodError('INVALID_ARGUMENT', 'destination must be a directory when copying a directory', {
        hint: 'what is there is a file: name another path, or take the file away',
      });
    }
    if (path.endsWith('/')) throw notFound(path, where);
    return { directory: dirname(found.path), name: found.path.slice(found.path.lastIndexOf('/') + 1) };
  }
  const isNewDirectory = kind === 'directory' && path.endsWith('/');
  if (!found || (path.endsWith('/') && !isNewDirectory)) throw notFound(path, where);
  return { directory: dirname(found.path), name: found.path.slice(found.path.lastIndexOf('/') + 1) };
}

function archiveTarget({ path, place }: InRequest): Target {
  const found = resolveLinks(place ? path : resolve(path));
  if (found?.stats?.isDirectory()) return { directory: found.path, name: '' };
  throw new PeapodError('INVALID_ARGUMENT', 'destination must be a directory when copying from stdin', {
    hint: 'the archive is unpacked in it: name one that exists',
  });
}

async function unpack(request: InRequest, coming: Coming | undefined, target: Target): Promise<void> {
  const directory = Buffer.from(target.directory).toString('latin1');
  const name = Buffer.from(target.name).toString('latin1');
  const tree = new CopyTree(directory, request.overwrite);
  const writer = new LayerWriter(tree, undefined);
  const place = (path: string) => (name === '' ? path : coming?.kind === 'file' ? name : `${name}/${path}`);
  let entries = 0;
  const reader = new TarReader({
    entry: (entry) => {
      entries++;
      // The directory that is copied into keeps what it is.
      if (name === '' && /^(\.\/*)*$/.test(entry.path)) return;
      writer.entry(placed(entry, place, request));
    },
    data: (chunk, position) => writer.data(chunk, position),
    end: () => writer.end(),
  });
  try {
    for await (const piece of readPlainInput() as AsyncIterable<Buffer>) reader.write(piece);
    reader.finish();
  } catch (error) {
    if (coming || entries > 0 || !isPeapodError(error, 'IMAGE_INVALID')) throw error;
    throw new PeapodError(
      'INVALID_ARGUMENT',
      'source must be a (compressed) tar archive when copying from stdin',
      { hint: 'tar -c makes one: tar -c FILE | peapod cp - CONTAINER:/DIRECTORY', cause: error },
    );
  }
  writer.finish();
}

function placed(entry: TarEntry, place: (path: string) => string, request: InRequest): TarEntry {
  const mappings = request.place?.mappings;
  const mapped = mappings && {
    uid: ownerOutside(mappings.uids, entry.uid),
    gid: ownerOutside(mappings.gids, entry.gid),
  };
  const linkPath = entry.type === 'hardlink' ? place(entry.linkPath) : entry.linkPath;
  return { ...entry, ...(request.owner ?? mapped ?? {}), path: place(entry.path), linkPath };
}
