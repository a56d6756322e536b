import type { VolumeView } from '../engine/views.ts';
import { GoTime } from './template/values.ts';

/** A volume as `volume ls` and `volume inspect` show it: podman's VolumeConfigResponse. */

export const volumeHeadings: Readonly<Record<string, string>> = { Name: 'VOLUME NAME' };

type Json = Record<string, unknown>;

export function volumeJson(view: VolumeView): Json {
  const { UID, GID } = view.options;
  return {
    Name: view.name,
    Driver: 'local',
    Mountpoint: view.mountpoint,
    CreatedAt: GoTime.fromMs(view.createdAtMs).rfc3339,
    Labels: view.labels,
    Scope: 'local',
    Options: view.options,
    ...(UID === undefined ? {} : { UID: Number(UID) }),
    ...(GID === undefined ? {} : { GID: Number(GID) }),
    ...(view.anonymous ? { Anonymous: true } : {}),
    MountCount: view.mountCount,
    ...(view.needsCopyUp ? { NeedsCopyUp: true } : {}),
    ...(view.needsChown ? { NeedsChown: true } : {}),
  };
}

/** Go's types, for templates. */
export function volumeRow(view: VolumeView): Json {
  const row = {
    UID: 0,
    GID: 0,
    Anonymous: false,
    NeedsCopyUp: false,
    NeedsChown: false,
    ...volumeJson(view),
    CreatedAt: GoTime.fromMs(view.createdAtMs),
    Labels: new Map(Object.entries(view.labels)),
    Options: new Map(Object.entries(view.options)),
  };
  return Object.defineProperty(row, 'toJSON', { value: () => volumeJson(view) });
}
