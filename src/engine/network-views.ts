import { parseLogTime } from '../container/log-time.ts';
import type { Attachment } from '../network/backend.ts';
import type { ConfList } from '../network/conflist.ts';
import { networkId, readNetworkConfig, writtenAtMs } from '../network/network-config.ts';
import { builtInSource } from '../network/network-files.ts';
import { defaultNetwork } from '../network/select.ts';
import { subnetText } from '../network/subnet.ts';
import type { SandboxRecord } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { hasLabel, namePattern } from './filter-views.ts';
import { type Filters, type Matchers, readSwitch, selectBy } from './filters.ts';
import { attachmentsOf } from './sandbox-networks.ts';
import type { NetworkUserView, NetworkView } from './views.ts';
import { networksOf } from './views-of.ts';

/** Throws NETWORK_CONFIG where a plugin's section cannot be read. */
export function networkView(
  list: ConfList,
  users: ReadonlyMap<string, readonly NetworkUserView[]>,
): NetworkView {
  const { subnets, routes, ...config } = readNetworkConfig(list);
  return {
    ...config,
    id: networkId(list.name),
    createdAtMs: writtenAtMs(list, Date.now()),
    subnets: subnets.map(({ subnet, gateway, leaseRange }) => ({
      subnet: subnetText(subnet),
      gateway,
      leaseRange,
    })),
    routes: routes.map(({ destination, gateway }) => ({ destination: subnetText(destination), gateway })),
    ipv6: subnets.some(({ subnet }) => subnet.family === 6),
    file: list.source === builtInSource ? '' : list.source,
    users: users.get(list.name) ?? [],
  };
}

/** Pods, and containers outside pods, by the network that they were made for. */
export function usersOfNetworks(store: Store): Map<string, NetworkUserView[]> {
  const users = new Map<string, NetworkUserView[]>();
  const members = Map.groupBy(store.containers.all(), ({ podId }) => podId ?? '');
  const pods = new Set(store.pods.all().map(({ id }) => id));
  for (const sandbox of store.sandboxes.all()) {
    for (const network of networksOf(sandbox)) {
      const user: NetworkUserView = {
        kind: pods.has(sandbox.id) ? 'pod' : 'container',
        id: sandbox.id,
        name: store.names.nameOf(sandbox.id) ?? sandbox.id.slice(0, 12),
        members: (members.get(sandbox.id) ?? []).map(({ id, name }) => ({ id, name })),
        interfaces: attachmentsTo(network, sandbox).map(interfaceOf),
      };
      users.set(network, [...(users.get(network) ?? []), user]);
    }
  }
  return users;
}

function attachmentsTo(network: string, sandbox: SandboxRecord): Attachment[] {
  return attachmentsOf(sandbox).filter((attachment) => attachment.network === network);
}

function interfaceOf({ ifname, addresses, gateways, macAddress = '' }: Attachment) {
  return { ifname, addresses, gateways, macAddress };
}

const pruneMatchers: Matchers<NetworkView> = {
  label: (view, value) => hasLabel(view.labels, value),
  'label!': (view, value) => !hasLabel(view.labels, value),
  until: (view, value) => view.createdAtMs < parseLogTime(value, '--filter until'),
};

const listMatchers: Matchers<NetworkView> = {
  ...pruneMatchers,
  name: (view, value) => namePattern(value).test(view.name),
  id: (view, value) => view.id.startsWith(value),
  driver: (view, value) => view.driver === value,
  dangling: (view, value) => isUnused(view) === readSwitch(value),
};

/** As podman has it, the default network is never dangling. */
export function isUnused(view: NetworkView): boolean {
  return view.users.length === 0 && view.name !== defaultNetwork;
}

/** Different keys must all match, of one key's values any. Throws INVALID_ARGUMENT. */
export function filterNetworks(
  views: NetworkView[],
  filters: Filters,
  what: 'list' | 'prune',
): NetworkView[] {
  const matchers = what === 'list' ? listMatchers : pruneMatchers;
  return selectBy(views, filters, matchers, { unknown: (key) => `invalid filter "${key}"` });
}
