import { posix } from 'node:path';
import type { SecuritySpec } from '../store/records/isolation.ts';

/** Files of /proc and /sys that tell of or act on the host: replaced by something empty, as podman does. */
const maskedPaths: readonly string[] = [
  '/proc/acpi',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/fs/selinux',
  '/sys/dev/block',
  // Power readings give away what other processes compute (CVE-2020-8694); podman hides them since 4.7.
  '/sys/devices/virtual/powercap',
];

/** Kernel settings that a container may read and not change. */
const readonlyPaths: readonly string[] = [
  '/proc/asound',
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];

/**
 * Both lists with what `--security-opt mask=…` and `unmask=…` change: a path, a pattern with `*`, or `ALL`.
 * What is unmasked can also be written to, as with podman.
 */
export function shieldedPaths(
  security: Pick<SecuritySpec, 'mask' | 'unmask'> | undefined,
  more: readonly string[],
): { readonly maskedPaths?: readonly string[]; readonly readonlyPaths?: readonly string[] } {
  const unmask = security?.unmask ?? [];
  const isOpen = (path: string) =>
    unmask.some((pattern) => pattern.toUpperCase() === 'ALL' || posix.matchesGlob(path, pattern));
  const masked = [...maskedPaths, ...more].filter((path) => !isOpen(path));
  const readonly = readonlyPaths.filter((path) => !isOpen(path));
  return { maskedPaths: [...masked, ...(security?.mask ?? [])], readonlyPaths: readonly };
}
