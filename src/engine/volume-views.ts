import { parseLogTime } from '../container/log-time.ts';
import type { VolumeRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import { hasLabel, namePattern } from './filter-views.ts';
import { type Filters, type Matchers, readSwitch, selectBy } from './filters.ts';
import type { VolumeView } from './views.ts';
import { placeOf } from './volume-options.ts';

export function volumeView(
  context: Context,
  volume: VolumeRecord,
  users: readonly string[],
  isRunning: (containerId: string) => boolean,
): VolumeView {
  const { data, mount } = placeOf(context.paths, volume);
  return { ...volume, mountpoint: data, mountCount: mount ? users.filter(isRunning).length : 0, users };
}

/** Throws INVALID_ARGUMENT. `after` and `since` name another volume of `all`. */
export function filterVolumes(all: readonly VolumeView[], filters: Filters): VolumeView[] {
  const createdAt = (name: string) => all.find((view) => view.name === name)?.createdAtMs ?? Number.NaN;
  const after = (view: VolumeView, value: string) => view.createdAtMs > createdAt(value);
  const matchers: Matchers<VolumeView> = {
    name: (view, value) => namePattern(value).test(view.name),
    label: (view, value) => hasLabel(view.labels, value),
    'label!': (view, value) => !hasLabel(view.labels, value),
    opt: (view, value) => hasLabel(view.options, value),
    dangling: (view, value) => (view.users.length === 0) === readSwitch(value),
    driver: (_, value) => value === 'local',
    scope: (_, value) => value === 'local',
    anonymous: (view, value) => view.anonymous === readSwitch(value),
    until: (view, value) => view.createdAtMs < parseLogTime(value, '--filter until'),
    since: after,
    after,
  };
  return selectBy(all, filters, matchers, {
    unknown: (key) => `"${key}" is an invalid volume filter`,
    all: ['label', 'label!', 'opt'],
  });
}
