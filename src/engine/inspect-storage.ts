import { join } from 'node:path';
import type { ContainerRecord, ImageRecord } from '../store/records.ts';
import type { Context } from './context.ts';

/** podman's DriverData. An image's layers may still have to be unpacked there, which a start does. */
export function inspectGraphDriver(
  { paths }: Context,
  { id, spec }: ContainerRecord,
  { image, isRunning }: { readonly image: ImageRecord | undefined; readonly isRunning: boolean },
): Record<string, unknown> {
  const { rootfs } = spec;
  if (rootfs.kind === 'directory' && !rootfs.overlay) return { Name: '', Data: null };
  // The host's root is several overlays.
  if (rootfs.kind === 'host') return { Name: 'overlay', Data: null };
  const below =
    rootfs.kind === 'directory' ? [rootfs.path] : layersOf(image).map((name) => join(paths.layers, name));
  const own = join(paths.container(id), 'rootfs', 'root');
  return {
    Name: 'overlay',
    Data: {
      ...(below.length > 0 ? { LowerDir: below.join(':') } : {}),
      ...(isRunning ? { MergedDir: join(own, 'merged') } : {}),
      UpperDir: join(own, 'diff'),
      WorkDir: join(own, 'work'),
    },
  };
}

/** Names of directories, the topmost first; each but once, since overlayfs takes none twice. */
function layersOf(image: ImageRecord | undefined): string[] {
  const diffIds = image?.diffIds ?? [];
  return diffIds
    .filter((diffId, index) => diffIds.lastIndexOf(diffId) === index)
    .map((diffId) => diffId.replace('sha256:', ''))
    .reverse();
}
