import type { Command } from './command.ts';
import { secretVerbs, volumeVerbs } from './verbs-storage.ts';

/** One verb: its line in the help of what is above it, and how to get the rest. */
export interface Verb {
  readonly summary: string;
  readonly group: 'Pods' | 'Containers' | 'Images' | 'Networks' | 'Volumes' | 'Secrets' | 'System';
  readonly load: () => Promise<Command>;
  /** Works, but help does not show it. */
  readonly hidden?: boolean;
}

const podVerbs: Record<string, Verb> = {
  create: {
    summary: 'Create a new empty pod',
    group: 'Pods',
    load: () => import('./pod-create.ts').then((m) => m.podCreate),
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

const containerVerbs: Record<string, Verb> = {
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

const imageVerbs: Record<string, Verb> = {
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

const networkVerbs: Record<string, Verb> = {
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

const info: Verb = {
  summary: 'Display what peapod knows about this host',
  group: 'System',
  load: () => import('./info.ts').then((m) => m.info),
};

const events: Verb = {
  summary: 'Show what happens to containers, pods, images, volumes and networks',
  group: 'System',
  load: () => import('./events.ts').then((m) => m.events),
};

const migrate: Verb = {
  summary: "Stop the user's helper process, so that changed id ranges take effect",
  group: 'System',
  load: () => import('./migrate.ts').then((m) => m.migrate),
};

/** Every verb by its path. */
export const verbs: Readonly<Record<string, Verb>> = {
  ...below('pod', podVerbs),
  ...containerVerbs,
  ...below('container', {
    ...containerVerbs,
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
    cleanup: {
      summary: 'Record the exit of a container and free what it held',
      group: 'Containers',
      load: () => import('./container-lifecycle.ts').then((m) => m.cleanup),
      hidden: true,
    },
  }),
  pull: imageVerbs.pull as Verb,
  load: imageVerbs.load as Verb,
  images: imageVerbs.list as Verb,
  rmi: imageVerbs.rm as Verb,
  ...below('image', imageVerbs),
  ...below('network', networkVerbs),
  events,
  ...below('volume', volumeVerbs),
  ...below('secret', secretVerbs),
  info,
  version: {
    summary: 'Display the version of peapod',
    group: 'System',
    load: () => import('./version.ts').then((m) => m.version),
  },
  doctor: {
    summary: 'Name what stands in the way of running pods here, and what mends it',
    group: 'System',
    load: () => import('./doctor.ts').then((m) => m.doctor),
  },
  ...below('system', { events, info, migrate }),
};

/** Other spellings of a verb, as podman has them. */
export const aliases: Readonly<Record<string, string>> = {
  'pod ls': 'pod ps',
  'pod list': 'pod ps',
  'container ls': 'container ps',
  'container list': 'container ps',
  'image ls': 'image list',
  'network list': 'network ls',
  'network remove': 'network rm',
  'secret list': 'secret ls',
  'secret remove': 'secret rm',
  'volume list': 'volume ls',
  'volume remove': 'volume rm',
};

/** The words that only lead to verbs, with the line that help shows for them. */
export const groups: Readonly<Record<string, { summary: string; group: Verb['group'] }>> = {
  pod: { summary: 'Manage pods', group: 'Pods' },
  container: { summary: 'Manage containers', group: 'Containers' },
  image: { summary: 'Manage images', group: 'Images' },
  network: { summary: 'Manage networks', group: 'Networks' },
  volume: { summary: 'Manage volumes', group: 'Volumes' },
  secret: { summary: 'Manage secrets', group: 'Secrets' },
  system: { summary: 'Manage peapod', group: 'System' },
};

function below(group: string, members: Readonly<Record<string, Verb>>): Record<string, Verb> {
  return Object.fromEntries(Object.entries(members).map(([name, verb]) => [`${group} ${name}`, verb]));
}

/** The paths right below `group`, or the top where it is empty: verbs, aliases not included. */
export function verbsBelow(group: string): string[] {
  const depth = group === '' ? 1 : 2;
  const prefix = group === '' ? '' : `${group} `;
  return Object.keys(verbs).filter((path) => path.startsWith(prefix) && path.split(' ').length === depth);
}
