import type { StatsView } from '../engine/views.ts';
import { shortId } from './container-row.ts';
import { binarySize, goDuration, significant } from './format/units.ts';
import type { StatsFormat } from './stats.ts';

function texts(view: StatsView) {
  const { memoryBytes, memoryLimitBytes } = view;
  const memoryPercent = memoryLimitBytes > 0 ? (memoryBytes / memoryLimitBytes) * 100 : 0;
  return {
    cpu: percent(view.cpuPercent),
    average: percent(view.averageCpuPercent),
    memory: pair(significant(memoryBytes), significant(memoryLimitBytes)),
    memoryBytes: pair(binarySize(memoryBytes), binarySize(memoryLimitBytes)),
    memoryPercent: percent(memoryPercent),
    network: pair(significant(view.networkInputBytes), significant(view.networkOutputBytes)),
    block: pair(significant(view.blockReadBytes), significant(view.blockWriteBytes)),
    pids: String(view.pids),
    time: goDuration(view.cpuTimeNs),
  };
}

function percent(value: number): string {
  return `${value.toFixed(2)}%`;
}

function pair(used: string, of: string): string {
  return `${used} / ${of}`;
}

/** `stats`: podman's containerStats. */
export function statsFormat(noTrunc: boolean): StatsFormat {
  return {
    name: 'stats',
    typeName: 'containers.containerStats',
    headings: {
      ID: 'ID',
      Name: 'NAME',
      CPUPerc: 'CPU %',
      CPU: 'CPU %',
      MemUsage: 'MEM USAGE / LIMIT',
      MemUsageBytes: 'MEM USAGE / LIMIT',
      MemPerc: 'MEM %',
      NetIO: 'NET IO',
      BlockIO: 'BLOCK IO',
      PIDS: 'PIDS',
      PIDs: 'PIDS',
      UpTime: 'CPU TIME',
      AVGCPU: 'AVG CPU %',
      ContainerID: 'CONTAINER ID',
    },
    columns: ['ID', 'Name', 'CPUPerc', 'MemUsage', 'MemPerc', 'NetIO', 'BlockIO', 'PIDS', 'UpTime', 'AVGCPU'],
    row: (view) => {
      const text = texts(view);
      return {
        ID: shortId(view.id, noTrunc),
        ContainerID: view.id,
        Name: view.name,
        CPUPerc: text.cpu,
        CPU: text.cpu,
        MemUsage: text.memory,
        MemUsageBytes: text.memoryBytes,
        MemPerc: text.memoryPercent,
        NetIO: text.network,
        BlockIO: text.block,
        PIDS: text.pids,
        PIDs: text.pids,
        UpTime: text.time,
        AVGCPU: text.average,
      };
    },
    json: (view) => {
      const text = texts(view);
      return {
        id: shortId(view.id, noTrunc),
        name: view.name,
        cpu_time: text.time,
        cpu_percent: text.cpu,
        avg_cpu: text.average,
        mem_usage: text.memory,
        mem_percent: text.memoryPercent,
        net_io: text.network,
        block_io: text.block,
        pids: text.pids,
      };
    },
  };
}

/** `pod stats`: podman's PodStatsReport. */
export const podStatsFormat: StatsFormat = {
  name: 'stats',
  typeName: '*entities.PodStatsReport',
  headings: {
    Pod: 'POD',
    CID: 'CID',
    Name: 'NAME',
    CPU: 'CPU %',
    MemUsage: 'MEM USAGE/ LIMIT',
    MemUsageBytes: 'MEM USAGE/ LIMIT',
    Mem: 'MEM %',
    NetIO: 'NET IO',
    BlockIO: 'BLOCK IO',
    PIDS: 'PIDS',
  },
  columns: ['Pod', 'CID', 'Name', 'CPU', 'MemUsage', 'Mem', 'NetIO', 'BlockIO', 'PIDS'],
  row: podRow,
  json: podRow,
};

function podRow(view: StatsView): Record<string, string> {
  const text = texts(view);
  return {
    CPU: text.cpu,
    MemUsage: text.memory,
    MemUsageBytes: text.memoryBytes,
    Mem: text.memoryPercent,
    NetIO: text.network,
    BlockIO: text.block,
    PIDS: text.pids,
    Pod: shortId(view.podId ?? '', false),
    CID: shortId(view.id, false),
    Name: view.name,
  };
}
