import type { Context } from './context.ts';
import type { DiskUsage } from './disk-usage.ts';
import type { ProgressSink } from './engine.ts';
import type { Leak } from './leaks.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Networks } from './networks.ts';
import type { Pods } from './pods.ts';
import type { EventsRequest, GenerateSystemdRequest, SplitCommand } from './requests.ts';
import type { SystemPruneReport, SystemPruneRequest } from './system-prune.ts';
import type { DoctorFinding, EventView } from './views.ts';
import type { Views } from './views-of.ts';

export interface SystemOperations {
  /** Services by name, for a container or for a pod and its members. Throws NOT_FOUND, INVALID_ARGUMENT. */
  generateSystemd(
    name: string,
    request: GenerateSystemdRequest,
    split: SplitCommand,
  ): Promise<ReadonlyMap<string, string>>;
  /** Hands on what has happened and what happens. Ends with the past, at `until`, or by an interrupt. */
  events(request: EventsRequest, onEvent: (event: EventView) => void): Promise<void>;
  info(): Promise<Record<string, unknown>>;
  version(): Promise<Record<string, unknown>>;
  /** What stands in the way of running pods here; empty where nothing does. */
  doctor(): Promise<DoctorFinding[]>;
  /** What is there and belongs to nothing; with `repair` it is taken away. */
  check(options: { repair: boolean }): Promise<Leak[]>;
  diskUsage(): Promise<DiskUsage>;
  /** Removes what nothing uses. */
  prune(request: SystemPruneRequest, warn: ProgressSink): Promise<SystemPruneReport>;
  /** Removes all that this user's peapod has. Throws BUSY where another command is at work. */
  reset(): Promise<void>;
  /** Directories that `reset` empties. */
  roots(): Promise<{ root: string; runRoot: string }>;
  /** Runs a program in the user's namespaces, with this process' stdio. Returns its exit code. */
  unshare(command: readonly string[]): Promise<number>;
  /** Ends the user's keeper where nothing of the user's runs. Throws BUSY otherwise. */
  migrate(): Promise<void>;
}

export interface SystemParts {
  readonly context: Context;
  readonly views: Views;
  readonly lifecycle: Lifecycle;
  readonly pods: Pods;
  networks(): Promise<Networks>;
}

/** Each is loaded by the command that asks for it. */
export function systemOperations(parts: SystemParts): SystemOperations {
  const { context, views, lifecycle } = parts;
  return {
    generateSystemd: async (name, request, split) => {
      const { generateSystemd } = await import('./generate-systemd.ts');
      return generateSystemd(context, name, request, split);
    },
    events: async (request, onEvent) => {
      const { readEvents } = await import('./events.ts');
      return readEvents(context, request, onEvent);
    },
    info: async () => (await import('./system.ts')).info(context, views),
    version: async () => (await import('./system.ts')).version(),
    doctor: () => context.doctor(),
    check: async (options) => (await import('./system-check.ts')).checkSystem(context, options),
    diskUsage: async () => (await import('./disk-usage.ts')).diskUsage(context, views),
    prune: async (request, warn) => {
      const [{ pruneSystem }, { Volumes }, networks] = await Promise.all([
        import('./system-prune.ts'),
        import('./volumes.ts'),
        parts.networks(),
      ]);
      const volumes = new Volumes(context, lifecycle);
      return pruneSystem({ ...parts, networks, volumes }, request, warn);
    },
    reset: async () => (await import('./system-reset.ts')).resetSystem(parts),
    roots: async () => ({ root: context.paths.root, runRoot: context.paths.runRoot }),
    unshare: async (command) => (await import('./unshare.ts')).unshare(context, command),
    migrate: () => context.migrate(),
  };
}
