import type { Verb } from './verb.ts';
import { containerOnlyVerbs, containerVerbs } from './verbs-containers.ts';
import { containerFileVerbs, topFileVerbs } from './verbs-files.ts';
import { imageVerbs, topImageVerbs } from './verbs-images.ts';
import { networkVerbs } from './verbs-networks.ts';
import { podVerbs } from './verbs-pods.ts';
import { secretVerbs, volumeVerbs } from './verbs-storage.ts';
import { systemVerbs, unshare } from './verbs-system.ts';

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
  ...topFileVerbs,
  ...below('container', { ...containerVerbs, ...containerFileVerbs, ...containerOnlyVerbs }),
  'healthcheck run': {
    summary: 'Check the health of a container',
    group: 'Containers',
    load: () => import('./healthcheck.ts').then((m) => m.healthcheckRun),
  },
  'generate systemd': {
    summary: 'Print services for systemd that run a container or pod',
    group: 'System',
    load: () => import('./generate-systemd.ts').then((m) => m.generateSystemd),
  },
  ...topImageVerbs,
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
  completion: {
    summary: 'Print the script that has a shell complete what is typed',
    group: 'System',
    load: () => import('./completion.ts').then((m) => m.completion),
  },
  doctor: {
    summary: 'Name what stands in the way of running pods here, and what mends it',
    group: 'System',
    load: () => import('./doctor.ts').then((m) => m.doctor),
  },
  ...below('system', { events, info, migrate, ...systemVerbs }),
  unshare,
};

/** Other spellings of a verb, as podman has them. */
export const aliases: Readonly<Record<string, string>> = {
  'pod ls': 'pod ps',
  'pod list': 'pod ps',
  'container ls': 'container ps',
  'container list': 'container ps',
  'image ls': 'image list',
  'image remove': 'image rm',
  'image umount': 'image unmount',
  umount: 'unmount',
  'container umount': 'container unmount',
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
  generate: { summary: 'Generate what other programs run pods by', group: 'System' },
  healthcheck: { summary: 'Check the health of containers', group: 'Containers' },
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

/** `container run` and `run` are one verb: the name that it has first. */
export function firstNameOf(path: string): string {
  const verb = verbs[aliases[path] ?? path];
  return Object.keys(verbs).find((name) => verbs[name] === verb) ?? path;
}
