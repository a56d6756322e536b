import { closeSync, createReadStream, fstatSync, openSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PeapodError } from '../errors.ts';
import { writeFully } from '../host/write.ts';
import type { ImageRecord } from '../store/records.ts';
import { writeDockerArchive } from './docker-archive.ts';
import { layOut } from './outgoing.ts';
import type { Progress } from './skopeo.ts';
import type { Transfers } from './transfers.ts';

export const saveFormats = ['oci-dir', 'oci-archive', 'docker-dir', 'docker-archive'] as const;
export type SaveFormat = (typeof saveFormats)[number];

export interface SaveOptions {
  readonly format: SaveFormat;
  /** Undefined for standard output, which takes archives only. */
  readonly output?: string | undefined;
  /** `dir:` only. */
  readonly compress: boolean;
  /** OCI only: layers that are plain stay so. */
  readonly uncompressed: boolean;
}

export interface SavedImage {
  readonly image: ImageRecord;
  readonly names: readonly string[];
}

/** Writes images to a file, a directory or standard output. What fails leaves no file. */
export async function saveImages(
  transfers: Transfers,
  images: readonly SavedImage[],
  options: SaveOptions,
  progress: Progress,
): Promise<void> {
  const { format, output } = options;
  if (output?.includes(':')) {
    throw new PeapodError('INVALID_ARGUMENT', `invalid filename (should not contain ':') "${output}"`);
  }
  if (format === 'docker-archive') {
    await transfers.run(() =>
      toOutput(output, (write) => writeDockerArchive(transfers.stores, images, write, progress)),
    );
    return;
  }
  if (images.length > 1) {
    throw new PeapodError('INVALID_ARGUMENT', `${format} holds one image, not ${images.length}`, {
      hint: 'several go into a docker-archive: peapod save -m -o FILE IMAGE...',
    });
  }
  const [saved] = images as [SavedImage];
  await transfers.run(async (workDirectory) => {
    const at = output === undefined ? join(workDirectory, 'saved') : resolve(output);
    const name = saved.names[0] === undefined ? '' : `:${saved.names[0]}`;
    const kind = format.startsWith('oci') ? 'oci' : 'v2s2';
    const source = await layOut(transfers.stores.blobs, saved.image, workDirectory, kind);
    const destination = format === 'docker-dir' ? `dir:${at}` : `${format.replace('-dir', '')}:${at}${name}`;
    const flags = [
      `--format=${kind}`,
      ...(options.compress ? ['--dest-compress'] : []),
      ...(options.uncompressed ? ['--dest-oci-accept-uncompressed-layers'] : []),
    ];
    await transfers.skopeo.copy(source, destination, { cwd: workDirectory, flags, progress });
    if (output === undefined) await toStandardOutput(at);
  });
}

async function toOutput(
  path: string | undefined,
  work: (write: (bytes: Uint8Array) => void) => Promise<void>,
): Promise<void> {
  const fd = path === undefined ? 1 : openSync(path, 'w');
  let whole = false;
  try {
    await work((bytes) => {
      if (!writeFully(fd, bytes)) throw new PeapodError('COMMAND_FAILED', 'nobody reads the output any more');
    });
    whole = true;
  } finally {
    const isFile = fstatSync(fd).isFile();
    if (path !== undefined) closeSync(fd);
    if (path !== undefined && !whole && isFile) rmSync(path, { force: true });
  }
}

async function toStandardOutput(file: string): Promise<void> {
  await toOutput(undefined, async (write) => {
    for await (const piece of createReadStream(file, { highWaterMark: 1 << 18 })) write(piece);
  });
}
