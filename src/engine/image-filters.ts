import { posix } from 'node:path';
import { parseLogTime } from '../container/log-time.ts';
import { PeapodError } from '../errors.ts';
import type { Filters } from './filters.ts';
import type { ImageView } from './views.ts';

type Matches = (view: ImageView) => boolean;

/**
 * `--filter` of `images` and `image prune`, in podman's words. `find` turns a name or id into the image of
 * `before` and `since`. Different keys must all match, of one key's values any. Throws INVALID_ARGUMENT.
 */
export function filterImages(
  views: readonly ImageView[],
  filters: Filters,
  find: (name: string) => { readonly createdAtMs: number },
): ImageView[] {
  const makers: Record<string, (value: string) => Matches> = {
    after: (value) => makers.since?.(value) as Matches,
    before: (value) => {
      const { createdAtMs } = find(value);
      return (view) => view.createdAtMs < createdAtMs;
    },
    containers: (value) => same((view) => view.containers > 0, value, 'containers'),
    dangling: (value) => same((view) => view.names.length === 0 && !view.hasChildren, value, 'dangling'),
    id: (value) => (view) => view.id.startsWith(value.replace(/^sha256:/, '')),
    intermediate: (value) =>
      same((view) => view.names.length === 0 && view.hasChildren, value, 'intermediate'),
    label: (value) => (view) => hasLabel(view, value),
    'label!': (value) => (view) => !hasLabel(view, value),
    readonly: (value) => same(() => false, value, 'readonly'),
    reference: (value) => (view) => view.names.some((name) => fitsReference(name, value)),
    since: (value) => {
      const { createdAtMs } = find(value);
      return (view) => view.createdAtMs > createdAtMs;
    },
    until: (value) => {
      const limitMs = parseLogTime(value, '--filter until');
      return (view) => view.createdAtMs < limitMs;
    },
  };
  const tests = Object.entries(filters).map(([key, values]) => {
    const maker = Object.hasOwn(makers, key) ? makers[key] : undefined;
    if (maker) return values.map(maker);
    throw new PeapodError('INVALID_ARGUMENT', `unsupported image filter "${key}"`, {
      hint: `filters here: ${Object.keys(makers).join(', ')}`,
    });
  });
  return views.filter((view) => tests.every((any) => any.some((matches) => matches(view))));
}

function same(is: Matches, value: string, key: string): Matches {
  if (!/^(true|false|1|0|t|f)$/i.test(value)) {
    throw new PeapodError('INVALID_ARGUMENT', `non-boolean value "${value}" for ${key} filter`);
  }
  const wanted = /^(true|1|t)$/i.test(value);
  return (view) => is(view) === wanted;
}

function hasLabel({ labels }: ImageView, wanted: string): boolean {
  const [key = '', ...rest] = wanted.split('=');
  if (!Object.hasOwn(labels, key)) return false;
  return rest.length === 0 || labels[key] === rest.join('=');
}

/** A pattern may leave out the registry, the path, or the tag; `*` stands for what is within one part. */
function fitsReference(name: string, pattern: string): boolean {
  const end = /(?<=[^/]*)(@.*|:[^/]*)$/.exec(name)?.[0] ?? '';
  const repository = name.slice(0, name.length - end.length);
  const path = repository.slice(repository.indexOf('/') + 1);
  const last = repository.slice(repository.lastIndexOf('/') + 1);
  return [repository, path, last].some(
    (each) => posix.matchesGlob(each + end, pattern) || posix.matchesGlob(each, pattern),
  );
}
