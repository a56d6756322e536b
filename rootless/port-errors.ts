import { readFileSync } from 'node:fs';
import type { HostFacts } from '../src/host/facts.ts';
import { portError } from '../src/network/port-error.ts';
import type { PortMapping } from '../src/network/types.ts';

/** Without touching a port. Throws PORT_PRIVILEGED. */
export function refusePrivilegedPorts(ports: readonly PortMapping[], facts: HostFacts): void {
  if (!facts.rootless || ports.every((port) => port.hostPort >= 1024)) return;
  const start = unprivilegedStart();
  const low = ports.find((port) => port.hostPort < start);
  if (low)
    throw portError(Object.assign(new Error('below ip_unprivileged_port_start'), { code: 'EACCES' }), low);
}

function unprivilegedStart(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
  } catch {
    return 1024;
  }
}
