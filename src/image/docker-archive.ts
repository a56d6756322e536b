import { openSync } from 'node:fs';
import { PeapodError } from '../errors.ts';
import type { ImageRecord } from '../store/records.ts';
import { readPlain } from '../tar/decompress.ts';
import { padding } from '../tar/fields.ts';
import { entryHeader, tarEnd, wholeEntry } from '../tar/writer.ts';
import type { ImageStores } from './record.ts';
import { splitName } from './reference.ts';

/**
 * Writes images as `docker save` does, for docker, podman and skopeo: plain layers, each once, then the
 * configurations, `manifest.json` with all names, and `repositories`. skopeo itself writes one image an archive.
 * `write` gets the pieces in order.
 */
export async function writeDockerArchive(
  { table, blobs }: ImageStores,
  images: readonly { readonly image: ImageRecord; readonly names: readonly string[] }[],
  write: (bytes: Uint8Array) => void,
  report: (line: string) => void,
): Promise<void> {
  const written = new Set<string>();
  const put = (path: string, content: Uint8Array) =>
    write(wholeEntry({ type: 'file', path, mode: 0o444 }, content));
  for (const { image } of images) {
    for (const [index, diffId] of image.diffIds.entries()) {
      if (written.has(diffId)) continue;
      written.add(diffId);
      report(`Copying blob ${diffId}`);
      const blob = blobs.path(image.blobs[index] as string);
      const size = table.layer(diffId)?.tarBytes ?? (await plainBytes(blob));
      write(entryHeader({ type: 'file', path: layerPath(diffId), mode: 0o444, size }));
      await copyLayer(blob, diffId, size, write);
      write(new Uint8Array(padding(size)));
    }
    const config = `${image.id}.json`;
    if (written.has(config)) continue;
    written.add(config);
    report(`Copying config sha256:${image.id}`);
    put(config, blobs.read(`sha256:${image.id}`));
  }
  put('manifest.json', json(images.map(manifestEntry)));
  put('repositories', json(repositories(images)));
  write(tarEnd);
  report('Writing manifest to image destination');
}

function layerPath(diffId: string): string {
  return `${diffId.slice('sha256:'.length)}.tar`;
}

async function plainBytes(blob: string): Promise<number> {
  let bytes = 0;
  for await (const piece of readPlain(openSync(blob, 'r')) as AsyncIterable<Buffer>) bytes += piece.length;
  return bytes;
}

/** Whoever loads the archive finds by its digest that a layer is broken; who writes it should say so first. */
async function copyLayer(
  blob: string,
  diffId: string,
  size: number,
  write: (bytes: Uint8Array) => void,
): Promise<void> {
  const hash = new Bun.CryptoHasher('sha256');
  let bytes = 0;
  for await (const piece of readPlain(openSync(blob, 'r')) as AsyncIterable<Buffer>) {
    hash.update(piece);
    bytes += piece.length;
    write(piece);
  }
  if (bytes === size && `sha256:${hash.digest('hex')}` === diffId) return;
  throw new PeapodError('IMAGE_INVALID', `the layer ${diffId} has changed on disk`, {
    hint: 'remove the image and fetch it again',
  });
}

function manifestEntry({ image, names }: { image: ImageRecord; names: readonly string[] }) {
  return {
    Config: `${image.id}.json`,
    RepoTags: names.length > 0 ? names : null,
    Layers: image.diffIds.map(layerPath),
  };
}

/** Only for versions of docker before 1.10, which look names up here. */
function repositories(images: readonly { image: ImageRecord; names: readonly string[] }[]) {
  const found: Record<string, Record<string, string>> = {};
  for (const { image, names } of images) {
    for (const name of names) {
      const { repository, tag } = splitName(name);
      if (tag === undefined) continue;
      found[repository] ??= {};
      found[repository][tag] = (image.diffIds.at(-1) ?? '').slice('sha256:'.length);
    }
  }
  return found;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
