import type { Verb } from './verb.ts';

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
