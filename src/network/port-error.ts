import { readFileSync } from 'node:fs';
import { PeapodError } from '../errors.ts';
import type { HostFacts } from '../host/facts.ts';
import { describeHolder } from '../host/ports.ts';
import { formatHostSide } from './port-format.ts';
import type { PortMapping } from './types.ts';

/** What a failed bind(2) of a host port means to the user; other errors unchanged. */
export function portError(error: unknown, port: PortMapping): unknown {
  const where = `${formatHostSide(port)}/${port.protocol}`;
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE': {
      const holder =
        port.protocol === 'sctp' ? undefined : describeHolder(port.protocol, port.hostIp, port.hostPort);
      return new PeapodError('PORT_IN_USE', `host port ${where} is in use${holder ? ` by ${holder}` : ''}`, {
        hint: 'publish another host port, or let peapod choose one with -p CONTAINERPORT',
        cause: error,
      });
    }
    case 'EACCES':
      return new PeapodError('PORT_PRIVILEGED', `host port ${where} is for root only`, {
        hint: `run as root: sysctl net.ipv4.ip_unprivileged_port_start=${port.hostPort}`,
        cause: error,
      });
    case 'EADDRNOTAVAIL':
      return new PeapodError('INVALID_ARGUMENT', `no interface of this host has the address ${port.hostIp}`, {
        hint: 'ip addr shows the addresses that exist',
        cause: error,
      });
    default:
      return error;
  }
}

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
