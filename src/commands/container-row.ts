import type { ContainerSize, ContainerView, NamespaceIds } from '../engine/views.ts';
import { describePorts, groupPorts } from './format/ports.ts';
import { humanSize } from './format/size.ts';
import { ago, unixSeconds } from './format/time.ts';

/** How `ps` shows a container: as cells, as the fields of a template, as JSON. Names are podman's. */
export interface RowOptions {
  readonly noTrunc: boolean;
  readonly nowMs: number;
  /** By id, where they were asked for. */
  readonly sizes?: ReadonlyMap<string, ContainerSize>;
  readonly namespaces?: ReadonlyMap<string, NamespaceIds>;
}

export const shortIdLength = 12;
const shortCommandLength = 17;

export function shortId(id: string, noTrunc: boolean): string {
  return noTrunc ? id : id.slice(0, shortIdLength);
}

export function commandText(view: ContainerView, noTrunc: boolean): string {
  const text = view.command.join(' ');
  return noTrunc || text.length <= shortCommandLength ? text : `${text.slice(0, shortCommandLength)}...`;
}

/** `Up 3 seconds ago`, `Exited (0) 5 minutes ago`, `Created`. */
export function statusText(view: ContainerView, nowMs: number): string {
  switch (view.state) {
    case 'running':
      return `Up ${ago(view.startedAtMs ?? view.createdAtMs, nowMs)}${view.health && ` (${view.health})`}`;
    case 'exited':
    case 'stopped':
      return `Exited (${view.exitCode ?? 0}) ${ago(view.finishedAtMs ?? view.createdAtMs, nowMs)}`;
    case 'restarting':
      return `Restarting (${view.exitCode ?? 0}) ${ago(view.finishedAtMs ?? view.createdAtMs, nowMs)}`;
    default:
      return view.state.charAt(0).toUpperCase() + view.state.slice(1);
  }
}

export function containerCells(
  view: ContainerView,
  { noTrunc, nowMs }: RowOptions,
  withPod: boolean,
): string[] {
  const cells = [
    shortId(view.id, noTrunc),
    view.image,
    commandText(view, noTrunc),
    ago(view.createdAtMs, nowMs),
    statusText(view, nowMs),
    describePorts(view.ports, view.exposedPorts),
    view.name,
  ];
  return withPod ? [...cells, shortId(view.podId ?? '', noTrunc), view.podName ?? ''] : cells;
}

export const namespaceHeadings = [
  ...['CONTAINER ID', 'NAMES', 'PID', 'CGROUPNS', 'IPC', 'MNT', 'NET', 'PIDNS', 'USERNS', 'UTS'],
] as const;

export function namespaceCells(view: ContainerView, options: RowOptions): string[] {
  const ids = namespaceFields(view, options);
  const [, , , ...columns] = namespaceHeadings;
  const own = [shortId(view.id, options.noTrunc), view.name, String(view.pid)];
  return [...own, ...columns.map((column) => ids[column])];
}

function namespaceFields({ id }: ContainerView, { namespaces }: RowOptions) {
  const {
    Cgroup = '',
    Ipc = '',
    Mnt = '',
    Net = '',
    Pidns = '',
    User = '',
    Uts = '',
  } = namespaces?.get(id) ?? {};
  return { CGROUPNS: Cgroup, IPC: Ipc, MNT: Mnt, NET: Net, PIDNS: Pidns, USERNS: User, UTS: Uts };
}

/** `1.98MB (virtual 5.2MB)`; empty where sizes were not asked for. */
export function sizeText({ id }: ContainerView, { sizes }: RowOptions): string {
  const size = sizes?.get(id);
  return size ? `${shortSize(size.rwBytes)} (virtual ${shortSize(size.rootFsBytes)})` : '';
}

function shortSize(bytes: number): string {
  return humanSize(bytes).replace(' ', '');
}

export const containerHeadings: Readonly<Record<string, string>> = {
  CreatedHuman: 'CREATED',
  ID: 'CONTAINER ID',
  Id: 'CONTAINER ID',
  ImageID: 'IMAGE ID',
  Pod: 'POD ID',
  PodName: 'PODNAME',
};

export function containerJson(view: ContainerView, options: RowOptions): Record<string, unknown> {
  const { nowMs } = options;
  const size = options.sizes?.get(view.id);
  return {
    AutoRemove: view.autoRemove ?? false,
    Command: view.command,
    CreatedAt: ago(view.createdAtMs, nowMs),
    Exited: isExited(view),
    ExitedAt: unixSeconds(view.finishedAtMs),
    ExitCode: view.exitCode ?? 0,
    Id: view.id,
    Image: view.image,
    ImageID: view.imageId,
    IsInfra: false,
    Labels: view.labels,
    Mounts: view.mounts.map(({ destination }) => destination),
    Names: [view.name],
    Namespaces: options.namespaces?.get(view.id) ?? {},
    Networks: view.networks,
    Addresses: view.addresses,
    Pid: view.pid,
    Pod: view.podId ?? '',
    PodName: view.podName ?? '',
    Ports: view.ports.length === 0 ? null : groupPorts(view.ports),
    Size: size ? { rootFsSize: size.rootFsBytes, rwSize: size.rwBytes } : null,
    StartedAt: unixSeconds(view.startedAtMs),
    State: view.state,
    Status: statusText(view, nowMs),
    Created: unixSeconds(view.createdAtMs),
  };
}

/** The fields of `ps --format`; those of podman, and Addresses. */
export function containerRow(
  view: ContainerView,
  options: RowOptions,
  time: (timeMs: number) => unknown,
): Record<string, unknown> {
  const { noTrunc, nowMs } = options;
  const created = ago(view.createdAtMs, nowMs);
  return {
    ID: shortId(view.id, noTrunc),
    Image: view.image,
    ImageID: shortId(view.imageId, noTrunc),
    Command: commandText(view, noTrunc),
    Created: time(view.createdAtMs),
    CreatedAt: time(view.createdAtMs),
    CreatedHuman: created,
    RunningFor: created,
    Status: statusText(view, nowMs),
    State: view.state,
    Ports: describePorts(view.ports, view.exposedPorts),
    Names: view.name,
    Labels: new Map(Object.entries(view.labels)),
    Label: (name: unknown) => view.labels[String(name)] ?? '',
    Mounts: view.mounts.map(({ destination }) => destination),
    Networks: view.networks.join(','),
    Addresses: view.addresses.join(','),
    Pod: shortId(view.podId ?? '', noTrunc),
    PodName: view.podName ?? '',
    Pid: view.pid,
    AutoRemove: view.autoRemove ?? false,
    IsInfra: false,
    Exited: isExited(view),
    ExitedAt: unixSeconds(view.finishedAtMs),
    ExitCode: view.exitCode ?? 0,
    StartedAt: unixSeconds(view.startedAtMs),
    Size: sizeText(view, options),
    ...namespaceFields(view, options),
  };
}

function isExited(view: ContainerView): boolean {
  return view.state === 'exited' || view.state === 'stopped';
}
