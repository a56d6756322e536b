import { describe, expect, it } from 'vitest';
import { cgroupSettings } from '../../src/container/pod-cgroup.ts';
import type { ResourceSpec } from '../../src/store/records/resources.ts';

const spec: ResourceSpec = {
  memoryBytes: 64,
  memorySwapBytes: 128,
  cpuPeriodUs: 100_000,
  cpuQuotaUs: 50_000,
  cpuShares: 1024,
  cpusetCpus: '0-1',
  blkioWeight: 100,
};

describe('the cgroup of a pod (B8)', () => {
  it('cgroup v1: memory before memory with swap, which may not be below it', () => {
    expect(cgroupSettings(spec, 1).map(([, file, value]) => `${file}=${value}`)).toEqual([
      'memory.limit_in_bytes=64',
      'memory.memsw.limit_in_bytes=128',
      'cpu.shares=1024',
      'cpu.cfs_period_us=100000',
      'cpu.cfs_quota_us=50000',
      'cpuset.cpus=0-1',
      'blkio.weight=100',
    ]);
  });

  it('cgroup v2: as the runtime translates them for containers', () => {
    expect(cgroupSettings(spec, 2).map(([, file, value]) => `${file}=${value}`)).toEqual([
      'memory.max=64',
      'memory.swap.max=64',
      'cpu.weight=39',
      'cpu.max=50000 100000',
      'cpuset.cpus=0-1',
      'io.bfq.weight=100',
    ]);
    const values = (limits: ResourceSpec) => cgroupSettings(limits, 2).map(([, , value]) => value);
    expect(values({ memorySwapBytes: -1 })).toEqual(['max']);
    expect(values({ cpuShares: 2 })).toEqual(['1']);
    expect(values({ cpuShares: 262_144 })).toEqual(['10000']);
    expect(values({ cpuPeriodUs: 50_000 })).toEqual(['max 50000']);
    expect(values({})).toEqual([]);
  });
});
