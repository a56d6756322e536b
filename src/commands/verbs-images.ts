import type { Verb } from './verb.ts';

export const imageVerbs: Record<string, Verb> = {
  pull: {
    summary: 'Pull images from a registry',
    group: 'Images',
    load: () => import('./image-transfer.ts').then((m) => m.pull),
  },
  load: {
    summary: 'Load images from an archive',
    group: 'Images',
    load: () => import('./image-transfer.ts').then((m) => m.load),
  },
  list: {
    summary: 'List images in local storage',
    group: 'Images',
    load: () => import('./images.ts').then((m) => m.images),
  },
  rm: {
    summary: 'Remove images from local storage',
    group: 'Images',
    load: () => import('./rmi.ts').then((m) => m.rmi),
  },
  inspect: {
    summary: 'Display the configuration of images',
    group: 'Images',
    load: () => import('./inspect.ts').then((m) => m.imageInspect),
  },
  exists: {
    summary: 'Check if an image exists',
    group: 'Images',
    load: () => import('./exists.ts').then((m) => m.imageExists),
  },
};
