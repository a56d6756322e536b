import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { isPeapodError, PeapodError } from '../errors.ts';
import type { ConfList } from '../network/conflist.ts';
import { confListText } from '../network/conflist-text.ts';
import { usedByNetworks, usedByRoutes } from '../network/free-subnet.ts';
import { readHostInterfaces, readHostRoutes } from '../network/host-routes.ts';
import { type Lease, LeaseDirectory } from '../network/lease-directory.ts';
import { type NetworkConfig, networkId, readNetworkConfig } from '../network/network-config.ts';
import { builtInSource, NetworkFiles } from '../network/network-files.ts';
import { defaultNetwork } from '../network/select.ts';
import type { Context } from './context.ts';
import type { ProgressSink } from './engine.ts';
import type { Filters } from './filters.ts';
import type { Lifecycle } from './lifecycle.ts';
import { draftNetwork, type Neighbourhood, uplinkSubnet } from './network-draft.ts';
import { filterNetworks, isUnused, networkView, usersOfNetworks } from './network-views.ts';
import type { Pods } from './pods.ts';
import type { NetworkCreateRequest } from './requests.ts';
import type { NetworkUserView, NetworkView } from './views.ts';

/** Drivers whose networks podman and peapod make; any other belongs to somebody else's tooling. */
const knownDrivers = new Set(['bridge', 'macvlan', 'ipvlan']);

export interface NetworkPruneOptions {
  /** Nothing is removed. */
  readonly dryRun?: boolean;
  /** Users that do not count: they go first. */
  readonly leaving?: ReadonlySet<string>;
  /** Which of the candidates may go; all of them where it is left out. */
  readonly only?: (name: string) => boolean;
}

/** Networks that users define: files that other CNI runtimes share, and who is on them. */
export class Networks {
  readonly #context: Context;
  readonly #pods: Pods;
  readonly #lifecycle: Lifecycle;
  readonly #files: NetworkFiles;

  constructor(context: Context, pods: Pods, lifecycle: Lifecycle) {
    this.#context = context;
    this.#pods = pods;
    this.#lifecycle = lifecycle;
    this.#files = new NetworkFiles(context.paths);
  }

  async create(request: NetworkCreateRequest): Promise<string> {
    return this.#files.changing(async () => {
      const { lists } = this.#files.scan();
      if (request.ignore && request.name && lists.some(({ name }) => name === request.name))
        return request.name;
      const draft = draftNetwork(request, this.#neighbourhood(lists));
      this.#context.interrupt.check();
      await this.#files.add(draft.name, confListText(draft));
      this.#context.events.network('create', draft.name);
      return draft.name;
    });
  }

  list(filters: Filters, warn: ProgressSink): NetworkView[] {
    return filterNetworks(this.#views(warn), filters, 'list');
  }

  inspect(nameOrId: string): NetworkView {
    return networkView(this.#require(nameOrId), usersOfNetworks(this.#context.store));
  }

  /** The network of a name, an id, or an id's unambiguous beginning. */
  find(nameOrId: string): ConfList | undefined {
    const { lists, broken } = this.#files.scan();
    const exact = lists.find(({ name }) => name === nameOrId);
    if (exact) return exact;
    const suspect = broken.find(({ mayDefine }) => mayDefine(nameOrId));
    if (suspect) throw suspect.error;
    if (!/^[0-9a-f]+$/.test(nameOrId)) return undefined;
    const matches = lists.filter(({ name }) => networkId(name).startsWith(nameOrId));
    if (matches.length <= 1) return matches[0];
    throw new PeapodError(
      'INVALID_ARGUMENT',
      `more than one network has an id that begins with ${nameOrId}`,
      {
        hint: 'give more digits of the id, or its name',
      },
    );
  }

  async remove(
    nameOrId: string,
    options: { force: boolean; timeoutSeconds?: number | undefined },
  ): Promise<string> {
    const { name } = this.#require(nameOrId);
    if (name === defaultNetwork) {
      throw new PeapodError('INVALID_ARGUMENT', `default network ${name} cannot be removed`, {
        hint: 'it is that of all who name no other',
      });
    }
    for (;;) {
      const users = this.#usersOf(name);
      if (users.length > 0 && !options.force) throw inUse(name, users);
      await Promise.all(users.map((user) => this.#removeUser(user, options.timeoutSeconds)));
      // Others may have come meanwhile.
      if (await this.#files.changing(() => this.#forget(name, options.force))) return name;
    }
  }

  async prune(
    filters: Filters,
    warn: ProgressSink,
    { dryRun = false, leaving, only = () => true }: NetworkPruneOptions = {},
  ): Promise<string[]> {
    const removed: string[] = [];
    await this.#files.changing(async () => {
      const views = this.#views(warn).map((view) => ({
        ...view,
        users: view.users.filter(({ id }) => !leaving?.has(id)),
      }));
      const candidates = filterNetworks(views, filters, 'prune').filter(isUnused);
      for (const { name, driver, file } of candidates) {
        // Another tool's configuration, unlike podman's and ours, need not have its users here.
        const isOurs = knownDrivers.has(driver) && file.endsWith(`/${name}.conflist`);
        if (!isOurs || !only(name) || this.#foreignLeases(name).length > 0) continue;
        this.#context.interrupt.check();
        if (dryRun || (await this.#forget(name, false))) removed.push(name);
      }
    });
    return removed;
  }

  /** Takes the file away; false where pods use the network. The caller is changing files. */
  async #forget(name: string, force: boolean): Promise<boolean> {
    const list = this.find(name);
    if (!list || list.source === builtInSource) return true;
    const lost = force ? undefined : this.#foreignLeases(name)[0];
    if (lost) {
      throw new PeapodError(
        'NETWORK_IN_USE',
        `"${name}" has associated containers with it, of another runtime: ${lost.id.slice(0, 12)} has ${lost.address}: network is being used`,
        { hint: `remove them there, or use --force; leases lie in ${this.#leases(name).path}` },
      );
    }
    if (this.#usersOf(name).length > 0) return false;
    await this.#files.remove(list);
    this.#context.events.network('remove', name);
    const leases = this.#leases(name);
    if (leases.read().length === 0) rmSync(leases.path, { recursive: true, force: true });
    return true;
  }

  async #removeUser({ kind, id }: NetworkUserView, timeoutSeconds: number | undefined): Promise<void> {
    const how = { force: true, timeoutSeconds };
    try {
      if (kind === 'pod') await this.#pods.remove(id, how);
      else await this.#lifecycle.remove(id, how);
    } catch (error) {
      if (!isPeapodError(error, 'NOT_FOUND')) throw error;
    }
  }

  #require(nameOrId: string): ConfList {
    const list = this.find(nameOrId);
    if (list) return list;
    throw new PeapodError(
      'NOT_FOUND',
      `unable to find network with name or ID ${nameOrId}: network not found`,
      { hint: 'peapod network ls lists those there are' },
    );
  }

  #views(warn: ProgressSink): NetworkView[] {
    const { lists, broken } = this.#files.scan();
    for (const { error } of broken) warn(`warning: ${error.message}`);
    const users = usersOfNetworks(this.#context.store);
    return lists.flatMap((list) => readable(() => networkView(list, users), warn));
  }

  #neighbourhood(lists: readonly ConfList[]): Neighbourhood {
    const networks: NetworkConfig[] = lists.flatMap((list) => readable(() => readNetworkConfig(list)));
    const { rootless } = this.#context.facts;
    // The bridges of an unprivileged user live elsewhere, beside the uplink.
    const hostInterfaces = rootless ? ['lo', 'tap0'] : readHostInterfaces();
    return {
      parents: rootless ? undefined : new Set(hostInterfaces),
      names: new Set(lists.map(({ name }) => name)),
      interfaces: new Map([
        ...hostInterfaces.map((name) => [name, 'the host'] as const),
        ...networks.map(({ name, networkInterface }) => [networkInterface, `network ${name}`] as const),
      ]),
      subnets: [
        ...usedByNetworks(networks),
        ...(rootless ? [uplinkSubnet] : []),
        ...usedByRoutes(readHostRoutes()),
      ],
    };
  }

  #usersOf(name: string): readonly NetworkUserView[] {
    return usersOfNetworks(this.#context.store).get(name) ?? [];
  }

  /** Addresses that another runtime has given: the network's files are shared, and so are its leases. */
  #foreignLeases(name: string): Lease[] {
    return this.#leases(name)
      .read()
      .filter(({ id }) => !this.#context.store.sandboxes.get(id));
  }

  #leases(name: string): LeaseDirectory {
    return new LeaseDirectory(join(this.#context.paths.leases, name));
  }
}

function inUse(name: string, users: readonly NetworkUserView[]): PeapodError {
  const who = users.map((user) => `${user.kind} ${user.name}`).join(', ');
  return new PeapodError(
    'NETWORK_IN_USE',
    `"${name}" has associated containers with it (${who}): network is being used`,
    { hint: 'use -f to forcibly delete containers and pods' },
  );
}

/** Nothing of a list whose plugins cannot be read, which `warn` is told. */
function readable<T>(read: () => T, warn?: ProgressSink): T[] {
  try {
    return [read()];
  } catch (error) {
    if (!isPeapodError(error, 'NETWORK_CONFIG')) throw error;
    warn?.(`warning: ${error.message}`);
    return [];
  }
}
