import { parseLogTime } from '../container/log-time.ts';
import { PeapodError } from '../errors.ts';
import { type Filters, type Matchers, selectBy } from './filters.ts';
import type { ContainerView, PodView } from './views.ts';

const states = [
  'created',
  'exited',
  'initialized',
  'paused',
  'removing',
  'restarting',
  'running',
  'stopped',
  'stopping',
  'unknown',
];

const pruneMatchers: Matchers<Pick<ContainerView, 'labels' | 'createdAtMs'>> = {
  label: (view, value) => hasLabel(view.labels, value),
  'label!': (view, value) => !hasLabel(view.labels, value),
  until: (view, value) => view.createdAtMs < parseLogTime(value, '--filter until'),
};

const containerMatchers: Matchers<ContainerView> = {
  ...pruneMatchers,
  id: (view, value) => view.id.startsWith(value),
  name: (view, value) => namePattern(value).test(view.name),
  status: (view, value) => hasState(view.state, value),
  exited: (view, value) => view.state === 'exited' && view.exitCode === Number(value),
  ancestor: (view, value) =>
    view.image === value ||
    view.image.split(':')[0] === value ||
    (view.imageId !== '' && view.imageId.startsWith(value)),
  pod: (view, value) => view.podName === value || (view.podId?.startsWith(value) ?? false),
  network: (view, value) => view.networks.includes(value),
  health: (view, value) => view.health === value || (value === 'none' && view.health === ''),
  'restart-policy': (view, value) => view.restart.policy === value,
  'should-start-on-boot': (view, value) => view.restart.onBoot === parseBoolean(value),
  volume: (view, value) => hasVolume(view, value),
};

const podMatchers: Matchers<PodView> = {
  ...pruneMatchers,
  id: (view, value) => view.id.startsWith(value),
  name: (view, value) => namePattern(value).test(view.name),
  status: (view, value) => view.status.toLowerCase() === checkPodStatus(value),
  network: (view, value) => view.networks.includes(value),
  'ctr-names': (view, value) => view.members.some((member) => namePattern(value).test(member.name)),
  'ctr-ids': (view, value) => view.members.some((member) => member.id.startsWith(value)),
  'ctr-number': (view, value) => view.members.length === wholeNumber('ctr-number', value),
  'ctr-status': (view, value) => {
    checkState(value);
    return view.members.some((member) => hasState(member.status, value));
  },
};

const unknown = (key: string) => `${key} is an invalid filter`;
/** As podman has it, all labels must match, and of other keys any value. */
const how = { unknown, all: ['label', 'label!'] };

/** See `selectBy`. Throws INVALID_ARGUMENT for a value that can match nothing, too. */
export function filterContainers(views: ContainerView[], filters: Filters = {}): ContainerView[] {
  for (const value of filters['restart-policy'] ?? []) checkPolicy(value);
  for (const value of filters.status ?? []) checkState(value);
  for (const value of filters.exited ?? []) wholeNumber('exited', value);
  const matchers: Matchers<ContainerView> = {
    ...containerMatchers,
    before: (view, value) => view.createdAtMs < requireContainer(views, value).createdAtMs,
    since: (view, value) => view.createdAtMs > requireContainer(views, value).createdAtMs,
  };
  return selectBy(views, filters, matchers, how);
}

export function filterPods(views: PodView[], filters: Filters = {}): PodView[] {
  return selectBy(views, filters, podMatchers, how);
}

/** Throws INVALID_ARGUMENT for what is no filter of `prune`. */
export function checkPruneFilters(filters: Filters): void {
  selectBy([], filters, pruneMatchers, how);
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

/** What has ended and waits for its clean-up counts as exited, too. */
function hasState(state: string, wanted: string): boolean {
  return state === wanted || (wanted === 'exited' && state === 'stopped');
}

function checkState(value: string): void {
  if (states.includes(value)) return;
  throw new PeapodError('INVALID_ARGUMENT', `unknown container state: ${value}: invalid argument`, {
    hint: `choose from ${states.join(', ')}`,
  });
}

const podStatuses = ['created', 'running', 'degraded', 'exited', 'stopped', 'paused', 'dead', 'unknown'];

function checkPodStatus(value: string): string {
  const status = value.toLowerCase();
  if (podStatuses.includes(status)) return status;
  throw new PeapodError('INVALID_ARGUMENT', `${value} is not a valid pod status`, {
    hint: `choose from ${podStatuses.join(', ')}`,
  });
}

function wholeNumber(filter: string, value: string): number {
  if (/^-?\d+$/.test(value)) return Number(value);
  throw new PeapodError(
    'INVALID_ARGUMENT',
    `invalid filter value "${value}" for ${filter}: not a whole number`,
  );
}

function requireContainer(all: readonly ContainerView[], nameOrId: string): ContainerView {
  const found =
    all.find((view) => view.name === nameOrId) ?? all.find((view) => view.id.startsWith(nameOrId));
  if (found) return found;
  throw new PeapodError('NOT_FOUND', `no container with name or ID "${nameOrId}" found: no such container`);
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
