import type { Context } from './context.ts';
import { type DiskUsage, diskUsage } from './disk-usage.ts';
import type { ProgressSink } from './engine.ts';
import type { Filters } from './filters.ts';
import { pruneImages } from './images.ts';
import { readOwners } from './leaks.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Networks } from './networks.ts';
import type { Pods } from './pods.ts';
import { pruneContainers, prunePods } from './prune.ts';
import type { Views } from './views-of.ts';
import type { Volumes } from './volumes.ts';

export interface SystemPruneRequest {
  /** Images with names, too. */
  readonly all: boolean;
  readonly volumes: boolean;
  /** `label`, `label!`, `until`. */
  readonly filters: Filters;
  readonly dryRun: boolean;
}

/** Names or ids of what is gone, or would be. */
export interface SystemPruneReport {
  readonly pods: readonly string[];
  readonly containers: readonly string[];
  readonly networks: readonly string[];
  readonly volumes: readonly string[];
  readonly images: readonly string[];
  readonly reclaimedBytes: number;
}

export interface PruneParts {
  readonly context: Context;
  readonly views: Views;
  readonly lifecycle: Lifecycle;
  readonly pods: Pods;
  readonly networks: Networks;
  readonly volumes: Volumes;
}

/**
 * Removes what nothing uses, users before what they use; what is used by something that goes is unused itself. Each
 * removal looks again whether that is still so: what was taken up meanwhile stays.
 */
export async function pruneSystem(
  parts: PruneParts,
  request: SystemPruneRequest,
  warn: ProgressSink,
): Promise<SystemPruneReport> {
  const { filters, dryRun } = request;
  const before = await diskUsage(parts.context, parts.views);
  const pods = await prunePods(parts, filters, { dryRun });
  const members = before.containers.map(({ view }) => view).filter(({ podId }) => pods.includes(podId ?? ''));
  const gone = new Set([...pods, ...members.map(({ id }) => id)]);
  const containers = await pruneContainers(parts, filters, { dryRun, leaving: gone });
  const leaving = new Set([...gone, ...containers]);
  // Another runtime's stopped container may need a network of its own, and nothing here would show it.
  const only = readOwners(parts.context).hasMadeNetwork;
  const networks = await parts.networks.prune(filters, warn, { dryRun, leaving, only });
  const volumes = request.volumes ? await parts.volumes.prune(filters, { dryRun, leaving }) : [];
  const images = await pruneImages(parts.context, { ...request, leaving });
  const report = { pods, containers, networks, volumes, images };
  return { ...report, reclaimedBytes: bytesOf(before, report) };
}

function bytesOf(before: DiskUsage, gone: Omit<SystemPruneReport, 'reclaimedBytes'>): number {
  const sum = (list: readonly { sizeBytes: number }[]) =>
    list.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  const containers = before.containers.filter(
    ({ view }) => gone.containers.includes(view.id) || gone.pods.includes(view.podId ?? ''),
  );
  const volumes = before.volumes.filter(({ name }) => gone.volumes.includes(name));
  const images = before.images.filter(({ id }) => gone.images.includes(id));
  const freed = images.reduce((total, { uniqueBytes }) => total + uniqueBytes, 0);
  return sum(containers) + sum(volumes) + freed;
}
