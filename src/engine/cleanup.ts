import { PeapodError } from '../errors.ts';
import { cleanUpSession } from './exec-sessions.ts';
import { removeImage } from './images.ts';
import type { EngineParts } from './parts.ts';

export interface CleanupRequest {
  /** The container goes, too, with its anonymous volumes. */
  readonly remove: boolean;
  /** So does its image. Throws IMAGE_IN_USE where a container has it still. */
  readonly removeImage: boolean;
  /** Only what is left of this session of `exec`. */
  readonly session?: string | undefined;
}

/** `container cleanup --rm|--rmi|--exec`. */
export async function cleanUp(
  { context, containers, lifecycle }: EngineParts,
  name: string,
  request: CleanupRequest,
): Promise<void> {
  const record = containers.require(name);
  if (request.session !== undefined) return cleanUpSession(context, record, request.session);
  await lifecycle.cleanup(record.id);
  if (request.remove) await lifecycle.remove(record.id, { force: false, volumes: true });
  if (!request.removeImage) return;
  const { spec } = record;
  if (spec.rootfs.kind !== 'image') {
    throw new PeapodError('INVALID_ARGUMENT', `container ${record.name} has no image that could be removed`, {
      hint: 'it was made of files of this host: leave out --rmi',
    });
  }
  await removeImage(context, lifecycle, spec.imageName, { force: false, noPrune: false });
}
