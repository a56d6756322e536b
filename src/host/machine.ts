import { existsSync, readFileSync, statfsSync } from 'node:fs';

/** What `info` tells of the machine, read when it is asked for. */

export interface Memory {
  readonly memTotalBytes: number;
  readonly memFreeBytes: number;
  readonly swapTotalBytes: number;
  readonly swapFreeBytes: number;
}

export function readMemory(): Memory {
  const text = readFileSync('/proc/meminfo', 'latin1');
  const bytes = (key: string) => Number(new RegExp(`^${key}:\\s*(\\d+)`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return {
    memTotalBytes: bytes('MemTotal'),
    memFreeBytes: bytes('MemFree'),
    swapTotalBytes: bytes('SwapTotal'),
    swapFreeBytes: bytes('SwapFree'),
  };
}

/** Percents since boot, to two digits. */
export function readCpuUse(): { userPercent: number; systemPercent: number; idlePercent: number } {
  const first = readFileSync('/proc/stat', 'latin1').split('\n')[0] ?? '';
  const ticks = first.split(/\s+/).slice(1).map(Number);
  const [user = 0, nice = 0, system = 0, idle = 0] = ticks;
  // Guests' time is part of the user's, see proc(5).
  const total = ticks.slice(0, 8).reduce((sum, each) => sum + each, 0) || 1;
  const percent = (part: number) => Math.round((10_000 * part) / total) / 100;
  return { userPercent: percent(user + nice), systemPercent: percent(system), idlePercent: percent(idle) };
}

/** Controllers that are there: of version 2 those of the root, of version 1 all that are mounted. */
export function readCgroupControllers(): string[] {
  const unified = '/sys/fs/cgroup/cgroup.controllers';
  if (existsSync(unified)) return readFileSync(unified, 'latin1').trim().split(' ');
  const [, ...lines] = readFileSync('/proc/cgroups', 'latin1').trim().split('\n');
  return lines
    .map((line) => line.split('\t'))
    .filter(([, hierarchy, , enabled]) => hierarchy !== '0' && enabled === '1')
    .map(([name]) => name as string);
}

export function readDistribution(): { distribution: string; version: string; codename?: string } {
  const text = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const value = (key: string) => new RegExp(`^${key}="?([^"\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  const codename = value('VERSION_CODENAME');
  return { distribution: value('ID'), version: value('VERSION_ID'), ...(codename ? { codename } : {}) };
}

/** `2h 5m 7.00s (Approximately 0.08 days)`, as podman writes it. */
export function uptimeText(seconds: number): string {
  const [hours, minutes, rest] = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map(Math.floor);
  const text = `${hours}h ${minutes}m ${(rest ?? 0).toFixed(2)}s`;
  return seconds < 3600 ? text : `${text} (Approximately ${(seconds / 86_400).toFixed(2)} days)`;
}

/** Of the file system that a directory lies on. */
export function readSpace(dir: string): { allocatedBytes: number; usedBytes: number } {
  const { blocks, bfree, bsize } = statfsSync(dir);
  return { allocatedBytes: blocks * bsize, usedBytes: (blocks - bfree) * bsize };
}

export function isAppArmorEnabled(): boolean {
  const file = '/sys/module/apparmor/parameters/enabled';
  return existsSync(file) && readFileSync(file, 'latin1').startsWith('Y');
}

export function isSelinuxEnabled(): boolean {
  return existsSync('/sys/fs/selinux/enforce');
}

/** A map of ids as podman shows it: lines of /proc/PID/uid_map. */
export function parseIdMap(text: string): { container_id: number; host_id: number; size: number }[] {
  return text
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .map(([container_id = 0, host_id = 0, size = 0]) => ({ container_id, host_id, size }));
}
