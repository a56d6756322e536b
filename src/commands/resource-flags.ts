import type { ResourceFlags } from '../engine/container-flags.ts';
import { bool, type FlagValues, int, list, string, uint } from './flags.ts';

const size = { value: '<number>[<unit>]' };

/** Limits that `update` can change, too. */
export const limitFlags = {
  'blkio-weight': string('Share of block I/O, 10 to 1000', { value: 'weight' }),
  'blkio-weight-device': list('Share of block I/O of a device (DEVICE:WEIGHT)', { value: 'DEVICE:WEIGHT' }),
  'cpu-period': uint('Length of a CFS period in microseconds'),
  'cpu-quota': int('CPU time in a CFS period in microseconds'),
  'cpu-rt-period': uint('Length of a real-time period in microseconds'),
  'cpu-rt-runtime': int('CPU time in a real-time period in microseconds'),
  'cpu-shares': uint('CPU shares relative to those of others (1024)', { short: 'c' }),
  cpus: string('Number of CPUs, for example 1.5', { value: 'float' }),
  'cpuset-cpus': string('CPUs to run on (0-3, 0,1)'),
  'cpuset-mems': string('Memory nodes to use (0-3, 0,1); of use on NUMA systems only'),
  'device-read-bps': list('Bytes a second that may be read from a device (DEVICE:10mb)'),
  'device-read-iops': list('Reads a second from a device (DEVICE:1000)'),
  'device-write-bps': list('Bytes a second that may be written to a device (DEVICE:10mb)'),
  'device-write-iops': list('Writes a second to a device (DEVICE:1000)'),
  memory: string('Memory limit, with b, k, m or g', { short: 'm', ...size }),
  'memory-reservation': string('Soft memory limit', size),
  'memory-swap': string("Limit of memory and swap together, '-1' for any amount of swap", {
    default: 'twice the memory',
    ...size,
  }),
  'memory-swappiness': int('How readily memory is swapped out, 0 to 100, -1 for the system default', {
    default: '-1',
  }),
  'pids-limit': int('Number of processes, -1 for no limit', { default: '2048' }),
} as const;

/** Limits of a whole pod. */
export const podLimitFlags = {
  'blkio-weight': limitFlags['blkio-weight'],
  'blkio-weight-device': limitFlags['blkio-weight-device'],
  'cgroup-parent': string("Make the pod's cgroup below this one"),
  'cpu-shares': limitFlags['cpu-shares'],
  cpus: limitFlags.cpus,
  'cpuset-cpus': limitFlags['cpuset-cpus'],
  'cpuset-mems': limitFlags['cpuset-mems'],
  'device-read-bps': limitFlags['device-read-bps'],
  'device-write-bps': limitFlags['device-write-bps'],
  memory: limitFlags.memory,
  'memory-swap': limitFlags['memory-swap'],
} as const;

export const resourceFlags = {
  ...limitFlags,
  'cgroup-conf': list('Write a value to a file of the cgroup (cgroup v2; key=value)'),
  'oom-kill-disable': bool('Never kill for want of memory (cgroup v1)'),
} as const;

export function podLimitRequest(values: FlagValues<typeof podLimitFlags>): ResourceFlags {
  return {
    memory: values.memory,
    memorySwap: values['memory-swap'],
    cpus: values.cpus,
    cpuShares: values['cpu-shares'],
    cpusetCpus: values['cpuset-cpus'],
    cpusetMems: values['cpuset-mems'],
    blkioWeight: values['blkio-weight'],
    blkioWeightDevices: values['blkio-weight-device'],
    deviceReadBps: values['device-read-bps'],
    deviceWriteBps: values['device-write-bps'],
  };
}

export function limitRequest(values: FlagValues<typeof limitFlags>): ResourceFlags {
  return {
    memory: values.memory,
    memorySwap: values['memory-swap'],
    memoryReservation: values['memory-reservation'],
    memorySwappiness: values['memory-swappiness'],
    cpus: values.cpus,
    cpuShares: values['cpu-shares'],
    cpuPeriod: values['cpu-period'],
    cpuQuota: values['cpu-quota'],
    cpuRealtimePeriod: values['cpu-rt-period'],
    cpuRealtimeRuntime: values['cpu-rt-runtime'],
    cpusetCpus: values['cpuset-cpus'],
    cpusetMems: values['cpuset-mems'],
    pidsLimit: values['pids-limit'],
    blkioWeight: values['blkio-weight'],
    blkioWeightDevices: values['blkio-weight-device'],
    deviceReadBps: values['device-read-bps'],
    deviceWriteBps: values['device-write-bps'],
    deviceReadIops: values['device-read-iops'],
    deviceWriteIops: values['device-write-iops'],
  };
}

export function resourceRequest(values: FlagValues<typeof resourceFlags>): ResourceFlags {
  return {
    ...limitRequest(values),
    oomKillDisable: values['oom-kill-disable'],
    cgroupConf: values['cgroup-conf'],
  };
}
