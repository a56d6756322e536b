import { PeapodError } from '../errors.ts';
import type { Filters } from './filters.ts';
import type { ContainerView, PodView } from './views.ts';

type Matcher<View> = (view: View, value: string) => boolean;

const containerMatchers: Record<string, Matcher<ContainerView>> = {
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
  volume: (view, value) => view.mounts.includes(value),
};

const podMatchers: Record<string, Matcher<PodView>> = {
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

/** Different keys must all match, of one key's values any. Throws INVALID_ARGUMENT for a key there is none of. */
export function filterContainers(views: ContainerView[], filters: Filters = {}): ContainerView[] {
  for (const value of filters['restart-policy'] ?? []) checkPolicy(value);
  return select(views, filters, containerMatchers);
}

export function filterPods(views: PodView[], filters: Filters = {}): PodView[] {
  return select(views, filters, podMatchers);
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

function select<View>(views: View[], filters: Filters, matchers: Record<string, Matcher<View>>): View[] {
  let left = views;
  for (const [key, values] of Object.entries(filters)) {
    const matches = Object.hasOwn(matchers, key) ? matchers[key] : undefined;
    if (!matches) {
      throw new PeapodError('INVALID_ARGUMENT', `${key} is an invalid filter`, {
        hint: `filters here: ${Object.keys(matchers).join(', ')}`,
      });
    }
    left = left.filter((view) => values.some((value) => matches(view, value)));
  }
  return left;
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
