import { lstatSync, readdirSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { PeapodError } from '../errors.ts';
import type { DeviceSpec } from '../store/records/isolation.ts';

/** A device node of the host, as a privileged container gets it. */
export interface HostDevice {
  readonly path: string;
  readonly type: 'b' | 'c';
  readonly major: number;
  readonly minor: number;
  /** Permission bits. */
  readonly fileMode: number;
  /** Where the container has it; the same path if left out. */
  readonly destination?: string;
  /** What its cgroup lets it do: some of `rwm`; all if left out. */
  readonly permissions?: string;
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
    const device = readDevice(path, lstatSync(path, { throwIfNoEntry: false }));
    if (device) found.push(device);
  }
  return found;
}

/** `--device`. Throws NOT_FOUND where the device has gone since the container was created. */
export function askedDevices(specs: readonly DeviceSpec[]): readonly HostDevice[] {
  return specs.map(({ source, destination, permissions }) => {
    const device = readDevice(source, statSync(source, { throwIfNoEntry: false }));
    if (!device) throw new PeapodError('NOT_FOUND', `stat ${source}: no such device`);
    return { ...device, destination, permissions };
  });
}

function readDevice(path: string, stats: Stats | undefined): HostDevice | undefined {
  const format = (stats?.mode ?? 0) & formatBits;
  if (!stats || (format !== block && format !== character)) return undefined;
  const { major, minor } = deviceNumbers(stats.rdev);
  return { path, type: format === block ? 'b' : 'c', major, minor, fileMode: stats.mode & 0o7777 };
}

/** The encoding of dev_t, see gnu_dev_major in <sys/sysmacros.h>; minors above 2^20 do not occur on Linux. */
export function deviceNumbers(rdev: number): { major: number; minor: number } {
  return { major: (rdev >>> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >>> 12) & 0xfff00) };
}
