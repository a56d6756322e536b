import type { PodOperations } from './engine.ts';
import { parseSignal } from './parse-signal.ts';
import type { EngineParts } from './parts.ts';

type Verbs = Pick<PodOperations, 'clone' | 'restart' | 'kill' | 'pause' | 'unpause' | 'top' | 'prune'>;

/** Verbs of pods beyond create, start, stop and rm. */
export function podVerbs(parts: () => EngineParts, createCommand: () => string[]): Verbs {
  return {
    clone: async (name, request, warn) => {
      const { clonePod } = await import('./clone-pod.ts');
      return clonePod(parts(), parts().pods.require(name), request, createCommand(), warn);
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
