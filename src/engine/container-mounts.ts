import { PeapodError } from '../errors.ts';
import type { MountSpec } from '../store/records.ts';
import { parseTmpfs, parseVolume } from './parse-volume.ts';
import type { ContainerCreateRequest } from './requests.ts';

/** Flags win over the image's volumes at the same place; two flags at one place are an error. */
export function resolveMounts(
  request: ContainerCreateRequest,
  cwd: string,
  imageVolumes: readonly string[],
): MountSpec[] {
  const asked = [
    ...request.volumes.map((word) => parseVolume(word, cwd)),
    ...request.tmpfs.map((word) => parseTmpfs(word)),
  ];
  const places = new Set<string>();
  for (const { destination } of asked) {
    if (places.has(destination)) {
      throw new PeapodError('INVALID_ARGUMENT', `${destination}: duplicate mount destination`);
    }
    places.add(destination);
  }
  const fromImage = imageVolumes
    .filter((path) => !places.has(path))
    .map((path): MountSpec => ({ type: 'volume', source: '', destination: path, options: [] }));
  return [...asked, ...fromImage];
}
