import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Runner } from '../host/exec.ts';
import { detachMount } from '../host/mounts.ts';
import { imageMounts, volumeOverlays } from './rootfs.ts';

/** Where a container's root may be mounted, read off what the plans above have made. */
function mountPointsIn(containerDir: string): string[] {
  const base = join(containerDir, 'rootfs');
  const others = [imageMounts, volumeOverlays]
    .map((name) => join(containerDir, name))
    .filter((dir) => existsSync(dir))
    .flatMap((dir) => readdirSync(dir).map((name) => join(dir, name, 'merged')));
  const names = readdirSync(base).filter((name) => !['host', 'l', 'mapped'].includes(name));
  const ofRoot = names.map((name) =>
    name === 'root' ? join(base, name, 'merged') : join(base, 'host', name),
  );
  return [...others, ...ofRoot];
}

/**
 * Idempotent. Where the mounts lie in another mount namespace than the caller's, removing the mount point
 * takes the mount along; in the caller's own it is unmounted.
 */
export function unmountRootfs(containerDir: string, separateMounts: boolean): void {
  if (!existsSync(join(containerDir, 'rootfs'))) return;
  unmountMapped(join(containerDir, 'rootfs', 'mapped'));
  for (const point of mountPointsIn(containerDir)) {
    if (!separateMounts) detachMount(point);
    try {
      rmdirSync(point);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

/** What a command that was killed while it made an overlay has left. */
function unmountMapped(dir: string): void {
  if (!existsSync(dir)) return;
  for (const tree of readdirSync(dir)) {
    for (const name of readdirSync(join(dir, tree))) detachMount(join(dir, tree, name));
  }
  rmSync(dir, { recursive: true });
}

/**
 * Removes a container's directory. Files may belong to ids that only the user namespace can remove, and
 * overlayfs leaves a directory without any permission in `work`: the runner does what the caller cannot.
 */
export async function removeTree(dir: string, inside: () => Promise<Runner>): Promise<void> {
  for (const name of ['root', 'usr', 'etc']) {
    try {
      rmdirSync(join(dir, 'rootfs', name, 'work', 'work'));
    } catch {
      // not there, or not empty: then the recursive removal says so
    }
  }
  try {
    rmSync(dir, { recursive: true, force: true });
  } catch {
    await (await inside()).run(['rm', '-rf', '--one-file-system', dir]);
  }
}
