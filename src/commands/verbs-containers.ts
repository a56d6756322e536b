import type { Verb } from './verb.ts';

/** At the top, and below `container`. */
export const containerVerbs: Record<string, Verb> = {
  run: {
    summary: 'Run a command in a new container',
    group: 'Containers',
    load: () => import('./run.ts').then((m) => m.run),
  },
  create: {
    summary: 'Create but do not start a container',
    group: 'Containers',
    load: () => import('./run.ts').then((m) => m.create),
  },
  start: {
    summary: 'Start one or more containers',
    group: 'Containers',
    load: () => import('./start.ts').then((m) => m.start),
  },
  stop: {
    summary: 'Stop one or more containers',
    group: 'Containers',
    load: () => import('./container-lifecycle.ts').then((m) => m.stop),
  },
  kill: {
    summary: 'Send a signal to one or more running containers',
    group: 'Containers',
    load: () => import('./container-lifecycle.ts').then((m) => m.kill),
  },
  init: {
    summary: 'Initialize one or more containers',
    group: 'Containers',
    load: () => import('./container-lifecycle.ts').then((m) => m.init),
  },
  restart: {
    summary: 'Restart one or more containers',
    group: 'Containers',
    load: () => import('./container-lifecycle.ts').then((m) => m.restart),
  },
  pause: {
    summary: 'Pause all processes of one or more containers',
    group: 'Containers',
    load: () => import('./pause.ts').then((m) => m.pause),
  },
  unpause: {
    summary: 'Unpause the processes of one or more containers',
    group: 'Containers',
    load: () => import('./pause.ts').then((m) => m.unpause),
  },
  attach: {
    summary: 'Attach to a running container',
    group: 'Containers',
    load: () => import('./attach.ts').then((m) => m.attach),
  },
  top: {
    summary: 'Display the running processes of a container',
    group: 'Containers',
    load: () => import('./top.ts').then((m) => m.top),
  },
  stats: {
    summary: 'Display a live stream of what containers use',
    group: 'Containers',
    load: () => import('./stats.ts').then((m) => m.stats),
  },
  update: {
    summary: 'Change the limits of a container',
    group: 'Containers',
    load: () => import('./update.ts').then((m) => m.update),
  },
  rename: {
    summary: 'Rename a container',
    group: 'Containers',
    load: () => import('./rename.ts').then((m) => m.rename),
  },
  rm: {
    summary: 'Remove one or more containers',
    group: 'Containers',
    load: () => import('./container-lifecycle.ts').then((m) => m.remove),
  },
  ps: { summary: 'List containers', group: 'Containers', load: () => import('./ps.ts').then((m) => m.ps) },
  inspect: {
    summary: 'Display the configuration of containers, images or pods',
    group: 'Containers',
    load: () => import('./inspect.ts').then((m) => m.inspect),
  },
  exec: {
    summary: 'Run a process in a running container',
    group: 'Containers',
    load: () => import('./exec.ts').then((m) => m.exec),
  },
  logs: {
    summary: 'Fetch the logs of one or more containers',
    group: 'Containers',
    load: () => import('./logs.ts').then((m) => m.logs),
  },
  port: {
    summary: 'List the published ports of a container',
    group: 'Containers',
    load: () => import('./port.ts').then((m) => m.port),
  },
  wait: {
    summary: 'Wait until containers stop, then print their exit codes',
    group: 'Containers',
    load: () => import('./wait.ts').then((m) => m.wait),
  },
};

/** Below `container` alone. */
export const containerOnlyVerbs: Record<string, Verb> = {
  inspect: {
    summary: 'Display the configuration of containers',
    group: 'Containers',
    load: () => import('./inspect.ts').then((m) => m.containerInspect),
  },
  exists: {
    summary: 'Check if a container exists',
    group: 'Containers',
    load: () => import('./exists.ts').then((m) => m.containerExists),
  },
  clone: {
    summary: 'Make a container like another one',
    group: 'Containers',
    load: () => import('./clone.ts').then((m) => m.containerClone),
  },
  prune: {
    summary: 'Remove all containers that do not run',
    group: 'Containers',
    load: () => import('./prune.ts').then((m) => m.containerPrune),
  },
  cleanup: {
    summary: 'Record the exit of a container and free what it held',
    group: 'Containers',
    load: () => import('./container-lifecycle.ts').then((m) => m.cleanup),
    hidden: true,
  },
};
