import { PeapodError } from '../errors.ts';
import type { Context } from './context.ts';
import type { Filters } from './filters.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { ImageView } from './views.ts';

/** Rows of `images`, newest first as podman sorts them. */
export async function listImages(context: Context, filters: Filters = {}): Promise<ImageView[]> {
  const images = await context.images();
  const views = images.list().map(
    (image): ImageView => ({
      id: image.id,
      digest: image.digest,
      names: image.names,
      createdAtMs: image.createdAtMs,
      sizeBytes: image.sizeBytes,
      containers: context.store.containers.idsOfImage(image.id).length,
      labels: image.config.config?.Labels ?? {},
    }),
  );
  views.sort((a, b) => b.createdAtMs - a.createdAtMs);
  return filterImages(views, filters);
}

function filterImages(views: ImageView[], filters: Filters): ImageView[] {
  const matchers: Record<string, (view: ImageView, value: string) => boolean> = {
    dangling: (view, value) => (view.names.length === 0) === (value !== 'false'),
    id: (view, value) => view.id.startsWith(value),
    label: (view, value) => {
      const [key, ...rest] = value.split('=');
      const label = view.labels[key as string];
      return label !== undefined && (rest.length === 0 || label === rest.join('='));
    },
    reference: (view, value) => view.names.some((name) => name.includes(value.replaceAll('*', ''))),
  };
  return Object.entries(filters).reduce((left, [key, values]) => {
    const matches = Object.hasOwn(matchers, key) ? matchers[key] : undefined;
    if (!matches) {
      throw new PeapodError('INVALID_ARGUMENT', `${key} is an invalid filter`, {
        hint: `filters here: ${Object.keys(matchers).join(', ')}`,
      });
    }
    return left.filter((view) => values.some((value) => matches(view, value)));
  }, views);
}

/** `rmi`: with force, the containers that use the image go first. */
export async function removeImage(
  context: Context,
  lifecycle: Lifecycle,
  name: string,
  force: boolean,
): Promise<string[]> {
  const images = await context.images();
  const usedBy = (imageId: string) => context.store.containers.idsOfImage(imageId);
  if (force) {
    const image = images.require(name);
    for (const id of usedBy(image.id)) await lifecycle.remove(id, { force: true, timeoutSeconds: 0 });
  }
  const { id } = images.require(name);
  const lines = await images.remove(name, { force, usedBy });
  for (const line of lines) {
    const [what, untagged = name] = line.split(': ');
    if (what === 'Untagged') context.events.image('untag', id, untagged);
    else context.events.image('remove', id, name);
  }
  return lines;
}
