import type { Verb } from './verb.ts';

/** The verbs of images, by their names below `image`. */
export const imageVerbs = {
  build: {
    summary: 'Build an image by the instructions of a Containerfile',
    group: 'Images',
    load: () => import('./build.ts').then((m) => m.build),
  },
  diff: {
    summary: 'Show what the top layer of an image changes',
    group: 'Images',
    load: () => import('./container-files.ts').then((m) => m.imageDiff),
  },
  exists: {
    summary: 'Check if an image exists',
    group: 'Images',
    load: () => import('./exists.ts').then((m) => m.imageExists),
  },
  history: {
    summary: 'Show the steps by which an image was made',
    group: 'Images',
    load: () => import('./image-history.ts').then((m) => m.history),
  },
  import: {
    summary: 'Make an image of an archive of files',
    group: 'Images',
    load: () => import('./import.ts').then((m) => m.importImage),
  },
  inspect: {
    summary: 'Display the configuration of images',
    group: 'Images',
    load: () => import('./inspect.ts').then((m) => m.imageInspect),
  },
  list: {
    summary: 'List images in local storage',
    group: 'Images',
    load: () => import('./images.ts').then((m) => m.images),
  },
  load: {
    summary: 'Load images from an archive',
    group: 'Images',
    load: () => import('./image-transfer.ts').then((m) => m.load),
  },
  mount: {
    summary: 'Mount the files of images, and print where',
    group: 'Images',
    load: () => import('./mount.ts').then((m) => m.imageMount),
  },
  prune: {
    summary: 'Remove unused images',
    group: 'Images',
    load: () => import('./image-prune.ts').then((m) => m.imagePrune),
  },
  pull: {
    summary: 'Pull images from a registry',
    group: 'Images',
    load: () => import('./image-transfer.ts').then((m) => m.pull),
  },
  push: {
    summary: 'Push an image to a registry or another place',
    group: 'Images',
    load: () => import('./image-send.ts').then((m) => m.push),
  },
  rm: {
    summary: 'Remove images from local storage',
    group: 'Images',
    load: () => import('./rmi.ts').then((m) => m.rmi),
  },
  save: {
    summary: 'Write images to an archive or a directory',
    group: 'Images',
    load: () => import('./image-send.ts').then((m) => m.save),
  },
  search: {
    summary: 'Search registries for images',
    group: 'Images',
    load: () => import('./search.ts').then((m) => m.search),
  },
  tag: {
    summary: 'Give an image further names',
    group: 'Images',
    load: () => import('./image-tag.ts').then((m) => m.tag),
  },
  tree: {
    summary: 'Show the layers of an image',
    group: 'Images',
    load: () => import('./image-tree.ts').then((m) => m.imageTree),
  },
  unmount: {
    summary: 'Take away what image mount has mounted',
    group: 'Images',
    load: () => import('./mount.ts').then((m) => m.imageUnmount),
  },
  untag: {
    summary: 'Take names from an image',
    group: 'Images',
    load: () => import('./image-tag.ts').then((m) => m.untag),
  },
} satisfies Record<string, Verb>;

/** Those that may be said without `image`. */
export const topImageVerbs: Readonly<Record<string, Verb>> = {
  build: imageVerbs.build,
  history: imageVerbs.history,
  images: imageVerbs.list,
  import: imageVerbs.import,
  load: imageVerbs.load,
  login: {
    summary: 'Log in to a registry',
    group: 'Images',
    load: () => import('./login.ts').then((m) => m.login),
  },
  logout: {
    summary: 'Forget the login of a registry',
    group: 'Images',
    load: () => import('./login.ts').then((m) => m.logout),
  },
  pull: imageVerbs.pull,
  push: imageVerbs.push,
  rmi: imageVerbs.rm,
  save: imageVerbs.save,
  search: imageVerbs.search,
  tag: imageVerbs.tag,
  untag: imageVerbs.untag,
};
