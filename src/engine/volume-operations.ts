import type { Context } from './context.ts';
import type { Filters } from './filters.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { VolumeCreateRequest } from './storage-requests.ts';
import type { VolumeView } from './views.ts';

/** Names stand for a name or an unambiguous beginning of one. */
export interface VolumeOperations {
  /** Returns the name. Throws NAME_IN_USE, INVALID_ARGUMENT for what the driver cannot do. */
  create(request: VolumeCreateRequest): Promise<string>;
  /** By name. */
  list(filters?: Filters): Promise<VolumeView[]>;
  inspect(name: string): Promise<VolumeView>;
  /** Throws VOLUME_IN_USE naming the containers; `force` removes them first. Returns the name. */
  remove(name: string, options: { force: boolean; timeoutSeconds?: number | undefined }): Promise<string>;
  /** Removes those that no container has; `dryRun` only names them. Returns the names. */
  prune(filters: Filters, options: { dryRun: boolean }): Promise<string[]>;
  exists(name: string): Promise<boolean>;
  /** Writes a tar archive to a path, or to standard output. */
  export(name: string, output: string | undefined): Promise<void>;
  /** Unpacks an archive from a path, or from standard input. */
  import(name: string, input: string | undefined): Promise<void>;
  /** Returns the directory. Throws WRONG_STATE for a volume that only containers mount. */
  mountpoint(name: string): Promise<string>;
}

/** Loaded by the first command that needs volumes by themselves. */
export function volumeOperations(context: Context, lifecycle: Lifecycle): VolumeOperations {
  const load = async () => {
    const { Volumes } = await import('./volumes.ts');
    return new Volumes(context, lifecycle);
  };
  return {
    create: async (request) => (await load()).create(request),
    list: async (filters = {}) => (await load()).list(filters),
    inspect: async (name) => (await load()).inspect(name),
    remove: async (name, options) => (await load()).remove(name, options),
    prune: async (filters, options) => (await load()).prune(filters, options),
    exists: async (name) => (await load()).find(name) !== undefined,
    export: async (name, output) => {
      const { exportVolume } = await import('./volume-archives.ts');
      return exportVolume(context, await load(), name, output);
    },
    import: async (name, input) => {
      const { importVolume } = await import('./volume-archives.ts');
      return importVolume(context, await load(), name, input);
    },
    mountpoint: async (name) => (await load()).place(name).data,
  };
}
