import type { ContainerOperations } from './engine.ts';
import type { EngineParts } from './parts.ts';

type Verbs = Pick<
  ContainerOperations,
  | 'init'
  | 'restart'
  | 'rename'
  | 'pause'
  | 'unpause'
  | 'attach'
  | 'top'
  | 'stats'
  | 'update'
  | 'clone'
  | 'prune'
  | 'sizes'
  | 'namespaces'
  | 'watch'
>;

/** Verbs of containers beyond create, start, stop and rm. */
export function containerVerbs(parts: () => EngineParts, createCommand: () => string[]): Verbs {
  return {
    init: async (name) => {
      const { initContainer } = await import('./init.ts');
      const record = parts().containers.require(name);
      await initContainer(parts(), record);
      return record.id;
    },
    restart: async (name, timeoutSeconds) => {
      const { containers, lifecycle } = parts();
      const record = containers.require(name);
      const { id } = record;
      if (record.state === 'paused' && lifecycle.isRunning(record)) {
        throw (await import('./pause.ts')).restartOfPaused(record);
      }
      await lifecycle.restart(id, timeoutSeconds);
      return id;
    },
    rename: async (name, newName) => {
      const { renameContainer } = await import('./rename.ts');
      await renameContainer(parts(), parts().containers.require(name), newName);
    },
    pause: async (name) => {
      const { pauseContainer } = await import('./pause.ts');
      const { id } = parts().containers.require(name);
      await pauseContainer(parts(), id);
      return id;
    },
    unpause: async (name) => {
      const { unpauseContainer } = await import('./pause.ts');
      const { id } = parts().containers.require(name);
      await unpauseContainer(parts(), id);
      return id;
    },
    attach: async (name, { stdin, sigProxy, detachKeys }) => {
      const { attachTo } = await import('./run.ts');
      const { context, containers, lifecycle } = parts();
      const record = containers.require(name);
      const { terminal, openStdin } = record.spec;
      const how = { interactive: stdin && openStdin, tty: terminal, detachKeys, sigProxy };
      return attachTo(context, lifecycle, record, how);
    },
    top: async (name, words) => {
      const { containerProcesses } = await import('./top.ts');
      return containerProcesses(parts(), parts().containers.require(name), words);
    },
    stats: async (request, onSample) => {
      const { readStats } = await import('./stats.ts');
      return readStats(parts(), request, onSample);
    },
    update: async (name, changes, warn) => {
      const { updateContainer } = await import('./update.ts');
      const record = parts().containers.require(name);
      await updateContainer(parts(), record, changes, warn);
      return record.id;
    },
    clone: async (name, request, sinks) => {
      const { cloneContainer } = await import('./clone-container.ts');
      return cloneContainer(parts(), parts().containers.require(name), request, createCommand(), sinks);
    },
    sizes: async (ids) => {
      const { containerSizes } = await import('./written-bytes.ts');
      const { context } = parts();
      return containerSizes(
        context,
        ids.flatMap((id) => context.store.containers.get(id) ?? []),
      );
    },
    namespaces: async (ids) => {
      const { namespaceIds } = await import('./namespace-ids.ts');
      const { context, lifecycle } = parts();
      const records = ids.flatMap((id) => context.store.containers.get(id) ?? []);
      return namespaceIds(
        context,
        records.filter((record) => lifecycle.isRunning(record)),
      );
    },
    watch: async (intervalMs, show) => {
      const { repeat } = await import('./watch.ts');
      return repeat(parts().context, intervalMs, show);
    },
    prune: async (filters, options) => {
      const { pruneContainers } = await import('./prune.ts');
      return pruneContainers(parts(), filters, options);
    },
  };
}
