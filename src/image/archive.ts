import {
  closeSync,
  createWriteStream,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { isPeapodError, PeapodError } from '../errors.ts';
import { compressionOf, decompress, readPlain } from '../tar/decompress.ts';
import { TarReader } from '../tar/reader.ts';
import { writeAll } from '../tar/write-all.ts';
import { localName } from './naming.ts';
import { type ArchiveTransport, fullName, parseReference } from './reference.ts';

/** One image of an archive, as skopeo is to be asked for it. */
export interface ArchivedImage {
  /** e.g. `docker-archive:source:@0` or `oci:layout`, relative to the work directory. */
  readonly source: string;
  /** Full names; empty for an image without one. */
  readonly names: readonly string[];
}

/** Larger than any real manifest.json; bounds what a hostile archive makes us hold. */
const indexLimitBytes = 16 * 1024 * 1024;
const indexFiles = ['manifest.json', 'index.json', 'oci-layout'];

/**
 * Finds out what an archive is and which images it holds. `path` undefined reads standard input. The archive
 * is reachable as `source` in the work directory afterwards: a link, or a decompressed copy.
 * Throws IMAGE_INVALID, NOT_FOUND.
 */
export async function openArchive(
  path: string | undefined,
  transport: ArchiveTransport | undefined,
  workDirectory: string,
): Promise<ArchivedImage[]> {
  if (path !== undefined) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found)
      throw new PeapodError('NOT_FOUND', `${path}: no such file or directory`, {
        hint: 'give the path of an archive or directory, or leave -i out to read standard input',
      });
    if (found.isDirectory()) return openDirectory(resolve(path), transport, workDirectory);
  }
  const files = await readIndexFiles(path, join(workDirectory, 'source'));
  // Since version 25 docker writes both kinds into one archive; its own lists all names.
  const manifest = files.get('manifest.json');
  if (manifest && transport !== 'oci-archive') return dockerImages(manifest);
  const index = files.get('index.json');
  if (index && transport !== 'docker-archive') {
    await extractLayout(join(workDirectory, 'source'), join(workDirectory, 'layout'));
    return ociImages(index, 'layout');
  }
  throw unknownFormat(path);
}

function openDirectory(
  path: string,
  transport: ArchiveTransport | undefined,
  workDirectory: string,
): ArchivedImage[] {
  symlinkSync(path, join(workDirectory, 'source'));
  const read = (name: string) => {
    try {
      return readFileSync(join(path, name));
    } catch {
      return undefined;
    }
  };
  const index = read('index.json');
  if (index && transport !== 'dir') return ociImages(index, 'source', path);
  if (read('manifest.json') && transport !== 'oci') return [{ source: 'dir:source', names: pathName(path) }];
  throw unknownFormat(path);
}

/** Reads the whole archive once; what skopeo could not read as it is gets copied. */
async function readIndexFiles(path: string | undefined, target: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  let current: { name: string; pieces: Buffer[]; bytes: number } | undefined;
  const reader = new TarReader({
    entry: ({ path: name, type }) => {
      const plain = name.replace(/^(\.\/)+/, '');
      current =
        type === 'file' && indexFiles.includes(plain) ? { name: plain, pieces: [], bytes: 0 } : undefined;
    },
    data: (chunk) => {
      if (!current) return;
      current.bytes += chunk.length;
      if (current.bytes > indexLimitBytes)
        throw new PeapodError('IMAGE_INVALID', `${current.name} is too large`);
      current.pieces.push(Buffer.from(chunk));
    },
    end: () => {
      if (current) files.set(current.name, Buffer.concat(current.pieces));
      current = undefined;
    },
  });
  const { stream, copy } = await openStream(path);
  const output = copy ? createWriteStream(target) : undefined;
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      reader.write(piece);
      if (output && !output.write(piece)) await new Promise((drained) => output.once('drain', drained));
    }
    reader.finish();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const decoding = /^(Z_|ZSTD_|ERR_)/.test(code ?? '');
    throw decoding || isPeapodError(error, 'IMAGE_INVALID') ? unknownFormat(path, error) : error;
  } finally {
    output?.end();
    if (output) await finished(output);
  }
  if (path !== undefined && !copy) symlinkSync(resolve(path), target);
  return files;
}

async function openStream(path: string | undefined): Promise<{ stream: Readable; copy: boolean }> {
  if (path === undefined) return { stream: await plainInput(process.stdin), copy: true };
  const fd = openSync(path, 'r');
  const stream = readPlain(fd);
  return { stream, copy: !('fd' in stream) };
}

/** Decompresses a stream whose beginning can be read once only. */
async function plainInput(input: NodeJS.ReadStream): Promise<Readable> {
  if (input.isTTY) {
    throw new PeapodError('INVALID_ARGUMENT', 'cannot read an archive from a terminal', {
      hint: 'redirect standard input, or use --input FILE',
    });
  }
  const pieces = input[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const held: Buffer[] = [];
  let bytes = 0;
  while (bytes < 6) {
    const { value, done } = await pieces.next();
    if (done) break;
    held.push(value);
    bytes += value.length;
  }
  const head = Buffer.concat(held);
  async function* all(): AsyncGenerator<Buffer> {
    yield head;
    yield* { [Symbol.asyncIterator]: () => pieces };
  }
  const compression = compressionOf(head);
  const source = Readable.from(all(), { objectMode: false });
  return compression === 'none' ? source.pipe(new PassThrough()) : decompress(source, compression);
}

/**
 * Takes an OCI layout out of its archive. skopeo can read such an archive itself, but then wants to give its
 * files to their owners, which only root may.
 */
async function extractLayout(archive: string, directory: string): Promise<void> {
  mkdirSync(directory);
  let fd: number | undefined;
  const reader = new TarReader({
    entry: ({ path, type }) => {
      const name = path.replace(/^(\.\/)+/, '');
      if (type !== 'file' || !/^(index\.json|oci-layout|blobs\/\w+\/[0-9a-f]+)$/.test(name)) return;
      const file = join(directory, name);
      mkdirSync(dirname(file), { recursive: true });
      fd = openSync(file, 'w');
    },
    data: (chunk, position) => {
      if (fd !== undefined) writeAll(fd, chunk, position);
    },
    end: () => {
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
    },
  });
  for await (const piece of readPlain(openSync(archive, 'r')) as AsyncIterable<Buffer>) reader.write(piece);
}

function dockerImages(manifest: Buffer): ArchivedImage[] {
  const entries = parse<{ RepoTags?: string[] | null }[]>(manifest, 'manifest.json');
  if (!Array.isArray(entries) || entries.length === 0) throw unknownFormat('manifest.json');
  return entries.map(({ RepoTags }, index) => ({
    source: `docker-archive:source:@${index}`,
    names: (RepoTags ?? []).map(localName),
  }));
}

function ociImages(index: Buffer, layout: string, path?: string): ArchivedImage[] {
  const { manifests } = parse<{ manifests?: { annotations?: Record<string, string> }[] }>(
    index,
    'index.json',
  );
  if (!Array.isArray(manifests) || manifests.length === 0) {
    throw new PeapodError('IMAGE_INVALID', 'the archive holds no image', {
      hint: 'load takes what save writes; import takes a tar archive of a root file system',
    });
  }
  return manifests.map(({ annotations = {} }) => {
    const reference = annotations['org.opencontainers.image.ref.name'];
    const name = annotations['io.containerd.image.name'] ?? reference;
    if (manifests.length > 1 && reference === undefined) {
      throw new PeapodError('IMAGE_INVALID', 'the archive holds several images, and not all have a name', {
        hint: 'write each image into an archive of its own',
      });
    }
    const source = `oci:${layout}${manifests.length > 1 ? `:${reference}` : ''}`;
    return { source, names: name === undefined ? pathName(path) : [localName(name)] };
  });
}

/** podman names an image after the directory it came from, where that can be a name. */
function pathName(path: string | undefined): string[] {
  if (path === undefined) return [];
  try {
    return [fullName(parseReference(`localhost/${path.replace(/^\/+/, '')}`))];
  } catch {
    return [];
  }
}

function parse<T>(bytes: Buffer, name: string): T {
  try {
    return JSON.parse(bytes.toString());
  } catch (error) {
    throw new PeapodError('IMAGE_INVALID', `the archive's ${name} is not JSON`, { cause: error });
  }
}

function unknownFormat(path: string | undefined, cause?: unknown): PeapodError {
  const what = path ?? 'standard input';
  return new PeapodError(
    'IMAGE_INVALID',
    `${what}: payload does not match any of the supported image formats`,
    {
      hint: 'load takes docker-archive, oci-archive (plain, gzip, zstd), and oci or dir directories',
      cause,
    },
  );
}
