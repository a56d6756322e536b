import { PeapodError } from '../errors.ts';
import type { ContainerRecord, MountSpec } from '../store/records.ts';
import { parseMount, parseVolumesFrom } from './parse-mount.ts';
import { parseTmpfs, parseVolume } from './parse-volume.ts';
import type { ContainerCreateRequest } from './requests.ts';

/**
 * What is mounted in a container. Flags win over `inherited` mounts, and these over the image's volumes at the
 * same place; two flags at one place are an error.
 */
export function resolveMounts(
  request: ContainerCreateRequest,
  cwd: string,
  imageVolumes: readonly string[],
  inherited: readonly MountSpec[] = [],
): MountSpec[] {
  const asked = [
    ...request.volumes.map((word) => parseVolume(word, cwd)),
    ...(request.mounts ?? []).map((word) => parseMount(word, cwd)),
    ...request.tmpfs.map((word) => parseTmpfs(word)),
  ];
  const wanted = asked.filter(
    (mount, index) => asked.findIndex((one) => Bun.deepEquals(one, mount, true)) === index,
  );
  const places = new Set<string>();
  for (const { destination } of wanted) {
    if (places.has(destination)) {
      throw new PeapodError('INVALID_ARGUMENT', `${destination}: duplicate mount destination`);
    }
    places.add(destination);
  }
  const free = (mounts: readonly MountSpec[]) => {
    const found = mounts.filter(({ destination }) => !places.has(destination));
    for (const { destination } of found) places.add(destination);
    return found;
  };
  return [...wanted, ...free(inherited), ...free(imageMounts(request.imageVolume, imageVolumes))];
}

/** `--image-volume`. */
function imageMounts(how: string | undefined, paths: readonly string[]): MountSpec[] {
  const mode = how ?? 'anonymous';
  if (mode === 'ignore') return [];
  if (mode === 'tmpfs')
    return paths.map((path) => ({ type: 'tmpfs', source: '', destination: path, options: [] }));
  if (mode === 'anonymous' || mode === 'bind')
    return paths.map((path) => ({ type: 'volume', source: '', destination: path, options: [] }));
  throw new PeapodError('INVALID_ARGUMENT', `invalid image-volume type "${mode}"`, {
    hint: 'pick one of bind, tmpfs, or ignore',
  });
}

/** `--volumes-from`: volumes and bind mounts of other containers, the last one's at the same place, and before all `ofPod`. */
export function inheritedMounts(
  words: readonly string[],
  find: (name: string) => ContainerRecord,
  ofPod: readonly MountSpec[] = [],
): readonly MountSpec[] {
  const byPlace = new Map(ofPod.map((mount) => [mount.destination, mount]));
  for (const word of words) {
    const { container, options } = parseVolumesFrom(word);
    for (const mount of find(container).spec.mounts) {
      if (mount.type !== 'bind' && mount.type !== 'volume') continue;
      const kept =
        options.length > 0
          ? mount.options.filter((option) => option !== 'ro' && option !== 'rw')
          : mount.options;
      byPlace.set(mount.destination, { ...mount, options: [...kept, ...options] });
    }
  }
  return [...byPlace.values()];
}
