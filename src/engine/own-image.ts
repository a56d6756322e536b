import { isPeapodError } from '../errors.ts';
import type { ContainerRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import { removeImage } from './images.ts';
import type { Lifecycle } from './lifecycle.ts';

/** `run --rmi`, after the container is gone: its image goes unless another container has it, by the name that was run. */
export async function removeOwnImage(
  context: Context,
  lifecycle: Lifecycle,
  { spec }: ContainerRecord,
): Promise<void> {
  if (spec.rootfs.kind !== 'image') return;
  try {
    await removeImage(context, lifecycle, spec.imageName, { force: false, noPrune: false });
  } catch (error) {
    if (!isPeapodError(error, 'IMAGE_IN_USE') && !isPeapodError(error, 'NOT_FOUND')) throw error;
  }
}
