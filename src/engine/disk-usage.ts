import { existsSync } from 'node:fs';
import type { Context } from './context.ts';
import type { ContainerView } from './views.ts';
import type { Views } from './views-of.ts';
import { placeOf } from './volume-options.ts';
import { fileBytes, writtenDirectories } from './written-bytes.ts';

/** What images, containers and volumes take on disk: the bytes of their files. */
export interface DiskUsage {
  /** Layers that images share count once. */
  readonly imagesBytes: number;
  readonly images: readonly ImageUsage[];
  readonly containers: readonly {
    readonly view: ContainerView;
    /** What it has written to its root. */
    readonly sizeBytes: number;
    readonly volumes: number;
  }[];
  readonly volumes: readonly {
    readonly name: string;
    /** How many containers have it. */
    readonly links: number;
    readonly sizeBytes: number;
  }[];
}

export interface ImageUsage {
  readonly id: string;
  readonly names: readonly string[];
  readonly createdAtMs: number;
  readonly sizeBytes: number;
  /** Of layers that another image has, too. */
  readonly sharedBytes: number;
  /** What its removal would free. */
  readonly uniqueBytes: number;
  readonly containers: number;
}

export async function diskUsage(context: Context, views: Views): Promise<DiskUsage> {
  const { store, paths } = context;
  const containers = views.containers();
  const volumes = store.volumes.all();
  const users = store.volumes.users();
  const written = new Map(containers.map(({ id }) => [id, writtenDirectories(paths.container(id))]));
  const places = new Map(volumes.map((volume) => [volume.name, placeOf(paths, volume)]));
  const owned = [...places.values()].filter(
    ({ data, dir }) => data.startsWith(`${dir}/`) && existsSync(data),
  );
  const sizes = await fileBytes(context, [...[...written.values()].flat(), ...owned.map(({ data }) => data)]);
  const sum = (dirs: readonly string[]) => dirs.reduce((total, dir) => total + (sizes.get(dir) ?? 0), 0);
  return {
    ...imageUsage(context),
    containers: containers.map((view) => ({
      view,
      sizeBytes: sum(written.get(view.id) ?? []),
      volumes: store.volumes.usedBy(view.id).length,
    })),
    volumes: volumes.map(({ name }) => ({
      name,
      links: users.get(name)?.length ?? 0,
      sizeBytes: sum([places.get(name)?.data ?? '']),
    })),
  };
}

function imageUsage({ store }: Context): Pick<DiskUsage, 'images' | 'imagesBytes'> {
  const images = store.images.all();
  const holders = new Map<string, number>();
  for (const { diffIds } of images)
    for (const diffId of new Set(diffIds)) holders.set(diffId, (holders.get(diffId) ?? 0) + 1);
  const bytes = (diffIds: Iterable<string>) =>
    [...diffIds].reduce((total, diffId) => total + (store.images.layer(diffId)?.sizeBytes ?? 0), 0);
  return {
    imagesBytes: bytes(holders.keys()),
    images: images.map(({ id, names, createdAtMs, diffIds }) => {
      const own = [...new Set(diffIds)];
      const shared = own.filter((diffId) => (holders.get(diffId) ?? 0) > 1);
      return {
        id,
        names,
        createdAtMs,
        sizeBytes: bytes(own),
        sharedBytes: bytes(shared),
        uniqueBytes: bytes(own) - bytes(shared),
        containers: store.containers.idsOfImage(id).length,
      };
    }),
  };
}
