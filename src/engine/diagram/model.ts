import ipaddr from 'ipaddr.js';
import { bracketed, ipFamily } from '../../network/ip-family.ts';
import { mergePorts } from '../../network/port-format.ts';
import type { Cidr, PublishedPort } from '../../network/types.ts';
import type { AttachmentView, ContainerView, PodView } from '../views.ts';

/** What a picture of the networks shows, whatever it is drawn with. Names are as they are: nothing is escaped. */
export interface Diagram {
  /**
   * The user's network namespace, which holds the networks that are `behindUplink`; undefined where none is. Its
   * `uplink` is undefined where all of them are internal.
   */
  readonly userNamespace: { readonly uplink: 'running' | 'missing' | undefined } | undefined;
  /** In the order in which to draw them. */
  readonly networks: readonly DiagramNetwork[];
  /** Pods, and containers outside pods, by the order of their first networks. */
  readonly units: readonly DiagramUnit[];
}

export interface DiagramNetwork {
  readonly key: string;
  /**
   * `bridge`: shared by its units; `helper`: each unit has a process of its own (slirp4netns, pasta);
   * `host`, `none`; `joined`: a namespace by path, or a container's.
   */
  readonly kind: 'bridge' | 'helper' | 'host' | 'joined' | 'none';
  readonly name: string;
  /** Somebody is on it. */
  readonly up: boolean;
  /** The bridge's interface; empty where there is none. */
  readonly interface: string;
  readonly subnets: readonly Cidr[];
  readonly gateways: readonly string[];
  readonly behindUplink: boolean;
  /** No way out: the uplink, where there is one, is not for it. */
  readonly internal: boolean;
}

export interface DiagramUnit {
  readonly id: string;
  readonly kind: 'pod' | 'container';
  readonly name: string;
  /** `Running`, `Exited`, …; a container's in lower case. */
  readonly status: string;
  readonly running: boolean;
  /** Helper processes that should run and do not. */
  readonly missing: readonly string[];
  readonly links: readonly DiagramLink[];
  readonly ports: readonly DiagramPort[];
  readonly containers: readonly DiagramContainer[];
}

export interface DiagramLink {
  readonly network: DiagramNetwork;
  /** Empty, as the addresses, while it is not up. */
  readonly interface: string;
  readonly addresses: readonly Cidr[];
  readonly gateways: readonly string[];
}

export interface DiagramPort {
  /** `0.0.0.0:8080`, `[::1]:8000-8005`. */
  readonly host: string;
  /** `80/tcp`, `90-95/udp`. */
  readonly target: string;
  /** `relay`, `nftables`, …; empty where it is reserved, but nothing listens yet. */
  readonly via: string;
}

export interface DiagramContainer {
  readonly name: string;
  readonly state: string;
  readonly image: string;
  /** How it is connected where it does not share the network of its pod. */
  readonly ownNetwork: string;
}

const kindOrder: readonly DiagramNetwork['kind'][] = ['bridge', 'helper', 'host', 'joined', 'none'];

export interface DiagramOptions {
  /** Containers outside pods are left out. */
  readonly podsOnly?: boolean;
  /** Names of the networks that are internal. */
  readonly internal?: ReadonlySet<string>;
}

/** Containers of a pod that is not among `pods` are left out. */
export function diagramOf(
  pods: readonly PodView[],
  containers: readonly ContainerView[],
  { podsOnly = false, internal = new Set() }: DiagramOptions = {},
): Diagram {
  const byId = new Map(containers.map((container) => [container.id, container]));
  const lone = podsOnly ? [] : containers.filter(({ podId }) => podId === undefined);
  const drafts = [...pods.map((pod) => podDraft(pod, byId)), ...lone.map(containerDraft)];
  const networks = new Map<string, DiagramNetwork>();
  const names = new Map(containers.map(({ id, name }) => [id, name]));
  const attachments = Map.groupBy(
    drafts.flatMap((draft) => draft.attachments),
    ({ backend, network }) => (backend === 'bridge' ? `bridge ${network}` : backend),
  );
  const known = (key: string) => {
    let network = networks.get(key);
    if (!network) {
      const itself = networkOf(key, attachments.get(key) ?? [], names);
      network = { ...itself, internal: itself.kind === 'bridge' && internal.has(itself.name) };
      networks.set(key, network);
    }
    return network;
  };
  const units = drafts.map(({ mode, networks: wanted, attachments: present, ...unit }): DiagramUnit => {
    return { ...unit, links: linksOf(mode, wanted, present, known) };
  });
  const ordered = [...networks.values()].toSorted(
    (a, b) =>
      kindOrder.indexOf(a.kind) - kindOrder.indexOf(b.kind) ||
      Number(a.behindUplink) - Number(b.behindUplink) ||
      // Next to the uplink stands what it is for.
      Number(a.behindUplink && a.internal) - Number(b.behindUplink && b.internal) ||
      compare(a.name, b.name),
  );
  const place = new Map(ordered.map((network, index) => [network.key, index]));
  const placeOf = ({ links }: DiagramUnit) => place.get(links[0]?.network.key ?? '') ?? 0;
  const isBehind = ({ links }: DiagramUnit) => links.some(({ network }) => network.behindUplink);
  const behind = units.filter(isBehind);
  const lost = behind.some(({ missing }) => missing.includes('slirp4netns'));
  const isForSome = ordered.some(({ behindUplink, internal: closed }) => behindUplink && !closed);
  const uplink = isForSome ? (lost ? 'missing' : 'running') : undefined;
  return {
    userNamespace: behind.length > 0 ? { uplink } : undefined,
    networks: ordered,
    units: units.toSorted((a, b) => placeOf(a) - placeOf(b) || compare(a.name, b.name)),
  };
}

interface Draft extends Omit<DiagramUnit, 'links'> {
  readonly mode: string;
  /** Names of networks, present or not. */
  readonly networks: readonly string[];
  readonly attachments: readonly AttachmentView[];
}

function podDraft(pod: PodView, containers: ReadonlyMap<string, ContainerView>): Draft {
  return {
    id: pod.id,
    kind: 'pod',
    name: pod.name,
    status: pod.status,
    running: pod.status === 'Running' || pod.status === 'Degraded',
    missing: pod.missing,
    mode: pod.networkMode || 'none',
    networks: pod.networks,
    attachments: pod.attachments,
    ports: portsOf(pod.ports),
    containers: pod.members.map(({ id, name, status }) => {
      const view = containers.get(id);
      const own = view && view.networkMode !== 'pod' ? view.networkMode : '';
      return { name, state: status, image: view?.image ?? '', ownNetwork: own };
    }),
  };
}

function containerDraft(view: ContainerView): Draft {
  return {
    id: view.id,
    kind: 'container',
    name: view.name,
    status: view.state,
    running: view.state === 'running',
    missing: [],
    mode: view.networkMode || 'none',
    networks: view.networks,
    attachments: view.attachments,
    ports: portsOf(view.ports),
    containers: [{ name: view.name, state: view.state, image: view.image, ownNetwork: '' }],
  };
}

function linksOf(
  mode: string,
  wanted: readonly string[],
  attachments: readonly AttachmentView[],
  network: (key: string) => DiagramNetwork,
): DiagramLink[] {
  const nothing = { interface: '', addresses: [], gateways: [] };
  const present = attachments.map((one): DiagramLink => {
    const key = one.backend === 'bridge' ? `bridge ${one.network}` : one.backend;
    const { ifname, addresses, gateways } = one;
    return { network: network(key), interface: ifname, addresses, gateways };
  });
  if (mode !== 'bridge') return present.length > 0 ? present : [{ network: network(mode), ...nothing }];
  const absent = wanted.filter((name) => attachments.every((one) => one.network !== name));
  return [...present, ...absent.map((name) => ({ network: network(`bridge ${name}`), ...nothing }))];
}

/** The key is `bridge NAME`, or the network mode of units that are on none. */
function networkOf(
  key: string,
  attachments: readonly AttachmentView[],
  containers: ReadonlyMap<string, string>,
): Omit<DiagramNetwork, 'internal'> {
  const [word = '', ...rest] = key.split(/[ :]/);
  const base = {
    key,
    up: attachments.length > 0,
    interface: '',
    subnets: [],
    gateways: [],
    behindUplink: false,
  };
  if (word === 'bridge') {
    return {
      ...base,
      kind: 'bridge',
      name: key.slice('bridge '.length),
      interface: attachments[0]?.bridge ?? '',
      subnets: unique(attachments.flatMap(({ addresses }) => addresses.map(subnetOf))),
      gateways: unique(attachments.flatMap(({ gateways }) => gateways)),
      behindUplink: attachments.some(({ behindUplink }) => behindUplink),
    };
  }
  if (word === 'none' || word === 'host') return { ...base, kind: word, name: word };
  if (word === 'ns') return { ...base, kind: 'joined', name: key.slice('ns:'.length) };
  if (word === 'container') {
    const id = rest.join(':');
    return { ...base, kind: 'joined', name: `container ${containers.get(id) ?? id.slice(0, 12)}` };
  }
  return { ...base, kind: 'helper', name: key };
}

function portsOf(ports: readonly PublishedPort[]): DiagramPort[] {
  const byWay = Map.groupBy(ports, ({ via }) => via);
  return [...byWay].flatMap(([via, its]) =>
    mergePorts(its).map(({ first, length }) => {
      const span = (port: number) => (length > 1 ? `${port}-${port + length - 1}` : `${port}`);
      const host = `${bracketed(first.hostIp || '0.0.0.0')}:${span(first.hostPort)}`;
      return { host, target: `${span(first.containerPort)}/${first.protocol}`, via };
    }),
  );
}

/** `10.88.0.0/16` for `10.88.0.2/16`. */
function subnetOf(cidr: Cidr): Cidr {
  const family = ipFamily(cidr) === 6 ? ipaddr.IPv6 : ipaddr.IPv4;
  return `${family.networkAddressFromCIDR(cidr)}/${cidr.split('/')[1]}`;
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)].toSorted(compare);
}

/** `pod9` before `pod10`. */
const { compare } = new Intl.Collator('en', { numeric: true });
