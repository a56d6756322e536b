import { PeapodError } from '../errors.ts';
import type { VolumeRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import type { Filters } from './filters.ts';
import type { Lifecycle } from './lifecycle.ts';
import { checkName, newId } from './names.ts';
import { parseLabels } from './parse-options.ts';
import type { VolumeCreateRequest } from './storage-requests.ts';
import type { VolumeView } from './views.ts';
import { makeDirectory, prepare, unmountUnused } from './volume-mounts.ts';
import { ownerOf, parseVolumeDriverOptions, type VolumePlace } from './volume-options.ts';
import { newVolume, removeUnused } from './volume-records.ts';
import { filterVolumes, volumeView } from './volume-views.ts';

/** Volumes: rows of the store, each with a directory of its own below `paths.volumes`. */
export class Volumes {
  readonly #context: Context;
  readonly #lifecycle: Lifecycle;

  constructor(context: Context, lifecycle: Lifecycle) {
    this.#context = context;
    this.#lifecycle = lifecycle;
  }

  async create(request: VolumeCreateRequest): Promise<string> {
    const { store, facts } = this.#context;
    const { driver = 'local', name = newId() } = request;
    checkName(name);
    if (driver !== 'local') {
      throw new PeapodError(
        'INVALID_ARGUMENT',
        `volume driver "${driver}" is not supported: only "local" is`,
        {
          hint: 'its options mount anything that mount(8) can: -o type=…, -o device=…, -o o=…',
        },
      );
    }
    const options = parseVolumeDriverOptions(request.options, facts.rootless);
    const owner = ownerOf({ options });
    const given = Object.keys(owner).length > 0;
    const volume = newVolume(name, Date.now(), {
      labels: parseLabels(request.labels, []),
      options,
      anonymous: request.name === undefined,
      needsChown: !given,
    });
    if (!store.db.transaction(() => store.volumes.insert(volume))) {
      if (request.ignore) return name;
      throw new PeapodError('NAME_IN_USE', `volume with name ${name} already exists: volume already exists`, {
        hint: 'choose another name, or use --ignore',
      });
    }
    try {
      const { own, mount } = makeDirectory(this.#context, volume);
      const ids = `${owner.uid ?? 0}:${owner.gid ?? 0}`;
      if (given && !mount) await (await this.#context.beside()).run(['chown', ids, own]);
    } catch (error) {
      await this.#forget(name);
      throw error;
    }
    this.#context.events.volume('create', name);
    return name;
  }

  list(filters: Filters): VolumeView[] {
    return filterVolumes(this.#views(), filters);
  }

  inspect(name: string): VolumeView {
    return this.#view(this.require(name), this.#context.store.volumes.users());
  }

  /** By name, or an unambiguous beginning of one. Throws INVALID_ARGUMENT where several begin so. */
  find(name: string): VolumeRecord | undefined {
    const { volumes } = this.#context.store;
    const exact = volumes.get(name);
    if (exact || name === '') return exact;
    const [first, second] = volumes.namesFrom(name);
    if (second !== undefined) {
      throw new PeapodError(
        'INVALID_ARGUMENT',
        `more than one result for volume name "${name}": volume already exists`,
        { hint: 'give more of its name' },
      );
    }
    return first === undefined ? undefined : volumes.get(first);
  }

  require(name: string): VolumeRecord {
    const found = this.find(name);
    if (found) return found;
    throw new PeapodError('NOT_FOUND', `no volume with name "${name}" found: no such volume`, {
      hint: 'peapod volume ls lists those there are',
    });
  }

  async remove(
    name: string,
    options: { force: boolean; timeoutSeconds?: number | undefined },
  ): Promise<string> {
    const volume = this.require(name);
    const { volumes } = this.#context.store;
    for (;;) {
      const users = volumes.usersOf(volume.name);
      if (users.length > 0 && !options.force) throw inUse(volume.name, users);
      for (const id of users) await this.#removeUser(id, options.timeoutSeconds);
      // Another container may have come meanwhile.
      if ((await this.#forget(volume.name)) || !volumes.get(volume.name)) return volume.name;
    }
  }

  /** Removes what no container has, or only such as are `leaving`. Returns the names; with `dryRun` only that. */
  async prune(
    filters: Filters,
    { dryRun, leaving }: { dryRun: boolean; leaving?: ReadonlySet<string> },
  ): Promise<string[]> {
    const unused = this.list(filters).filter(({ users }) => users.every((id) => leaving?.has(id)));
    if (dryRun) return unused.map(({ name }) => name);
    const gone: string[] = [];
    for (const { name } of unused) {
      this.#context.interrupt.check();
      if (await this.#forget(name)) gone.push(name);
    }
    return gone;
  }

  /** The volume's directory for whoever reads or writes it without a container. Throws WRONG_STATE. */
  place(name: string): VolumePlace & { readonly volume: VolumeRecord } {
    const volume = this.require(name);
    const place = prepare(this.#context, volume);
    if (!place.mount) return { ...place, volume };
    throw new PeapodError(
      'WRONG_STATE',
      `volume ${volume.name} is a ${place.mount.type} that exists only while containers have it mounted`,
      { hint: 'read or write it in a container: peapod run -v NAME:/volume …' },
    );
  }

  #views(): VolumeView[] {
    const { volumes } = this.#context.store;
    const users = volumes.users();
    return volumes.all().map((volume) => this.#view(volume, users));
  }

  #view(volume: VolumeRecord, users: ReadonlyMap<string, readonly string[]>): VolumeView {
    return volumeView(this.#context, volume, users.get(volume.name) ?? [], (id) => {
      const record = this.#context.store.containers.get(id);
      return record !== undefined && this.#lifecycle.isRunning(record);
    });
  }

  async #removeUser(id: string, timeoutSeconds: number | undefined): Promise<void> {
    try {
      await this.#lifecycle.remove(id, { force: true, timeoutSeconds });
    } catch (error) {
      if (!(error instanceof PeapodError && error.code === 'NOT_FOUND')) throw error;
    }
  }

  /** False where a container has it, or somebody else was quicker. */
  async #forget(name: string): Promise<boolean> {
    const { store } = this.#context;
    const volume = store.volumes.get(name);
    // Where a killed command left it mounted: nothing below may be deleted with the directory.
    if (volume) await unmountUnused(this.#context, volume, () => true);
    return (await removeUnused(this.#context, [name])).length > 0;
  }
}

function inUse(name: string, users: readonly string[]): PeapodError {
  return new PeapodError(
    'VOLUME_IN_USE',
    `volume ${name} is being used by the following container(s): ${users.join(', ')}: volume is being used`,
    { hint: 'remove them first, or use --force, which does', exitCode: 2 },
  );
}
