import type { Verb } from './verb.ts';

/** Verbs of what containers keep and are given. */

export const volumeVerbs: Record<string, Verb> = {
  create: {
    summary: 'Create a volume',
    group: 'Volumes',
    load: () => import('./volume.ts').then((m) => m.volumeCreate),
  },
  ls: {
    summary: 'List volumes',
    group: 'Volumes',
    load: () => import('./volume-ls.ts').then((m) => m.volumeLs),
  },
  inspect: {
    summary: 'Display the configuration of volumes',
    group: 'Volumes',
    load: () => import('./inspect.ts').then((m) => m.volumeInspect),
  },
  rm: {
    summary: 'Remove volumes',
    group: 'Volumes',
    load: () => import('./volume.ts').then((m) => m.volumeRm),
  },
  prune: {
    summary: 'Remove unused volumes',
    group: 'Volumes',
    load: () => import('./volume.ts').then((m) => m.volumePrune),
  },
  exists: {
    summary: 'Check if a volume exists',
    group: 'Volumes',
    load: () => import('./exists.ts').then((m) => m.volumeExists),
  },
  export: {
    summary: 'Write the files of a volume as a tar archive',
    group: 'Volumes',
    load: () => import('./volume.ts').then((m) => m.volumeExport),
  },
  import: {
    summary: 'Unpack a tar archive into a volume',
    group: 'Volumes',
    load: () => import('./volume.ts').then((m) => m.volumeImport),
  },
  mount: {
    summary: 'Print the directories of volumes',
    group: 'Volumes',
    load: () => import('./volume.ts').then((m) => m.volumeMount),
  },
};

export const secretVerbs: Record<string, Verb> = {
  create: {
    summary: 'Create a secret',
    group: 'Secrets',
    load: () => import('./secret.ts').then((m) => m.secretCreate),
  },
  ls: {
    summary: 'List secrets',
    group: 'Secrets',
    load: () => import('./secret.ts').then((m) => m.secretLs),
  },
  inspect: {
    summary: 'Display secrets, without what is secret',
    group: 'Secrets',
    load: () => import('./secret-inspect.ts').then((m) => m.secretInspect),
  },
  rm: {
    summary: 'Remove secrets',
    group: 'Secrets',
    load: () => import('./secret.ts').then((m) => m.secretRm),
  },
  exists: {
    summary: 'Check if a secret exists',
    group: 'Secrets',
    load: () => import('./exists.ts').then((m) => m.secretExists),
  },
};
