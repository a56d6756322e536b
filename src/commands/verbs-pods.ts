import type { Verb } from './verb.ts';

/** Below `pod`. */
export const podVerbs: Record<string, Verb> = {
  create: {
    summary: 'Create a new empty pod',
    group: 'Pods',
    load: () => import('./pod-create.ts').then((m) => m.podCreate),
  },
  clone: {
    summary: 'Make a pod like another one, with its containers',
    group: 'Pods',
    load: () => import('./clone.ts').then((m) => m.podClone),
  },
  start: {
    summary: 'Start one or more pods',
    group: 'Pods',
    load: () => import('./pod-lifecycle.ts').then((m) => m.podStart),
  },
  stop: {
    summary: 'Stop one or more pods',
    group: 'Pods',
    load: () => import('./pod-lifecycle.ts').then((m) => m.podStop),
  },
  rm: {
    summary: 'Remove one or more pods',
    group: 'Pods',
    load: () => import('./pod-lifecycle.ts').then((m) => m.podRemove),
  },
  publish: {
    summary: 'Publish ports of a pod, running or not',
    group: 'Pods',
    load: () => import('./pod-publish.ts').then((m) => m.podPublish),
  },
  unpublish: {
    summary: 'Take published ports of a pod back',
    group: 'Pods',
    load: () => import('./pod-publish.ts').then((m) => m.podUnpublish),
  },
  nsenter: {
    summary: 'Run a program of this machine in the namespaces of a pod',
    group: 'Pods',
    load: () => import('./pod-nsenter.ts').then((m) => m.podNsenter),
  },
  restart: {
    summary: 'Restart one or more pods',
    group: 'Pods',
    load: () => import('./pod-lifecycle.ts').then((m) => m.podRestart),
  },
  kill: {
    summary: 'Send a signal to the containers of one or more pods',
    group: 'Pods',
    load: () => import('./pod-lifecycle.ts').then((m) => m.podKill),
  },
  pause: {
    summary: 'Pause all containers of one or more pods',
    group: 'Pods',
    load: () => import('./pause.ts').then((m) => m.podPause),
  },
  unpause: {
    summary: 'Unpause all containers of one or more pods',
    group: 'Pods',
    load: () => import('./pause.ts').then((m) => m.podUnpause),
  },
  top: {
    summary: 'Display the running processes of a pod',
    group: 'Pods',
    load: () => import('./top.ts').then((m) => m.podTop),
  },
  prune: {
    summary: 'Remove all pods that have stopped',
    group: 'Pods',
    load: () => import('./prune.ts').then((m) => m.podPrune),
  },
  stats: {
    summary: 'Display a live stream of what the containers of pods use',
    group: 'Pods',
    load: () => import('./stats.ts').then((m) => m.podStats),
  },
  ps: { summary: 'List pods', group: 'Pods', load: () => import('./pod-ps.ts').then((m) => m.podPs) },
  inspect: {
    summary: 'Display the configuration and state of pods',
    group: 'Pods',
    load: () => import('./inspect.ts').then((m) => m.podInspect),
  },
  exists: {
    summary: 'Check if a pod exists',
    group: 'Pods',
    load: () => import('./exists.ts').then((m) => m.podExists),
  },
  logs: {
    summary: "Fetch the logs of a pod's containers",
    group: 'Pods',
    load: () => import('./logs.ts').then((m) => m.podLogs),
  },
};
