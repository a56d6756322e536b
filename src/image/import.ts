import { constants, copyFileSync, createReadStream, createWriteStream, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf, PeapodError } from '../errors.ts';
import { compressionOfFile, readPlain } from '../tar/decompress.ts';
import { type PlatformRequest, parsePlatform } from './access.ts';
import { applyChanges, type Settings } from './changes.ts';
import { createImage, type NewLayer } from './create.ts';
import { checkInterrupt } from './interruption.ts';
import { checkNewNames } from './naming.ts';
import type { Progress } from './skopeo.ts';
import type { Transfers } from './transfers.ts';

export interface ImportRequest extends PlatformRequest {
  /** A file, `http://…`, `https://…`, or `-` for standard input. */
  readonly source: string;
  readonly name?: string | undefined;
  readonly changes: readonly string[];
  readonly message?: string | undefined;
}

/** Makes an image of one archive of files (plain, gzip or zstd). Returns its id. Throws IMAGE_INVALID, NOT_FOUND. */
export function importImage(
  transfers: Transfers,
  request: ImportRequest,
  progress: Progress,
): Promise<string> {
  const names = request.name === undefined ? [] : checkNewNames([request.name]);
  const platform = parsePlatform(request);
  const settings: Settings = {};
  applyChanges(settings, request.changes);
  return transfers.run(
    async (workDirectory) => {
      const file = join(workDirectory, 'layer');
      await fetchTo(file, request.source, transfers.deps.signal, progress);
      const layer = await examine(file);
      progress(`Copying blob ${layer.diffId}`);
      const step = {
        createdBy: `/bin/sh -c #(nop) ADD file:${layer.diffId.slice('sha256:'.length)} in /`,
        comment: request.message,
      };
      const image = { layer, format: 'oci', settings, step, platform, names } as const;
      return createImage(transfers, image, workDirectory, progress);
    },
    request.source === '-' ? 1 : 3,
  );
}

async function fetchTo(
  file: string,
  source: string,
  signal: AbortSignal | undefined,
  progress: Progress,
): Promise<void> {
  if (source === '-') {
    await pipeline(process.stdin, createWriteStream(file), signal ? { signal } : {});
    return;
  }
  if (!/^https?:\/\//.test(source)) {
    const found = statSync(source, { throwIfNoEntry: false });
    if (!found) throw new PeapodError('NOT_FOUND', `error opening "${source}": no such file or directory`);
    if (found.isDirectory())
      throw new PeapodError('INVALID_ARGUMENT', `"${source}" is a directory`, {
        hint: `tar c -C ${source} . | peapod import -`,
      });
    copyFileSync(source, file, constants.COPYFILE_FICLONE);
    return;
  }
  progress(`Downloading from "${source}"`);
  try {
    const response = await fetch(source, signal ? { signal } : {});
    if (!response.ok || !response.body) throw new Error(`the server answers ${response.status}`);
    await pipeline(Readable.fromWeb(response.body as never), createWriteStream(file));
  } catch (error) {
    checkInterrupt(signal);
    throw new PeapodError('COMMAND_FAILED', `downloading ${source}: ${messageOf(error)}`, { cause: error });
  }
}

async function examine(file: string): Promise<NewLayer> {
  const stored = new Bun.CryptoHasher('sha256');
  const plain = new Bun.CryptoHasher('sha256');
  for await (const piece of createReadStream(file) as AsyncIterable<Buffer>) stored.update(piece);
  try {
    for await (const piece of readPlain(openSync(file, 'r')) as AsyncIterable<Buffer>) plain.update(piece);
  } catch (error) {
    const isBroken = /^(Z_|ZSTD_|ERR_)/.test((error as NodeJS.ErrnoException).code ?? '');
    if (!isBroken) throw error;
    throw new PeapodError('IMAGE_INVALID', `the archive cannot be decompressed: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return {
    file,
    diffId: `sha256:${plain.digest('hex')}`,
    digest: `sha256:${stored.digest('hex')}`,
    sizeBytes: statSync(file).size,
    compression: compressionOfFile(file),
  };
}
