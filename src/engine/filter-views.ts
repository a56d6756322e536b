import { PeapodError } from '../errors.ts';
import { type Filters, type Matchers, selectBy } from './filters.ts';
import type { ContainerView, PodView } from './views.ts';

const containerMatchers: Matchers<ContainerView> = {
  id: (view, value) => view.id.startsWith(value),
  name: (view, value) => namePattern(value).test(view.name),
  label: (view, value) => hasLabel(view.labels, value),
  status: (view, value) => view.state === value || (value === 'exited' && view.state === 'stopped'),
  exited: (view, value) => view.state === 'exited' && view.exitCode === Number(value),
  ancestor: (view, value) =>
    view.image === value ||
    view.image.split(':')[0] === value ||
    (view.imageId !== '' && view.imageId.startsWith(value)),
  pod: (view, value) => view.podName === value || (view.podId?.startsWith(value) ?? false),
  network: (view, value) => view.networks.includes(value),
  'restart-policy': (view, value) => view.restart.policy === value,
  'should-start-on-boot': (view, value) => view.restart.onBoot === parseBoolean(value),
  volume: (view, value) => hasVolume(view, value),
};

const podMatchers: Matchers<PodView> = {
  id: (view, value) => view.id.startsWith(value),
  name: (view, value) => namePattern(value).test(view.name),
  label: (view, value) => hasLabel(view.labels, value),
  status: (view, value) => view.status.toLowerCase() === value.toLowerCase(),
  network: (view, value) => view.networks.includes(value),
  'ctr-names': (view, value) => view.members.some((member) => namePattern(value).test(member.name)),
  'ctr-ids': (view, value) => view.members.some((member) => member.id.startsWith(value)),
  'ctr-number': (view, value) => view.members.length === Number(value),
  'ctr-status': (view, value) => view.members.some((member) => member.status === value),
};

const unknown = (key: string) => `${key} is an invalid filter`;

/** See `selectBy`. */
export function filterContainers(views: ContainerView[], filters: Filters = {}): ContainerView[] {
  for (const value of filters['restart-policy'] ?? []) checkPolicy(value);
  return selectBy(views, filters, containerMatchers, { unknown });
}

export function filterPods(views: PodView[], filters: Filters = {}): PodView[] {
  return selectBy(views, filters, podMatchers, { unknown });
}

const restartPolicies = ['no', 'always', 'on-failure', 'unless-stopped'];

function checkPolicy(value: string): void {
  if (restartPolicies.includes(value)) return;
  throw new PeapodError('INVALID_ARGUMENT', `${value} invalid restart policy`, {
    hint: `choose from ${restartPolicies.join(', ')}`,
  });
}

function parseBoolean(value: string): boolean {
  if (value === 'true' || value === 'false') return value === 'true';
  throw new PeapodError('INVALID_ARGUMENT', `"${value}" is neither true nor false`);
}

/** `volume=NAME`, `NAME:/place` or `/place`; a bind mount's source counts as a name. */
function hasVolume({ mounts }: ContainerView, value: string): boolean {
  const [source, destination] = value.split(':');
  return mounts.some((mount) =>
    destination === undefined
      ? mount.source === source || mount.destination === source
      : mount.source === source && mount.destination === destination,
  );
}

export function hasLabel(labels: Readonly<Record<string, string>>, value: string): boolean {
  const at = value.indexOf('=');
  if (at < 0) return Object.hasOwn(labels, value);
  return labels[value.slice(0, at)] === value.slice(at + 1);
}

/** podman matches names by regular expression; what is none is taken literally. */
export function namePattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  }
}
