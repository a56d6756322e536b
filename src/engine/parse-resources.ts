import { statSync } from 'node:fs';
import { PeapodError } from '../errors.ts';
import type { DeviceRate, ResourceSpec } from '../store/records/resources.ts';
import type { ResourceFlags } from './container-flags.ts';
import { parseSize } from './parse-size.ts';

function invalid(message: string, hint?: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', message, hint ? { hint } : {});
}

/**
 * Limits as typed, checked for themselves and together with those that are set `already`. Touches nothing.
 * Throws INVALID_ARGUMENT.
 */
export function parseResources(flags: ResourceFlags, already: ResourceSpec = {}): ResourceSpec {
  const spec: ResourceSpec = {
    ...parseMemory(flags),
    ...parseCpu(flags),
    ...parseBlockIo(flags),
    ...(flags.pidsLimit === undefined ? {} : { pidsLimit: flags.pidsLimit }),
    ...(flags.cgroupConf?.length ? { unified: parseCgroupConf(flags.cgroupConf) } : {}),
  };
  checkResources({ ...already, ...spec });
  return spec;
}

/** What podman's `--memory` means for swap: as much again, unless `--memory-swap` says otherwise. */
function parseMemory(flags: ResourceFlags): ResourceSpec {
  const size = (word: string | undefined, flag: string) =>
    word === undefined || word === '' ? undefined : parseSize(word, flag);
  const memory = size(flags.memory, 'memory');
  const reservation = size(flags.memoryReservation, 'memory-reservation');
  const swap = flags.memorySwap === '-1' ? -1 : size(flags.memorySwap, 'memory-swap');
  const swappiness = flags.memorySwappiness;
  return {
    ...(memory ? { memoryBytes: memory } : {}),
    ...(swap ? { memorySwapBytes: swap } : memory ? { memorySwapBytes: 2 * memory } : {}),
    ...(reservation ? { memoryReservationBytes: reservation } : {}),
    ...(swappiness !== undefined && swappiness !== -1 ? { memorySwappiness: swappiness } : {}),
    ...(flags.oomKillDisable ? { oomKillDisable: true } : {}),
  };
}

const defaultPeriodUs = 100_000;

function parseCpu(flags: ResourceFlags): ResourceSpec {
  const cpus = flags.cpus === undefined ? 0 : Number(flags.cpus);
  if (flags.cpus !== undefined && (!/^\+?(\d+\.?\d*|\.\d+)$/.test(flags.cpus) || !Number.isFinite(cpus))) {
    throw invalid(`invalid argument "${flags.cpus}" for "--cpus" flag: must be a number, 0 or more`);
  }
  if (flags.cpus !== undefined && flags.cpuPeriod !== undefined)
    throw invalid('--cpu-period and --cpus cannot be set together');
  if (flags.cpus !== undefined && flags.cpuQuota !== undefined)
    throw invalid('--cpu-quota and --cpus cannot be set together');
  const period = cpus > 0 ? defaultPeriodUs : flags.cpuPeriod;
  const quota = cpus > 0 ? Math.round(cpus * defaultPeriodUs) : flags.cpuQuota;
  return {
    ...(flags.cpuShares ? { cpuShares: flags.cpuShares } : {}),
    ...(period ? { cpuPeriodUs: period } : {}),
    ...(quota ? { cpuQuotaUs: quota } : {}),
    ...(flags.cpuRealtimePeriod ? { cpuRealtimePeriodUs: flags.cpuRealtimePeriod } : {}),
    ...(flags.cpuRealtimeRuntime ? { cpuRealtimeRuntimeUs: flags.cpuRealtimeRuntime } : {}),
    ...(flags.cpusetCpus ? { cpusetCpus: parseIdList(flags.cpusetCpus, 'cpuset cpus') } : {}),
    ...(flags.cpusetMems ? { cpusetMems: parseIdList(flags.cpusetMems, 'cpuset mems') } : {}),
  };
}

/** `0-3,5`. */
function parseIdList(word: string, what: string): string {
  const ranges = word.split(',').map((part) => /^(\d+)(?:-(\d+))?$/.exec(part));
  if (ranges.every((range) => range && Number(range[1]) <= Number(range[2] ?? range[1]))) return word;
  throw invalid(`invalid value ${word} for ${what}`, 'numbers and ranges, for example 0-2,4');
}

function parseBlockIo(flags: ResourceFlags): ResourceSpec {
  const weights = (flags.blkioWeightDevices ?? []).map((word) => {
    const [path, weight] = splitDevice(word, 'blkio-weight-device', '<device-path>:<weight>');
    return { path, weight: parseWeight(weight, `invalid weight for device: ${word}`) };
  });
  const rates = (words: readonly string[] | undefined, flag: string) =>
    (words ?? []).map((word) => parseRate(word, flag));
  const lists = {
    blkioWeightDevices: weights,
    readBps: rates(flags.deviceReadBps, 'device-read-bps'),
    writeBps: rates(flags.deviceWriteBps, 'device-write-bps'),
    readIops: rates(flags.deviceReadIops, 'device-read-iops'),
    writeIops: rates(flags.deviceWriteIops, 'device-write-iops'),
  };
  return {
    ...(flags.blkioWeight
      ? { blkioWeight: parseWeight(flags.blkioWeight, 'invalid value for blkio-weight') }
      : {}),
    ...Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0)),
  };
}

function parseWeight(word: string, complaint: string): number {
  if (!/^\d{1,5}$/.test(word)) throw invalid(`${complaint}: "${word}" is not a number`);
  const weight = Number(word);
  if (weight !== 0 && (weight < 10 || weight > 1000))
    throw invalid('range of blkio weight is from 10 to 1000');
  return weight;
}

function parseRate(word: string, flag: string): DeviceRate {
  const form = flag.endsWith('bps') ? '<device-path>:<number>[<unit>]' : '<device-path>:<number>';
  const [path, amount] = splitDevice(word, flag, form);
  const isCount = flag.endsWith('iops');
  if (isCount && !/^\d+$/.test(amount)) {
    throw invalid(
      `invalid rate for device: ${word}. The correct format is ${form}. Number must be a positive integer`,
    );
  }
  return { path, rate: isCount ? Number(amount) : parseSize(amount, flag) };
}

function splitDevice(word: string, flag: string, form: string): [path: string, value: string] {
  const at = word.lastIndexOf(':');
  const [path, value] = [word.slice(0, Math.max(at, 0)), word.slice(at + 1)];
  if (path === '' || value === '') throw invalid(`bad format: ${word}`, `write --${flag} ${form}`);
  if (!path.startsWith('/dev/'))
    throw invalid(`bad format for device path: ${word}`, `write --${flag} ${form}`);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) throw invalid(`could not parse throttle device at ${path}: no such file or directory`);
  if (!stats.isBlockDevice()) throw invalid(`--${flag} ${word}: ${path} is not a block device`);
  return [path, value];
}

function parseCgroupConf(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const [, file, value] = /^([a-z][a-z0-9_.]*)=(.*)$/s.exec(word) ?? [];
      if (file === undefined || value === undefined) {
        throw invalid(
          `--cgroup-conf ${word}: not of the form key=value`,
          'for example --cgroup-conf memory.high=1073741824',
        );
      }
      return [file, value];
    }),
  );
}

/** podman's checks of limits against each other. Throws INVALID_ARGUMENT. */
function checkResources(spec: ResourceSpec): void {
  const { memoryBytes: memory, memorySwapBytes: swap, memoryReservationBytes: reservation } = spec;
  if (memory !== undefined && swap !== undefined && swap !== -1 && swap !== 0 && swap < memory)
    throw invalid('minimum memoryswap limit should be larger than memory limit, see usage');
  if (memory === undefined && swap !== undefined && swap !== -1)
    throw invalid('you should always set a memory limit when using a memoryswap limit');
  if (memory !== undefined && reservation !== undefined && memory < reservation)
    throw invalid('minimum memory limit cannot be less than memory reservation limit, see usage');
  const { memorySwappiness: swappiness, cpuPeriodUs: period, cpuQuotaUs: quota } = spec;
  if (swappiness !== undefined && (swappiness < 0 || swappiness > 100))
    throw invalid(`invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
  if (period !== undefined && (period < 1000 || period > 1_000_000))
    throw invalid('CPU cfs period cannot be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  if (quota !== undefined && quota >= 0 && quota < 1000)
    throw invalid('CPU cfs quota cannot be less than 1ms (i.e. 1000)');
}
