import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PeapodError } from '../errors.ts';
import { cgroupRoot } from '../host/cgroups.ts';
import type { CgroupSpec, ResourceSpec } from '../store/records/resources.ts';

/** What the host's control groups can do for this caller. */
export interface CgroupHost {
  readonly version: 1 | 2;
  readonly rootless: boolean;
  /** False where this caller may not make cgroups. */
  readonly mayLimit: boolean;
  /** Whether a file of cgroup v1 is there, e.g. `memory`, `memory.swappiness`. */
  has(controller: string, file: string): boolean;
  /** `0-3`, as the kernel lists them. */
  readonly cpus: string;
  readonly memoryNodes: string;
}

export function readCgroupHost(version: 1 | 2, rootless: boolean, mayLimit: boolean): CgroupHost {
  return {
    version,
    rootless,
    mayLimit,
    has: (controller, file) => existsSync(join(cgroupRoot, controller, file)),
    get cpus() {
      return readList('/sys/devices/system/cpu/online');
    },
    get memoryNodes() {
      return readList('/sys/devices/system/node/online');
    },
  };
}

/** A kernel without NUMA has one node and no file that says so. */
function readList(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : '0';
}

/**
 * The part of the limits that this host can keep. What it cannot is told to `warn` in podman's words and left
 * out, as podman does; what contradicts the host throws INVALID_ARGUMENT.
 */
export function admitResources(
  asked: ResourceSpec,
  cgroup: CgroupSpec,
  host: CgroupHost,
  warn: (message: string) => void,
): ResourceSpec {
  if (Object.keys(asked).length === 0) return asked;
  if (cgroup.mode === 'disabled') {
    throw new PeapodError('INVALID_ARGUMENT', 'cannot set resource limits when not creating cgroups', {
      hint: 'leave out --cgroups=disabled, or the limits',
    });
  }
  if (asked.unified && host.version === 1) {
    throw new PeapodError('INVALID_ARGUMENT', 'cannot use --cgroup-conf without cgroup v2');
  }
  if (!host.mayLimit) {
    warn(
      host.version === 1
        ? 'Resource limits are not supported and ignored on cgroups V1 rootless systems'
        : 'Resource limits are ignored: no cgroup is delegated to this user (log in by a systemd session)',
    );
    return {};
  }
  checkAvailable(asked.cpusetCpus, host.cpus, 'CPUs');
  checkAvailable(asked.cpusetMems, host.memoryNodes, 'memory nodes');
  return host.version === 1 ? admitV1(asked, host, warn) : admitV2(asked, warn);
}

/** What depends on how the kernel was built. */
const optionalOnV1: readonly {
  readonly key: keyof ResourceSpec;
  readonly file: readonly [controller: string, file: string];
  readonly warning: string;
}[] = [
  {
    key: 'memorySwappiness',
    file: ['memory', 'memory.swappiness'],
    warning: 'memory swappiness capabilities, or the cgroup is not mounted. Memory swappiness discarded.',
  },
  {
    key: 'blkioWeight',
    file: ['blkio', 'blkio.weight'],
    warning: 'Block I/O weight or the cgroup is not mounted. Weight discarded.',
  },
  {
    key: 'blkioWeightDevices',
    file: ['blkio', 'blkio.weight_device'],
    warning: 'Block I/O weight_device or the cgroup is not mounted. Weight-device discarded.',
  },
  {
    key: 'cpuRealtimePeriodUs',
    file: ['cpu', 'cpu.rt_period_us'],
    warning: 'CPU real-time periods or the cgroup is not mounted. Period discarded.',
  },
  {
    key: 'cpuRealtimeRuntimeUs',
    file: ['cpu', 'cpu.rt_runtime_us'],
    warning: 'CPU real-time runtimes or the cgroup is not mounted. Runtime discarded.',
  },
];

function admitV1(asked: ResourceSpec, host: CgroupHost, warn: (message: string) => void): ResourceSpec {
  const kept = { ...asked } as { -readonly [K in keyof ResourceSpec]: ResourceSpec[K] };
  for (const { key, file, warning } of optionalOnV1) {
    if (kept[key] === undefined || host.has(...file)) continue;
    warn(`Your kernel does not support ${warning}`);
    delete kept[key];
  }
  if (kept.memorySwapBytes !== undefined && !host.has('memory', 'memory.memsw.limit_in_bytes')) {
    warn(
      'Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.',
    );
    delete kept.memorySwapBytes;
  }
  return kept;
}

const onlyOnV1 = [
  ['memorySwappiness', '--memory-swappiness'],
  ['oomKillDisable', '--oom-kill-disable'],
  ['cpuRealtimePeriodUs', '--cpu-rt-period'],
  ['cpuRealtimeRuntimeUs', '--cpu-rt-runtime'],
] as const satisfies readonly (readonly [keyof ResourceSpec, string])[];

function admitV2(asked: ResourceSpec, warn: (message: string) => void): ResourceSpec {
  const foreign = onlyOnV1.find(([key]) => asked[key] !== undefined);
  if (foreign) {
    throw new PeapodError('INVALID_ARGUMENT', `${foreign[1]} is not supported on cgroups V2 systems`, {
      hint: `leave out ${foreign[1]}: cgroup v2 has nothing like it`,
    });
  }
  // The kernel makes the file only where it counts swap.
  if (asked.memorySwapBytes === undefined || existsSync('/proc/swaps')) return asked;
  warn(
    'Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.',
  );
  const { memorySwapBytes: _, ...rest } = asked;
  return rest;
}

function checkAvailable(asked: string | undefined, available: string, what: string): void {
  if (asked === undefined) return;
  const has = parseIdSet(available);
  if ([...parseIdSet(asked)].every((id) => has.has(id))) return;
  throw new PeapodError(
    'INVALID_ARGUMENT',
    `requested ${what} are not available - requested ${asked}, available: ${available}`,
  );
}

/** `0-2,5` as a set. Ranges of a wrong command line may be long: they are cut where no machine reaches. */
function parseIdSet(list: string): Set<number> {
  const ids = new Set<number>();
  for (const part of list.split(',')) {
    const [first = 0, last = first] = part.split('-').map(Number);
    for (let id = first; id <= Math.min(last, first + 65_536); id++) ids.add(id);
  }
  return ids;
}
