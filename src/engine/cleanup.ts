import { PeapodError } from '../errors.ts';
import { removeImage } from './images.ts';
import type { EngineParts } from './parts.ts';

export interface CleanupRequest {
  /** The container goes, too, with its anonymous volumes. */
  readonly remove: boolean;
  /** So does its image. Throws IMAGE_IN_USE where a container has it still. */
  readonly removeImage: boolean;
}

/** `container cleanup --rm|--rmi`. */
export async function cleanUp(
  { context, containers, lifecycle }: EngineParts,
  name: string,
  request: CleanupRequest,
): Promise<void> {
  const record = containers.require(name);
  await lifecycle.cleanup(record.id);
  if (request.remove) await lifecycle.remove(record.id, { force: false, volumes: true });
  if (!request.removeImage) return;
  const { spec } = record;
  if (spec.rootfs.kind !== 'image') {
    throw new PeapodError('INVALID_ARGUMENT', `container ${record.name} has no image that could be removed`);
  }
  await removeImage(context, lifecycle, spec.imageName, { force: false, noPrune: false });
}
