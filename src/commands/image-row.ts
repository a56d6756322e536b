import type { ImageView } from '../engine/views.ts';
import { shortIdLength } from './container-row.ts';
import { humanSize } from './format/size.ts';
import { ago, unixSeconds } from './format/time.ts';

/** One line of `images`: an image under one of its names. */
export interface NamedImage {
  readonly view: ImageView;
  readonly repository: string;
  readonly tag: string;
}

const none = '<none>';

/** An image has a line for each of its names, and one where it has none. */
export function namedImages(views: readonly ImageView[]): NamedImage[] {
  return views.flatMap((view) => {
    const names = view.names.length === 0 ? [''] : view.names;
    return names.map((name) => ({ view, ...splitName(name) }));
  });
}

/** The tag stands behind the last colon that is not a registry's port. */
function splitName(name: string): { repository: string; tag: string } {
  if (name === '') return { repository: none, tag: none };
  const [plain = '', digest] = name.split('@');
  const colon = plain.lastIndexOf(':');
  if (colon <= plain.lastIndexOf('/'))
    return { repository: plain, tag: digest === undefined ? 'latest' : none };
  return { repository: plain.slice(0, colon), tag: plain.slice(colon + 1) };
}

export function imageId(view: ImageView, noTrunc: boolean): string {
  return noTrunc ? `sha256:${view.id}` : view.id.slice(0, shortIdLength);
}

export const imageHeadings: Readonly<Record<string, string>> = {
  ID: 'IMAGE ID',
  Id: 'IMAGE ID',
  ReadOnly: 'R/O',
};

export interface ImageRowOptions {
  readonly noTrunc: boolean;
  readonly digests: boolean;
  readonly history: boolean;
  readonly nowMs: number;
}

export function imageCells({ view, repository, tag }: NamedImage, options: ImageRowOptions): string[] {
  return [
    repository,
    tag,
    ...(options.digests ? [view.digest] : []),
    imageId(view, options.noTrunc),
    ago(view.createdAtMs, options.nowMs),
    humanSize(view.sizeBytes),
    ...(options.history ? [newestFirst(view).join(', ')] : []),
  ];
}

/** As podman's table has them, unlike its JSON. */
function newestFirst({ names, pastNames }: ImageView): string[] {
  return [...new Set([...names, ...pastNames.toReversed()])];
}

function repoDigests(view: ImageView): string[] {
  return [...new Set(view.names.map((name) => `${splitName(name).repository}@${view.digest}`))];
}

export function imageJson(view: ImageView): Record<string, unknown> {
  return {
    Id: view.id,
    ParentId: view.parentId,
    RepoTags: view.names.length === 0 ? null : view.names,
    RepoDigests: repoDigests(view),
    Size: view.sizeBytes,
    SharedSize: 0,
    VirtualSize: view.sizeBytes,
    Labels: view.labels,
    Containers: view.containers,
    Names: view.names,
    Digest: view.digest,
    History: view.pastNames,
    Created: unixSeconds(view.createdAtMs),
    CreatedAt: new Date(view.createdAtMs).toISOString().replace('.000Z', 'Z'),
  };
}

/** The fields of `images --format`. */
export function imageRow(
  { view, repository, tag }: NamedImage,
  { noTrunc, nowMs }: ImageRowOptions,
  time: (timeMs: number) => unknown,
): Record<string, unknown> {
  const since = ago(view.createdAtMs, nowMs);
  return {
    ID: imageId(view, noTrunc),
    Id: view.id,
    Repository: repository,
    Tag: tag,
    Digest: view.digest,
    Created: since,
    CreatedSince: since,
    CreatedAt: String(time(view.createdAtMs)),
    CreatedTime: String(time(view.createdAtMs)),
    Size: humanSize(view.sizeBytes),
    VirtualSize: view.sizeBytes,
    Containers: view.containers,
    Labels: new Map(Object.entries(view.labels)),
    Names: view.names,
    RepoTags: view.names,
    RepoDigests: repoDigests(view),
    History: newestFirst(view).join(', '),
    ReadOnly: false,
    Dangling: view.names.length === 0,
  };
}
