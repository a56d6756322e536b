import { PeapodError } from '../errors.ts';
import type { Event } from '../store/event-log.ts';
import type { Filters } from './filters.ts';

type Matcher = (event: Event, value: string) => boolean;

const isNamed = (type: Event['Type']): Matcher => {
  return ({ Type, Name, ID }, value) => Type === type && (Name === value || (ID?.startsWith(value) ?? false));
};
const status: Matcher = (event, value) => event.Status === value;

/** podman's keys, libpod/events/filters.go; `network` is peapod's own. */
const matchers: Readonly<Record<string, Matcher>> = {
  container: isNamed('container'),
  event: status,
  status,
  image: isNamed('image'),
  pod: isNamed('pod'),
  volume: ({ Type, Name }, value) => Type === 'volume' && (Name?.startsWith(value) ?? false),
  network: ({ Type, Network }, value) => Type === 'network' && Network === value,
  type: ({ Type }, value) => Type === value,
  label: ({ Attributes }, value) => {
    const [key = '', ...rest] = value.split('=');
    const found = Attributes?.[key];
    return found !== undefined && (rest.length === 0 || found === rest.join('='));
  },
};

/** Different keys must all match, of one key's values any. Throws INVALID_ARGUMENT for a key there is none of. */
export function eventFilter(filters: Filters): (event: Event) => boolean {
  const rules = Object.entries(filters).map(([key, values]) => {
    const name = key.toLowerCase();
    const matches = Object.hasOwn(matchers, name) ? matchers[name] : undefined;
    if (matches) return (event: Event) => values.some((value) => matches(event, value));
    throw new PeapodError('INVALID_ARGUMENT', `${key} is an invalid filter`, {
      hint: `filters here: ${Object.keys(matchers).join(', ')}`,
    });
  });
  return (event) => rules.every((rule) => rule(event));
}
