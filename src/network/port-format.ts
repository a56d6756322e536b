import { bracketed } from './ip-family.ts';
import type { PortMapping, Protocol } from './types.ts';

/** How podman writes ports: in `ps`, `port` and inspect. */

/** `80/tcp`. */
export function formatContainerPort(port: { containerPort: number; protocol: Protocol }): string {
  return `${port.containerPort}/${port.protocol}`;
}

/** `0.0.0.0:8080`, `[::1]:8080`: the host's side, to connect to. */
export function formatHostSide(port: { hostIp: string; hostPort: number }): string {
  return `${bracketed(port.hostIp || '0.0.0.0')}:${port.hostPort}`;
}

/** `0.0.0.0:8080->80/tcp`. */
export function formatPort(port: PortMapping): string {
  return `${formatHostSide(port)}->${formatContainerPort(port)}`;
}

/** The PORTS column: `0.0.0.0:8000-8010->80-90/tcp`, `0.0.0.0:53->53/udp`. */
export function formatPorts(ports: readonly PortMapping[]): string[] {
  return mergePorts(ports).map(({ first, length }) => {
    if (length === 1) return formatPort(first);
    const host = `${formatHostSide(first)}-${first.hostPort + length - 1}`;
    return `${host}->${first.containerPort}-${first.containerPort + length - 1}/${first.protocol}`;
  });
}

/** Ports of one address and protocol that follow each other on both sides. */
export interface PortRange {
  readonly first: PortMapping;
  readonly length: number;
}

/** Sorted. */
export function mergePorts(ports: readonly PortMapping[]): PortRange[] {
  const sorted = [...ports].sort(
    (a, b) =>
      compare(a.hostIp, b.hostIp) ||
      compare(a.protocol, b.protocol) ||
      a.hostPort - b.hostPort ||
      a.containerPort - b.containerPort,
  );
  const ranges: PortRange[] = [];
  for (const port of sorted) {
    const last = ranges.at(-1);
    if (last && continues(last, port)) ranges.splice(-1, 1, { ...last, length: last.length + 1 });
    else ranges.push({ first: port, length: 1 });
  }
  return ranges;
}

function continues({ first, length }: PortRange, next: PortMapping): boolean {
  return (
    first.hostIp === next.hostIp &&
    first.protocol === next.protocol &&
    first.hostPort + length === next.hostPort &&
    first.containerPort + length === next.containerPort
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
