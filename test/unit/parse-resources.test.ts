import { describe, expect, it } from 'vitest';
import { ociResources } from '../../src/container/resources.ts';
import { admitResources, type CgroupHost } from '../../src/engine/admit-resources.ts';
import type { ResourceFlags } from '../../src/engine/container-flags.ts';
import { parseResources } from '../../src/engine/parse-resources.ts';
import { parseSize } from '../../src/engine/parse-size.ts';

const host: CgroupHost = {
  version: 1,
  rootless: false,
  mayLimit: true,
  has: () => true,
  cpus: '0-3',
  memoryNodes: '0',
};
const enabled = { mode: 'enabled' } as const;

describe('sizes', () => {
  it.each([
    ['1024', 1024],
    ['5b', 5],
    ['1k', 1024],
    ['1.5g', 1_610_612_736],
    ['64M', 67_108_864],
    ['64MiB', 67_108_864],
    ['2 gb', 2 * 2 ** 30],
  ])('%s is %d bytes', (word, bytes) => {
    expect(parseSize(word, 'memory')).toBe(bytes);
  });

  it.each(['', 'x', '1x', '-1', '1..5', '1e9', '99999999p'])('"%s" is none', (word) => {
    expect(() => parseSize(word, 'memory')).toThrow(`invalid value for memory: invalid size: '${word}'`);
  });
});

describe('limits of the command line', () => {
  it.each<[ResourceFlags, object]>([
    [{ memory: '64m' }, { memoryBytes: 67_108_864, memorySwapBytes: 134_217_728 }],
    [
      { memory: '64m', memorySwap: '-1' },
      { memoryBytes: 67_108_864, memorySwapBytes: -1 },
    ],
    [
      { memory: '64m', memorySwap: '64m' },
      { memoryBytes: 67_108_864, memorySwapBytes: 67_108_864 },
    ],
    [{ cpus: '1.5' }, { cpuPeriodUs: 100_000, cpuQuotaUs: 150_000 }],
    [{ cpus: '0' }, {}],
    [
      { cpuPeriod: 50_000, cpuQuota: 25_000 },
      { cpuPeriodUs: 50_000, cpuQuotaUs: 25_000 },
    ],
    [{ pidsLimit: -1 }, { pidsLimit: -1 }],
    [{ memorySwappiness: -1 }, {}],
    [
      { cgroupConf: ['memory.high=5', 'io.weight=default 20'] },
      { unified: { 'memory.high': '5', 'io.weight': 'default 20' } },
    ],
  ])('B8: %j', (flags, spec) => {
    expect(parseResources(flags)).toEqual(spec);
  });

  it.each<[ResourceFlags, string]>([
    [{ memory: 'x' }, "invalid value for memory: invalid size: 'x'"],
    [{ memory: '64m', memorySwap: '32m' }, 'minimum memoryswap limit should be larger than memory limit'],
    [{ memorySwap: '32m' }, 'you should always set a memory limit when using a memoryswap limit'],
    [{ memory: '1m', memoryReservation: '2m' }, 'cannot be less than memory reservation limit'],
    [{ memorySwappiness: 101 }, 'valid memory swappiness range is 0-100'],
    [{ cpus: 'x' }, 'invalid argument "x" for "--cpus" flag'],
    [{ cpus: '1', cpuQuota: 5000 }, '--cpu-quota and --cpus cannot be set together'],
    [{ cpus: '1', cpuPeriod: 5000 }, '--cpu-period and --cpus cannot be set together'],
    [{ cpus: '0.001' }, 'CPU cfs quota cannot be less than 1ms'],
    [{ cpuPeriod: 10 }, 'CPU cfs period cannot be less than 1ms'],
    [{ cpusetCpus: 'x' }, 'invalid value x for cpuset cpus'],
    [{ cpusetMems: '3-1' }, 'invalid value 3-1 for cpuset mems'],
    [{ blkioWeight: '5' }, 'range of blkio weight is from 10 to 1000'],
    [{ deviceReadBps: ['vda:1m'] }, 'bad format for device path: vda:1m'],
    [{ deviceReadBps: ['/dev/null'] }, 'bad format: /dev/null'],
    [{ deviceReadBps: ['/dev/null:1m'] }, '/dev/null is not a block device'],
    [{ deviceWriteIops: ['/dev/none:1'] }, 'could not parse throttle device at /dev/none'],
    [{ cgroupConf: ['../x=1'] }, 'not of the form key=value'],
  ])('B8: %j is refused', (flags, message) => {
    expect(() => parseResources(flags)).toThrow(message);
  });
});

describe('limits that the host cannot keep', () => {
  const admit = (flags: ResourceFlags, over: Partial<CgroupHost> = {}) => {
    const warnings: string[] = [];
    const kept = admitResources(parseResources(flags), enabled, { ...host, ...over }, (line) =>
      warnings.push(line),
    );
    return { kept, warnings };
  };

  it('B8: without a cgroup of the user all are warned about and left out, as podman does', () => {
    expect(admit({ memory: '64m' }, { mayLimit: false })).toEqual({
      kept: {},
      warnings: ['Resource limits are not supported and ignored on cgroups V1 rootless systems'],
    });
    expect(admit({ memory: '64m' }, { mayLimit: false, version: 2 }).warnings[0]).toMatch(
      /no cgroup is delegated/,
    );
  });

  it('B8: what the kernel was built without is left out', () => {
    const has = (_: string, file: string) => !/memsw|weight/.test(file);
    expect(admit({ memory: '1m', blkioWeight: '500' }, { has })).toEqual({
      kept: { memoryBytes: 1_048_576 },
      warnings: [
        'Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.',
        expect.stringMatching(/Memory limited without swap/),
      ],
    });
  });

  it('B8: CPUs that are not there, and what is of the other cgroup version, are refused', () => {
    expect(() => admit({ cpusetCpus: '2-7' })).toThrow(
      'requested CPUs are not available - requested 2-7, available: 0-3',
    );
    expect(admit({ cpusetCpus: '0,2-3', cpusetMems: '0' }).warnings).toEqual([]);
    expect(() => admit({ cgroupConf: ['memory.high=1'] })).toThrow(
      'cannot use --cgroup-conf without cgroup v2',
    );
    expect(() => admit({ memorySwappiness: 5 }, { version: 2 })).toThrow(
      /--memory-swappiness is not supported/,
    );
    expect(() => admitResources({ pidsLimit: 1 }, { mode: 'disabled' }, host, () => {})).toThrow(
      /cannot set resource limits when not creating cgroups/,
    );
  });
});

describe('linux.resources of config.json', () => {
  it('B8: has what crun translates for cgroup v2', () => {
    const spec = parseResources({
      memory: '64m',
      memoryReservation: '32m',
      cpus: '0.5',
      cpuShares: 512,
      cpusetCpus: '0',
      blkioWeight: '100',
      cgroupConf: ['memory.high=5'],
    });
    expect(ociResources({ pidsLimit: 2048, ...spec })).toEqual({
      memory: { limit: 67_108_864, swap: 134_217_728, reservation: 33_554_432 },
      cpu: { shares: 512, quota: 50_000, period: 100_000, cpus: '0' },
      pids: { limit: 2048 },
      blockIO: { weight: 100 },
      unified: { 'memory.high': '5' },
    });
    expect(ociResources({ pidsLimit: 0 })).toEqual({ pids: { limit: 4_194_304 } });
  });
});
