/** Files of /proc and /sys that tell of or act on the host: replaced by something empty, as podman does. */
export const maskedPaths: readonly string[] = [
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
export const readonlyPaths: readonly string[] = [
  '/proc/asound',
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];
