import { planImageMount } from '../container/rootfs.ts';
import { PeapodError } from '../errors.ts';
import { rootOutside } from '../host/id-mappings.ts';
import type { ContainerRecord, MountSpec } from '../store/records.ts';
import type { Context } from './context.ts';

/** `--mount type=image`: says which image is meant. Throws NOT_FOUND for one that is not here. */
export async function resolveImages(context: Context, mounts: readonly MountSpec[]): Promise<MountSpec[]> {
  const images = await context.images();
  return mounts.map((mount) => {
    if (mount.type !== 'image') return mount;
    const { source, destination } = mount;
    const image = images.find(source);
    if (image) return { ...mount, imageId: image.id };
    throw new PeapodError(
      'NOT_FOUND',
      `creating image volume "${source}":"${destination}": ${source}: image not known`,
      { hint: `fetch it first: peapod pull ${source}` },
    );
  });
}

/** The container with images turned into binds, and commands that mount these. */
export async function mountImages(
  context: Context,
  record: ContainerRecord,
): Promise<{ readonly record: ContainerRecord; readonly before: string[][] }> {
  const images = await context.images();
  const before: string[][] = [];
  const mounts = await Promise.all(
    record.spec.mounts.map(async (mount, index): Promise<MountSpec> => {
      if (mount.type !== 'image') return mount;
      const { source, destination, options } = mount;
      const image = images.find(mount.imageId ?? source);
      if (!image) {
        throw new PeapodError(
          'NOT_FOUND',
          `the image ${source} at ${destination} of container ${record.name} is gone`,
        );
      }
      const { userns } = record.spec;
      const layers = await images.layerDirectories(image, userns);
      const dir = context.paths.container(record.id);
      const support = { userxattr: context.facts.rootless };
      const plan = planImageMount(dir, index, layers, support, userns && rootOutside(userns));
      before.push(...plan.commands);
      return { type: 'bind', source: plan.path, destination, options };
    }),
  );
  return { record: { ...record, spec: { ...record.spec, mounts } }, before };
}
