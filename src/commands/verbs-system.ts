import type { Verb } from './verb.ts';

/** Verbs of peapod as a whole, below `system`. */
export const systemVerbs: Record<string, Verb> = {
  check: {
    summary: 'Show, and repair, what was left behind by something that was killed',
    group: 'System',
    load: () => import('./system-check.ts').then((m) => m.systemCheck),
  },
  df: {
    summary: 'Show what images, containers and volumes take on disk',
    group: 'System',
    load: () => import('./system-df.ts').then((m) => m.systemDf),
  },
  prune: {
    summary: 'Remove what nothing uses',
    group: 'System',
    load: () => import('./system-prune.ts').then((m) => m.systemPrune),
  },
  reset: {
    summary: 'Remove all that peapod has: containers, pods, images, volumes, secrets',
    group: 'System',
    load: () => import('./system-reset.ts').then((m) => m.systemReset),
  },
};

export const unshare: Verb = {
  summary: 'Run a program in the namespaces that hold your containers',
  group: 'System',
  load: () => import('./unshare.ts').then((m) => m.unshare),
};
