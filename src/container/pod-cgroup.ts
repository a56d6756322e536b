import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PeapodError } from '../errors.ts';
import { cgroupRoot } from '../host/cgroups.ts';
import type { ResourceSpec } from '../store/records/resources.ts';
import { ociResources } from './resources.ts';

/** A file of a cgroup and what is written to it, in this order. */
export type CgroupSetting = readonly [controller: string, file: string, value: string];

/**
 * Limits as files of cgroup v1, or of v2 as the runtime translates them: shares of 2 to 262144 to a weight of 1 to
 * 10000, swap without the memory.
 */
export function cgroupSettings(spec: ResourceSpec, version: 1 | 2): readonly CgroupSetting[] {
  return version === 1 ? settingsV1(spec) : settingsV2(spec);
}

function settingsV1(spec: ResourceSpec): CgroupSetting[] {
  const { blockIO } = ociResources(spec);
  const throttles = [
    ['read_bps_device', blockIO?.throttleReadBpsDevice],
    ['write_bps_device', blockIO?.throttleWriteBpsDevice],
    ['read_iops_device', blockIO?.throttleReadIOPSDevice],
    ['write_iops_device', blockIO?.throttleWriteIOPSDevice],
  ] as const;
  return [
    ...one('memory', 'memory.limit_in_bytes', spec.memoryBytes),
    ...one('memory', 'memory.memsw.limit_in_bytes', spec.memorySwapBytes),
    ...one('cpu', 'cpu.shares', spec.cpuShares),
    ...one('cpu', 'cpu.cfs_period_us', spec.cpuPeriodUs),
    ...one('cpu', 'cpu.cfs_quota_us', spec.cpuQuotaUs),
    ...one('cpuset', 'cpuset.cpus', spec.cpusetCpus),
    ...one('cpuset', 'cpuset.mems', spec.cpusetMems),
    ...one('blkio', 'blkio.weight', spec.blkioWeight),
    ...(blockIO?.weightDevice ?? []).map(({ major, minor, weight }): CgroupSetting => {
      return ['blkio', 'blkio.weight_device', `${major}:${minor} ${weight}`];
    }),
    ...throttles.flatMap(([file, list]) =>
      (list ?? []).map(({ major, minor, rate }): CgroupSetting => {
        return ['blkio', `blkio.throttle.${file}`, `${major}:${minor} ${rate}`];
      }),
    ),
  ];
}

function settingsV2(spec: ResourceSpec): CgroupSetting[] {
  const { memoryBytes: memory, memorySwapBytes: swap, cpuShares: shares, cpuQuotaUs: quota } = spec;
  const { blockIO } = ociResources(spec);
  const throttles = [
    ['rbps', blockIO?.throttleReadBpsDevice],
    ['wbps', blockIO?.throttleWriteBpsDevice],
    ['riops', blockIO?.throttleReadIOPSDevice],
    ['wiops', blockIO?.throttleWriteIOPSDevice],
  ] as const;
  const swapOnly = swap === undefined ? undefined : swap === -1 ? 'max' : swap - (memory ?? 0);
  const weight = shares === undefined ? undefined : 1 + Math.floor(((shares - 2) * 9999) / 262_142);
  const limit = quota === undefined || quota < 0 ? 'max' : String(quota);
  const max =
    quota === undefined && spec.cpuPeriodUs === undefined
      ? undefined
      : `${limit} ${spec.cpuPeriodUs ?? 100_000}`;
  return [
    ...one('memory', 'memory.max', memory),
    ...one('memory', 'memory.swap.max', swapOnly),
    ...one('cpu', 'cpu.weight', weight),
    ...one('cpu', 'cpu.max', max),
    ...one('cpuset', 'cpuset.cpus', spec.cpusetCpus),
    ...one('cpuset', 'cpuset.mems', spec.cpusetMems),
    ...one('io', 'io.bfq.weight', spec.blkioWeight),
    ...(blockIO?.weightDevice ?? []).map(({ major, minor, weight: share }): CgroupSetting => {
      return ['io', 'io.bfq.weight', `${major}:${minor} ${share}`];
    }),
    ...throttles.flatMap(([key, list]) =>
      (list ?? []).map(({ major, minor, rate }): CgroupSetting => {
        return ['io', 'io.max', `${major}:${minor} ${key}=${rate}`];
      }),
    ),
  ];
}

function one(controller: string, file: string, value: number | string | undefined): CgroupSetting[] {
  return value === undefined ? [] : [[controller, file, String(value)]];
}

/** Makes a cgroup and sets its limits. Idempotent. Throws HOST_UNFIT naming the file that cannot be written. */
export function makeCgroup(path: string, spec: ResourceSpec, version: 1 | 2): void {
  const settings = cgroupSettings(spec, version);
  if (version === 2) {
    const controllers = new Set(settings.map(([controller]) => controller));
    enableControllers(dirname(path), [...controllers]);
    mkdirSync(join(cgroupRoot, path), { recursive: true });
  } else {
    const controllers = new Set(['cpuset', ...settings.map(([controller]) => controller)]);
    for (const controller of controllers) mkdirSync(join(cgroupRoot, controller, path), { recursive: true });
    inheritCpuset(path);
  }
  for (const [controller, file, value] of settings) {
    write(join(cgroupRoot, version === 2 ? '' : controller, path, file), value);
  }
}

/** From the top down: a controller works in a cgroup whose parent hands it on. */
function enableControllers(path: string, controllers: readonly string[]): void {
  if (path !== '/') enableControllers(dirname(path), controllers);
  const dir = join(cgroupRoot, path);
  mkdirSync(dir, { recursive: true });
  for (const controller of controllers) write(join(dir, 'cgroup.subtree_control'), `+${controller}`);
}

/** A cpuset of v1 begins without CPUs and memory: then nothing could run in it. */
function inheritCpuset(path: string): void {
  if (path === '/') return;
  inheritCpuset(dirname(path));
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    const own = join(cgroupRoot, 'cpuset', path, file);
    if (!existsSync(own) || readFileSync(own, 'utf8').trim() !== '') continue;
    write(own, readFileSync(join(cgroupRoot, 'cpuset', dirname(path), file), 'utf8').trim());
  }
}

function write(file: string, value: string): void {
  try {
    writeFileSync(file, value);
  } catch (error) {
    throw new PeapodError('HOST_UNFIT', `cannot write ${value} to ${file}: ${(error as Error).message}`, {
      hint: 'the kernel refuses this limit, or does not have it',
      cause: error,
    });
  }
}

/** Idempotent. What still has processes or cgroups below it stays. */
export function removeCgroup(path: string, version: 1 | 2): void {
  const dirs =
    version === 2
      ? [join(cgroupRoot, path)]
      : readdirSync(cgroupRoot).map((name) => join(cgroupRoot, name, path));
  for (const dir of dirs) {
    try {
      rmdirSync(dir);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'EBUSY') throw error;
    }
  }
}
