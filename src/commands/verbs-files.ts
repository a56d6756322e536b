import type { Verb } from './verb.ts';

const commit: Verb = {
  summary: 'Make an image of what a container is now',
  group: 'Containers',
  load: () => import('./commit.ts').then((m) => m.commit),
};

const cp: Verb = {
  summary: 'Copy files between a container and this machine',
  group: 'Containers',
  load: () => import('./container-files.ts').then((m) => m.cp),
};

const exportFiles: Verb = {
  summary: "Write a container's files as a tar archive",
  group: 'Containers',
  load: () => import('./container-files.ts').then((m) => m.exportFiles),
};

const mount: Verb = {
  summary: 'Mount the files of containers, and print where',
  group: 'Containers',
  load: () => import('./mount.ts').then((m) => m.mount),
};

const unmount: Verb = {
  summary: 'Take away what mount has mounted',
  group: 'Containers',
  load: () => import('./mount.ts').then((m) => m.unmount),
};

/** What is done with the files of containers, said with and without `container`. */
export const topFileVerbs: Readonly<Record<string, Verb>> = {
  commit,
  cp,
  diff: {
    summary: 'Show what a container or an image has changed',
    group: 'Containers',
    load: () => import('./container-files.ts').then((m) => m.diff),
  },
  export: exportFiles,
  mount,
  unmount,
};

export const containerFileVerbs: Readonly<Record<string, Verb>> = {
  commit,
  cp,
  diff: {
    summary: 'Show what a container has changed of its image',
    group: 'Containers',
    load: () => import('./container-files.ts').then((m) => m.containerDiff),
  },
  export: exportFiles,
  mount,
  unmount,
};
