import type { PodOperations } from './engine.ts';
import { parseSignal } from './parse-signal.ts';
import type { EngineParts } from './parts.ts';

type Verbs = Pick<
  PodOperations,
  'clone' | 'publish' | 'unpublish' | 'restart' | 'kill' | 'pause' | 'unpause' | 'top' | 'prune'
>;

/** Verbs of pods beyond create, start, stop and rm. */
export function podVerbs(parts: () => EngineParts, createCommand: () => string[]): Verbs {
  return {
    clone: async (name, request, warn) => {
      const { clonePod } = await import('./clone-pod.ts');
      return clonePod(parts(), parts().pods.require(name), request, createCommand(), warn);
    },
    publish: async (name, ports) => {
      const { operations, sandboxes, pods } = parts();
      const pod = pods.require(name);
      return operations.during(pod.id, 'network', async () => {
        // Before anything else is loaded: what it starts takes as long as all of the rest.
        const giveUp = await sandboxes.networks.expectPublish(pod.id);
        try {
          const { publishPorts } = await import('./publish.ts');
          return await publishPorts(parts(), pod, ports);
        } catch (error) {
          await giveUp();
          throw error;
        }
      });
    },
    unpublish: async (name, ports) => {
      const { operations, pods } = parts();
      const pod = pods.require(name);
      const { unpublishPorts } = await import('./publish.ts');
      return operations.during(pod.id, 'network', () => unpublishPorts(parts(), pod, ports));
    },
    restart: (name) => parts().pods.restart(name),
    kill: async (name, signal) => {
      const number = parseSignal(signal);
      const { killMembers } = await import('./members.ts');
      return killMembers(parts(), parts().pods.require(name), number);
    },
    pause: async (name) => {
      const { pauseMembers } = await import('./members.ts');
      return pauseMembers(parts(), parts().pods.require(name));
    },
    unpause: async (name) => {
      const { unpauseMembers } = await import('./members.ts');
      return unpauseMembers(parts(), parts().pods.require(name));
    },
    top: async (name, words) => {
      const { podProcesses } = await import('./top.ts');
      return podProcesses(parts(), parts().pods.require(name).id, words);
    },
    prune: async (filters, options) => {
      const { prunePods } = await import('./prune.ts');
      return prunePods(parts(), filters, options);
    },
  };
}
