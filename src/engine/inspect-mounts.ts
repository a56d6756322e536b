import { oneMount } from '../container/oci-mounts.ts';
import type { MountSpec } from '../store/records.ts';
import type { Context } from './context.ts';
import { placeOf } from './volume-options.ts';

/** podman's InspectMount; a tmpfs stands in `HostConfig.Tmpfs` alone. */
export function inspectMounts(context: Context, mounts: readonly MountSpec[]): Record<string, unknown>[] {
  return mounts
    .filter(({ type }) => type !== 'tmpfs')
    .map((mount) => {
      if (mount.type === 'image') return inspectImageMount(mount);
      const volume = mount.type === 'volume' ? context.store.volumes.get(mount.source) : undefined;
      const options = oneMount(mount).options;
      const propagation = options.find((option) => /^r?(private|shared|slave|unbindable)$/.test(option));
      return {
        Type: mount.type,
        ...(mount.type === 'volume' ? { Name: mount.source } : {}),
        Source: volume ? placeOf(context.paths, volume).data : mount.source,
        Destination: mount.destination,
        Driver: volume ? 'local' : '',
        Mode: mount.options.find((option) => option === 'z' || option === 'Z') ?? '',
        Options: [
          ...options.filter((option) => !['ro', 'rw', propagation].includes(option)),
          ...(mount.options.includes('O') ? ['O'] : []),
        ],
        RW: !options.includes('ro'),
        Propagation: propagation ?? '',
      };
    });
}

function inspectImageMount({ source, destination, options }: MountSpec): Record<string, unknown> {
  return {
    Type: 'image',
    Source: source,
    Destination: destination,
    Driver: '',
    Mode: '',
    Options: null,
    RW: options.includes('rw'),
    Propagation: '',
  };
}

/** podman's `HostConfig.Binds`: `source:destination:options`. */
export function binds(mounts: readonly MountSpec[]): string[] {
  return mounts
    .filter(({ type }) => type === 'bind' || type === 'volume')
    .map((mount) => `${mount.source}:${mount.destination}:${oneMount(mount).options.join(',')}`);
}

/** Options by destination. */
export function tmpfs(mounts: readonly MountSpec[]): Record<string, string> {
  return Object.fromEntries(
    mounts
      .filter(({ type }) => type === 'tmpfs')
      .map((mount) => [mount.destination, oneMount(mount).options.join(',')]),
  );
}
