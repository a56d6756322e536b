import type { PublishedPort } from '../../network/types.ts';

/** Ports that follow each other on both sides, as podman's JSON names the parts. */
export interface PortGroup {
  readonly host_ip: string;
  readonly container_port: number;
  readonly host_port: number;
  readonly range: number;
  readonly protocol: string;
}

/** Neighbouring ports of one address and protocol become one range. */
export function groupPorts(ports: readonly PublishedPort[]): PortGroup[] {
  const sorted = [...ports].sort(
    (a, b) => compare(a.hostIp, b.hostIp) || compare(a.protocol, b.protocol) || a.hostPort - b.hostPort,
  );
  const groups: { -readonly [K in keyof PortGroup]: PortGroup[K] }[] = [];
  for (const port of sorted) {
    const last = groups.at(-1);
    if (
      last !== undefined &&
      last.host_ip === port.hostIp &&
      last.protocol === port.protocol &&
      last.host_port + last.range === port.hostPort &&
      last.container_port + last.range === port.containerPort
    )
      last.range++;
    else
      groups.push({
        host_ip: port.hostIp,
        container_port: port.containerPort,
        host_port: port.hostPort,
        range: 1,
        protocol: port.protocol,
      });
  }
  return groups;
}

/** `0.0.0.0:8080->80/tcp, 0.0.0.0:9000-9005->90-95/udp, 443/tcp`: published ports, then exposed ones that are not. */
export function describePorts(ports: readonly PublishedPort[], exposed: readonly string[] = []): string {
  const published = groupPorts(ports).map((group) => {
    const span = (first: number) => (group.range > 1 ? `${first}-${first + group.range - 1}` : `${first}`);
    return `${hostAddress(group.host_ip)}:${span(group.host_port)}->${span(group.container_port)}/${group.protocol}`;
  });
  const taken = new Set(ports.map((port) => `${port.containerPort}/${port.protocol}`));
  return [...published, ...exposed.filter((port) => !taken.has(port))].join(', ');
}

/** All addresses are shown as podman shows them; IPv6 literals in brackets. */
function hostAddress(hostIp: string): string {
  if (hostIp === '') return '0.0.0.0';
  return hostIp.includes(':') ? `[${hostIp}]` : hostIp;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
