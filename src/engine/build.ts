import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ownMounts } from '../files/place.ts';
import { endsWithParent } from '../host/processes.ts';
import { which } from '../host/tools.ts';
import { adoptBuilt } from '../image/built.ts';
import { checkNewNames } from '../image/naming.ts';
import { layOut } from '../image/outgoing.ts';
import type { Context } from './context.ts';
import type { ProgressSink } from './image-api.ts';

export interface BuildRequest {
  /** A directory, an archive, a URL, or `-`; undefined for the working directory. */
  readonly source?: string | undefined;
  readonly files: readonly string[];
  readonly names: readonly string[];
  /** Gets the id. */
  readonly idFile?: string | undefined;
  /** For buildah as they are. */
  readonly flags: readonly string[];
  /** Bases are fetched again, even where they are here. */
  readonly pullAlways: boolean;
}

/** buildah has said itself what went wrong, where something did. */
export interface Built {
  readonly exitCode: number;
  readonly id?: string;
}

/**
 * Builds by buildah, in a storage of its own that is kept for its cache, and takes the image over. Throws
 * TOOL_MISSING.
 */
export async function buildImage(
  context: Context,
  request: BuildRequest,
  progress: ProgressSink,
): Promise<Built> {
  const { facts, interrupt } = context;
  which('buildah', facts.env.PATH);
  const names = checkNewNames(request.names);
  const storage = storageOf(context);
  mkdirSync(storage.root, { recursive: true, mode: 0o700 });
  // For root, buildah would leave a mount of its storage on the machine.
  const place = facts.rootless ? context.host : context.host.within(ownMounts);
  const images = await context.images();
  const transfers = await images.transfers();
  const { blobs } = transfers.stores;
  return transfers.run(async (workDirectory) => {
    if (!request.pullAlways) {
      for (const name of basesOf(request)) {
        const found = images.find(name);
        const full = found && images.locate(name).name;
        if (!found || full === undefined) continue;
        const lent = join(workDirectory, `base-${found.id}`);
        mkdirSync(lent, { recursive: true });
        const source = await layOut(blobs, found, lent);
        await place.run([...endsWithParent, 'skopeo', 'copy', '--quiet', source, storage.image(full)]);
      }
    }
    const idFile = join(workDirectory, 'id');
    const words = [
      ...['buildah', `--root=${storage.root}`, `--runroot=${storage.runRoot}`, '--storage-driver=overlay'],
      ...['build', `--iidfile=${idFile}`, ...request.flags],
      ...request.files.map((file) => `--file=${file}`),
      ...names.map((name) => `--tag=${name}`),
      request.source ?? '.',
    ];
    const exitCode = await interrupt.forwarding(
      () => {}, // the terminal has sent it to buildah, too
      () => place.foreground(words, { stdio: 'all' }),
    );
    interrupt.check();
    if (exitCode !== 0) return { exitCode };
    // With --output there are files, and no image.
    if (!existsSync(idFile)) return { exitCode };
    const id = readFileSync(idFile, 'utf8')
      .trim()
      .replace(/^sha256:/, '');
    const copy = join(workDirectory, 'built');
    await place.run([...endsWithParent, 'skopeo', 'copy', '--quiet', storage.image(`@${id}`), `dir:${copy}`]);
    const imageId = await adoptBuilt(transfers, copy, names, progress);
    if (request.idFile !== undefined) writeFileSync(request.idFile, `sha256:${imageId}`);
    context.events.image('build', imageId, names[0] ?? imageId);
    return { exitCode: 0, id: imageId };
  }, 1);
}

function storageOf({ paths }: Context) {
  const root = join(paths.root, 'build');
  const runRoot = join(paths.runRoot, 'build');
  return { root, runRoot, image: (name: string) => `containers-storage:[overlay@${root}+${runRoot}]${name}` };
}

/** Deletes buildah's storage and with it its cache. */
export async function forgetBuilds(context: Context): Promise<void> {
  const { root } = storageOf(context);
  if (existsSync(root)) await (await context.inside()).run(['rm', '-rf', '--', root]);
}

/** What the instructions name as a base or a source of files: images of ours are lent to buildah. */
function basesOf({ files, source = '.' }: BuildRequest): Set<string> {
  const candidates =
    files.length > 0 ? files : ['Containerfile', 'Dockerfile'].map((name) => join(source, name));
  const texts = candidates.flatMap((file) => readable(resolve(file)) ?? []);
  const words = texts.flatMap((text) => [
    ...text.matchAll(/^\s*FROM\s+(?:--\S+\s+)*(\S+)/gim),
    ...text.matchAll(/\s--from=(\S+)/gi),
  ]);
  return new Set(words.map((match) => match[1] as string));
}

function readable(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EISDIR' ? '' : undefined;
  }
}
