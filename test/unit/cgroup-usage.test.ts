import { describe, expect, it } from 'vitest';
import { binarySize, goDuration, significant } from '../../src/commands/format/units.ts';
import { networkBytes, type ReadCgroupFile, readUsage } from '../../src/container/cgroup-usage.ts';
import { commandLine } from './command-line.ts';

const reader = (files: Readonly<Record<string, string>>): ReadCgroupFile => {
  return (controller, file) => files[`${controller}/${file}`];
};

describe('what a cgroup uses', () => {
  it('cgroup v1: one file a controller', () => {
    const usage = readUsage(
      reader({
        'cpuacct/cpuacct.usage': '1500000000',
        'memory/memory.usage_in_bytes': '4096',
        'memory/memory.limit_in_bytes': '9223372036854771712',
        'pids/pids.current': '3',
        'blkio/blkio.throttle.io_service_bytes_recursive':
          '8:0 Read 10\n8:0 Write 20\n8:16 Read 5\n8:16 Async 7\nTotal 35',
      }),
      1,
    );
    expect(usage).toEqual({
      cpuTimeNs: 1.5e9,
      memoryBytes: 4096,
      memoryLimitBytes: Number.POSITIVE_INFINITY,
      pids: 3,
      blockReadBytes: 15,
      blockWriteBytes: 20,
    });
  });

  it('cgroup v2: keys in files', () => {
    const usage = readUsage(
      reader({
        'cpu/cpu.stat': 'usage_usec 2500\nuser_usec 1000\nsystem_usec 1500',
        'memory/memory.current': '8192',
        'memory/memory.max': '67108864',
        'pids/pids.current': '2',
        'io/io.stat': '8:0 rbytes=10 wbytes=20 rios=1 wios=1\n8:16 rbytes=1 wbytes=2 rios=1',
      }),
      2,
    );
    expect(usage).toEqual({
      cpuTimeNs: 2.5e6,
      memoryBytes: 8192,
      memoryLimitBytes: 67_108_864,
      pids: 2,
      blockReadBytes: 11,
      blockWriteBytes: 22,
    });
    expect(readUsage(reader({ 'memory/memory.max': 'max' }), 2)).toMatchObject({
      memoryLimitBytes: Number.POSITIVE_INFINITY,
      pids: 0,
    });
  });

  it('the loopback is no network', () => {
    const text =
      'Inter-|   Receive  |  Transmit\n face |bytes packets\n    lo: 99 1 0 0 0 0 0 0 99 1\n  eth0: 10 1 0 0 0 0 0 0 20 1\n  eth1: 1 1 0 0 0 0 0 0 2 1\n';
    expect(networkBytes(text)).toEqual({ input: 11, output: 22 });
  });
});

describe('numbers as podman prints them', () => {
  it.each([
    [0, '0B', '0B'],
    [245_760, '245.8kB', '240KiB'],
    [67_108_864, '67.11MB', '64MiB'],
    [25_276_588_032, '25.28GB', '23.54GiB'],
  ])('%d bytes', (bytes, thousands, binary) => {
    expect([significant(bytes), binarySize(bytes)]).toEqual([thousands, binary]);
  });

  it.each([
    [0, '0s'],
    [4_225_282, '4.225282ms'],
    [1_500, '1.5µs'],
    [1_500_000_000, '1.5s'],
    [62_500_000_000, '1m2.5s'],
    [3_600_000_000_000, '1h0m0s'],
  ])('%d ns', (nanoseconds, text) => {
    expect(goDuration(nanoseconds)).toBe(text);
  });
});

describe('stats', () => {
  const view = {
    id: 'a'.repeat(64),
    name: 'web',
    podId: 'b'.repeat(64),
    cpuTimeNs: 4_225_282,
    cpuPercent: 27.351,
    averageCpuPercent: 0.371,
    memoryBytes: 1_335_296,
    memoryLimitBytes: 67_108_864,
    pids: 1,
    networkInputBytes: 1266,
    networkOutputBytes: 0,
    blockReadBytes: 0,
    blockWriteBytes: 0,
  };
  const answers = {
    'containers.stats': (_: unknown, onSample: (views: readonly unknown[]) => void) => onSample([view]),
  };

  it('B1: has podman’s columns, JSON and fields', async () => {
    const { stdout, calls } = await commandLine(['stats', '--no-stream'], answers);
    expect(stdout.split('\n').map((line) => line.trimEnd().split(/ {2,}/))).toEqual([
      [
        'ID',
        'NAME',
        'CPU %',
        'MEM USAGE / LIMIT',
        'MEM %',
        'NET IO',
        'BLOCK IO',
        'PIDS',
        'CPU TIME',
        'AVG CPU %',
      ],
      [
        'a'.repeat(12),
        'web',
        '27.35%',
        '1.335MB / 67.11MB',
        '1.99%',
        '1.266kB / 0B',
        '0B / 0B',
        '1',
        '4.225282ms',
        '0.37%',
      ],
      [''],
    ]);
    expect(calls.at(-1)?.slice(0, 2)).toEqual([
      'containers.stats',
      { all: false, stream: false, intervalMs: 5000 },
    ]);
    const json = await commandLine(['stats', '--no-stream', '--format', 'json'], answers);
    expect(JSON.parse(json.stdout)).toEqual([
      {
        id: 'a'.repeat(12),
        name: 'web',
        cpu_time: '4.225282ms',
        cpu_percent: '27.35%',
        avg_cpu: '0.37%',
        mem_usage: '1.335MB / 67.11MB',
        mem_percent: '1.99%',
        net_io: '1.266kB / 0B',
        block_io: '0B / 0B',
        pids: '1',
      },
    ]);
    const format = '{{.Name}} {{.MemUsageBytes}}';
    expect((await commandLine(['stats', '--no-stream', '--format', format], answers)).stdout).toBe(
      'web 1.273MiB / 64MiB\n',
    );
  });

  it('a stream begins anew at the top of the screen, with --no-reset below', async () => {
    const anew = await commandLine(['stats', '-i', '2', 'web'], answers);
    expect(anew.stdout.startsWith('\x1b[2J\x1b[1;1HID ')).toBe(true);
    const { stdout, calls } = await commandLine(['stats', '-i', '2', '--no-reset', 'web'], answers);
    expect(stdout).toMatch(/^ID /);
    expect(calls.at(-1)?.[1]).toEqual({ containers: ['web'], all: true, stream: true, intervalMs: 2000 });
  });

  it('of pods has the pod in front', async () => {
    const { stdout, calls } = await commandLine(['pod', 'stats', '--no-stream', 'front'], answers);
    expect(stdout).toMatch(/^POD +CID +NAME +CPU % +MEM USAGE\/ LIMIT +MEM % +NET IO +BLOCK IO +PIDS\s*\n/);
    expect(stdout).toMatch(/^bbbbbbbbbbbb +aaaaaaaaaaaa +web /m);
    expect(calls.at(-1)?.[1]).toMatchObject({ pods: ['front'], onlyPods: true, all: false });
  });

  it.each([[['-a', 'web']], [['-a', '-l']], [['-l', 'web']]])('%j is refused', async (words) => {
    const { code, stderr } = await commandLine(['stats', ...words], answers);
    expect(code).toBe(125);
    expect(stderr).toMatch(/^Error: --all, --latest and containers cannot be used together/);
  });
});
