import type { Verb } from './verb.ts';

export const networkVerbs: Record<string, Verb> = {
  create: {
    summary: 'Create a network for pods and containers',
    group: 'Networks',
    load: () => import('./network-create.ts').then((m) => m.networkCreate),
  },
  ls: {
    summary: 'List networks',
    group: 'Networks',
    load: () => import('./network-ls.ts').then((m) => m.networkLs),
  },
  inspect: {
    summary: 'Display the configuration of networks',
    group: 'Networks',
    load: () => import('./inspect.ts').then((m) => m.networkInspect),
  },
  rm: {
    summary: 'Remove networks',
    group: 'Networks',
    load: () => import('./network-rm.ts').then((m) => m.networkRm),
  },
  prune: {
    summary: 'Remove unused networks',
    group: 'Networks',
    load: () => import('./network-rm.ts').then((m) => m.networkPrune),
  },
  exists: {
    summary: 'Check if a network exists',
    group: 'Networks',
    load: () => import('./exists.ts').then((m) => m.networkExists),
  },
  connect: {
    summary: 'Connect a pod or container to a network, running or not',
    group: 'Networks',
    load: () => import('./network-connect.ts').then((m) => m.networkConnect),
  },
  disconnect: {
    summary: 'Disconnect a pod or container from a network, running or not',
    group: 'Networks',
    load: () => import('./network-connect.ts').then((m) => m.networkDisconnect),
  },
  reload: {
    summary: 'Put back what is missing of networks of running pods and containers',
    group: 'Networks',
    load: () => import('./network-connect.ts').then((m) => m.networkReload),
  },
  diagram: {
    summary: 'Draw pods, their networks, addresses and ports',
    group: 'Networks',
    load: () => import('./network-diagram.ts').then((m) => m.networkDiagram),
  },
};
