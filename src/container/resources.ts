import { statSync } from 'node:fs';
import { PeapodError } from '../errors.ts';
import type { DeviceRate, DeviceWeight, ResourceSpec } from '../store/records/resources.ts';
import { deviceNumbers } from './host-devices.ts';

/**
 * linux.resources of the OCI runtime specification, as far as peapod sets it. On cgroup v2 the runtime
 * translates: shares to `cpu.weight`, quota and period to `cpu.max`, reservation to `memory.low`, memory and
 * swap to `memory.max` and `memory.swap.max` (crun(1), "cgroup v2").
 */
export interface OciResources {
  readonly devices?: readonly OciDeviceRule[];
  readonly memory?: {
    readonly limit?: number;
    readonly swap?: number;
    readonly reservation?: number;
    readonly swappiness?: number;
    readonly disableOOMKiller?: boolean;
  };
  readonly cpu?: {
    readonly shares?: number;
    readonly quota?: number;
    readonly period?: number;
    readonly realtimePeriod?: number;
    readonly realtimeRuntime?: number;
    readonly cpus?: string;
    readonly mems?: string;
  };
  readonly pids?: { readonly limit: number };
  readonly blockIO?: {
    readonly weight?: number;
    readonly weightDevice?: readonly { major: number; minor: number; weight: number }[];
    readonly throttleReadBpsDevice?: readonly OciThrottle[];
    readonly throttleWriteBpsDevice?: readonly OciThrottle[];
    readonly throttleReadIOPSDevice?: readonly OciThrottle[];
    readonly throttleWriteIOPSDevice?: readonly OciThrottle[];
  };
  readonly unified?: Readonly<Record<string, string>>;
}

export interface OciDeviceRule {
  readonly allow: boolean;
  readonly type?: 'a' | 'b' | 'c';
  readonly major?: number;
  readonly minor?: number;
  readonly access: string;
}

interface OciThrottle {
  readonly major: number;
  readonly minor: number;
  readonly rate: number;
}

/** podman's, see containers.conf(5). */
export const defaultPidsLimit = 2048;

/** As many as the kernel ever has (PID_MAX_LIMIT), which is no limit: crun 1.8 writes -1 as it stands, and the kernel refuses it. */
const pidMaxLimit = 4_194_304;

/** Throws INVALID_ARGUMENT where a block device that was there at `create` is gone. */
export function ociResources(spec: ResourceSpec): Omit<OciResources, 'devices'> {
  const memory = defined({
    limit: spec.memoryBytes,
    swap: spec.memorySwapBytes,
    reservation: spec.memoryReservationBytes,
    swappiness: spec.memorySwappiness,
    disableOOMKiller: spec.oomKillDisable,
  });
  const cpu = defined({
    shares: spec.cpuShares,
    quota: spec.cpuQuotaUs,
    period: spec.cpuPeriodUs,
    realtimePeriod: spec.cpuRealtimePeriodUs,
    realtimeRuntime: spec.cpuRealtimeRuntimeUs,
    cpus: spec.cpusetCpus,
    mems: spec.cpusetMems,
  });
  const blockIO = defined({
    weight: spec.blkioWeight,
    weightDevice: spec.blkioWeightDevices?.map(weightOf),
    throttleReadBpsDevice: spec.readBps?.map(throttleOf),
    throttleWriteBpsDevice: spec.writeBps?.map(throttleOf),
    throttleReadIOPSDevice: spec.readIops?.map(throttleOf),
    throttleWriteIOPSDevice: spec.writeIops?.map(throttleOf),
  });
  return defined({
    memory: nonEmpty(memory),
    cpu: nonEmpty(cpu),
    pids:
      spec.pidsLimit === undefined ? undefined : { limit: spec.pidsLimit > 0 ? spec.pidsLimit : pidMaxLimit },
    blockIO: nonEmpty(blockIO),
    unified: spec.unified,
  });
}

function weightOf({ path, weight }: DeviceWeight) {
  return { ...numbersOf(path), weight };
}

function throttleOf({ path, rate }: DeviceRate): OciThrottle {
  return { ...numbersOf(path), rate };
}

function numbersOf(path: string): { major: number; minor: number } {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) throw new PeapodError('INVALID_ARGUMENT', `stat ${path}: no such file or directory`);
  return deviceNumbers(stats.rdev);
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}

function nonEmpty<T extends object>(fields: T): T | undefined {
  return Object.keys(fields).length > 0 ? fields : undefined;
}
