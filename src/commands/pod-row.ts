import type { PodView } from '../engine/views.ts';
import { shortId } from './container-row.ts';
import { describePorts, groupPorts } from './format/ports.ts';
import { ago } from './format/time.ts';

/** How `pod ps` shows a pod. peapod's pods have no infra container: their network stands in its place. */
export interface PodRowOptions {
  readonly noTrunc: boolean;
  readonly nowMs: number;
}

/** `Running`, or `Running (no slirp4netns)` where a helper ended. */
export function podStatus(view: PodView): string {
  return view.missing.length === 0 ? view.status : `${view.status} (no ${view.missing.join(', ')})`;
}

export function podCells(view: PodView, { noTrunc, nowMs }: PodRowOptions): string[] {
  return [
    shortId(view.id, noTrunc),
    view.name,
    podStatus(view),
    ago(view.createdAtMs, nowMs),
    view.backend,
    view.networks.join(','),
    view.addresses.join(','),
    describePorts(view.ports),
  ];
}

export const memberColumns = {
  'ctr-ids': { heading: 'IDS', cell: memberIds },
  'ctr-names': { heading: 'NAMES', cell: memberNames },
  'ctr-status': { heading: 'STATUS', cell: memberStatuses },
} as const;

function memberIds(view: PodView, noTrunc: boolean): string {
  return view.members.map(({ id }) => shortId(id, noTrunc)).join(',');
}

function memberNames(view: PodView): string {
  return view.members.map(({ name }) => name).join(',');
}

function memberStatuses(view: PodView): string {
  return view.members.map(({ status }) => status).join(',');
}

export const podHeadings: Readonly<Record<string, string>> = {
  ID: 'POD ID',
  Id: 'POD ID',
  InfraID: 'INFRA ID',
  InfraId: 'INFRA ID',
  NumberOfContainers: '# OF CONTAINERS',
  ContainerIds: 'IDS',
  ContainerNames: 'NAMES',
  ContainerStatuses: 'STATUS',
  Namespace: 'NAMESPACES',
};

function members(view: PodView) {
  return view.members.map(({ id, name, status }) => ({ Id: id, Names: name, Status: status }));
}

/** podman's keys, then peapod's own. */
export function podJson(view: PodView): Record<string, unknown> {
  return {
    Cgroup: view.cgroupParent,
    Containers: members(view),
    Created: new Date(view.createdAtMs).toISOString(),
    Id: view.id,
    InfraId: '',
    Name: view.name,
    Namespace: '',
    Networks: view.networks,
    Status: view.status,
    Labels: view.labels,
    Backend: view.backend,
    Addresses: view.addresses,
    Ports: view.ports.length === 0 ? null : groupPorts(view.ports),
    SharedNamespaces: view.shared,
    MissingHelpers: view.missing,
  };
}

/** The fields of `pod ps --format`. */
export function podRow(view: PodView, { noTrunc, nowMs }: PodRowOptions): Record<string, unknown> {
  return {
    Id: shortId(view.id, noTrunc),
    Name: view.name,
    Status: podStatus(view),
    Created: ago(view.createdAtMs, nowMs),
    InfraId: '',
    InfraID: '',
    NumberOfContainers: view.members.length,
    Containers: members(view),
    ContainerIds: memberIds(view, noTrunc),
    ContainerNames: memberNames(view),
    ContainerStatuses: memberStatuses(view),
    Networks: view.networks.join(','),
    Network: view.networks.join(','),
    Labels: new Map(Object.entries(view.labels)),
    Label: (name: unknown) => view.labels[String(name)] ?? '',
    Cgroup: view.cgroupParent,
    Namespace: '',
    Backend: view.backend,
    Addresses: view.addresses.join(','),
    Ports: describePorts(view.ports),
    SharedNamespaces: view.shared.join(','),
    MissingHelpers: view.missing.join(','),
  };
}
