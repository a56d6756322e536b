import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { cgroupFilesOf, networkBytes, readUsage } from '../container/cgroup-usage.ts';
import { PeapodError } from '../errors.ts';
import { cgroupVersion } from '../host/cgroups.ts';
import type { ContainerRecord } from '../store/records.ts';
import { cgroupPlace, cgroupsPath } from './container-cgroup.ts';
import type { StatsRequest } from './container-flags.ts';
import type { EngineParts } from './parts.ts';
import type { StatsView } from './views.ts';

/**
 * Hands on what containers use, every `intervalMs` until an interrupt, or once where `stream` is not set.
 * Throws NOT_FOUND, HOST_UNFIT where containers of this caller have no cgroups.
 */
export async function readStats(
  parts: EngineParts,
  request: StatsRequest,
  onSample: (views: readonly StatsView[]) => void,
): Promise<void> {
  const { context } = parts;
  if (cgroupPlace(context).manager === 'disabled') {
    throw new PeapodError('HOST_UNFIT', 'stats is not supported in rootless mode without cgroups v2', {
      hint: 'the usage of a container is counted where the host delegates cgroup v2 to its user, or as root',
    });
  }
  const before = new Map<string, Sample>();
  for (;;) {
    onSample(chosen(parts, request).map((record) => view(parts, record, before)));
    if (!request.stream) return;
    if (await aborted(context.interrupt.signal, request.intervalMs)) return;
  }
}

interface Sample {
  readonly atMs: number;
  readonly cpuTimeNs: number;
}

/** Asked for anew at each sample: containers come and go. */
function chosen(parts: EngineParts, request: StatsRequest): readonly ContainerRecord[] {
  const { containers, pods, lifecycle, context } = parts;
  const { store } = context;
  if (request.containers) return request.containers.map((name) => containers.require(name));
  const all = request.pods
    ? request.pods.flatMap((name) => store.containers.ofPod(pods.require(name).id))
    : store.containers.all().filter(({ podId }) => !request.onlyPods || podId !== undefined);
  return request.all ? all : all.filter((record) => lifecycle.isRunning(record));
}

function view(parts: EngineParts, record: ContainerRecord, before: Map<string, Sample>): StatsView {
  const common = { id: record.id, name: record.name, podId: record.podId };
  const usage = parts.lifecycle.isRunning(record) ? usageOf(parts, record) : undefined;
  if (!usage) {
    before.delete(record.id);
    return { ...common, ...nothing };
  }
  const now: Sample = { atMs: Date.now(), cpuTimeNs: usage.cpuTimeNs };
  const started: Sample = { atMs: record.startedAtMs ?? now.atMs, cpuTimeNs: 0 };
  const last = before.get(record.id) ?? started;
  before.set(record.id, now);
  return {
    ...common,
    ...usage,
    cpuPercent: percentBetween(last, now),
    averageCpuPercent: percentBetween(started, now),
  };
}

const nothing = {
  cpuTimeNs: 0,
  memoryBytes: 0,
  memoryLimitBytes: 0,
  pids: 0,
  blockReadBytes: 0,
  blockWriteBytes: 0,
  networkInputBytes: 0,
  networkOutputBytes: 0,
  cpuPercent: 0,
  averageCpuPercent: 0,
};

function percentBetween(from: Sample, to: Sample): number {
  const elapsedNs = (to.atMs - from.atMs) * 1e6;
  return elapsedNs > 0 ? Math.max(0, ((to.cpuTimeNs - from.cpuTimeNs) / elapsedNs) * 100) : 0;
}

/** Undefined where it ends while it is looked at, or has no cgroup of its own. */
function usageOf(
  { context }: EngineParts,
  record: ContainerRecord,
): Omit<typeof nothing, 'cpuPercent' | 'averageCpuPercent'> | undefined {
  const pid = record.process?.pid;
  if (cgroupsPath(context, record) === undefined || pid === undefined) return undefined;
  try {
    const version = cgroupVersion();
    const files = cgroupFilesOf(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), version);
    const usage = readUsage(files, version);
    const network = networkBytes(readFileSync(`/proc/${pid}/net/dev`, 'utf8'));
    return {
      ...usage,
      memoryLimitBytes: Math.min(usage.memoryLimitBytes, totalmem()),
      networkInputBytes: network.input,
      networkOutputBytes: network.output,
    };
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** Waits; true as soon as a signal came. */
function aborted(signal: AbortSignal, timeMs: number): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(true);
  return new Promise((resolve) => {
    const end = (isAborted: boolean) => () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      resolve(isAborted);
    };
    const onAbort = end(true);
    const timer = setTimeout(end(false), timeMs);
    signal.addEventListener('abort', onAbort);
  });
}
