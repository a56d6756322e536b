import { formatContainerPort, formatPorts, mergePorts } from '../../network/port-format.ts';
import type { PublishedPort } from '../../network/types.ts';

/** Ports that follow each other on both sides, as podman's JSON names the parts. */
export interface PortGroup {
  readonly host_ip: string;
  readonly container_port: number;
  readonly host_port: number;
  readonly range: number;
  readonly protocol: string;
}

export function groupPorts(ports: readonly PublishedPort[]): PortGroup[] {
  return mergePorts(ports).map(({ first, length }) => ({
    host_ip: first.hostIp,
    container_port: first.containerPort,
    host_port: first.hostPort,
    range: length,
    protocol: first.protocol,
  }));
}

/** `0.0.0.0:8080->80/tcp, 0.0.0.0:9000-9005->90-95/udp, 443/tcp`: published ports, then exposed ones that are not. */
export function describePorts(ports: readonly PublishedPort[], exposed: readonly string[] = []): string {
  const taken = new Set(ports.map(formatContainerPort));
  return [...formatPorts(ports), ...exposed.filter((port) => !taken.has(port))].join(', ');
}
