import { formatContainerPort, formatHostSide } from '../network/port-format.ts';
import type { PortMapping } from '../network/types.ts';

/** What `podman port` prints: `80/tcp`, and the host sides it is published on. */
export function portLines(ports: readonly PortMapping[]): { containerPort: string; bindings: string[] }[] {
  const lines = new Map<string, string[]>();
  for (const port of ports) {
    const key = formatContainerPort(port);
    lines.set(key, [...(lines.get(key) ?? []), formatHostSide(port)]);
  }
  return [...lines].map(([containerPort, bindings]) => ({ containerPort, bindings }));
}
