import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A device node of the host, as a privileged container gets it. */
export interface HostDevice {
  readonly path: string;
  readonly type: 'b' | 'c';
  readonly major: number;
  readonly minor: number;
  /** Permission bits. */
  readonly fileMode: number;
}

/** Mounts that every container has of its own, and what a runtime makes itself. */
const own = new Set(['pts', 'shm', 'mqueue', 'fd', 'console', 'ptmx', 'tty', '.lxc', '.lxd-mounts', '.udev']);
const formatBits = 0o170000;
const character = 0o020000;
const block = 0o060000;

/**
 * Every device node below /dev. A user namespace gets terminals of the host neither: only the host's root
 * could open them.
 */
export function hostDevices(rootless: boolean, dir = '/dev'): readonly HostDevice[] {
  const found: HostDevice[] = [];
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (dir === '/dev' && own.has(entry.name)) continue;
    if (entry.isDirectory()) found.push(...hostDevices(rootless, path));
    if (!entry.isCharacterDevice() && !entry.isBlockDevice()) continue;
    if (rootless && /^tty(S|\d|$)/.test(entry.name)) continue;
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (!stats) continue;
    const type = (stats.mode & formatBits) === block ? 'b' : 'c';
    if (type === 'c' && (stats.mode & formatBits) !== character) continue;
    const { major, minor } = deviceNumbers(stats.rdev);
    found.push({ path, type, major, minor, fileMode: stats.mode & 0o7777 });
  }
  return found;
}

/** The encoding of dev_t, see gnu_dev_major in <sys/sysmacros.h>; minors above 2^20 do not occur on Linux. */
function deviceNumbers(rdev: number): { major: number; minor: number } {
  return { major: (rdev >>> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >>> 12) & 0xfff00) };
}
