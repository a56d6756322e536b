import { readFileSync } from 'node:fs';
import { PeapodError } from '../src/errors.ts';
import type { HostFacts } from '../src/host/facts.ts';
import { describeHolder } from '../src/host/ports.ts';
import type { PortMapping } from '../src/network/types.ts';

/** What a failed bind(2) of a host port means to the user. */
export function portError(error: unknown, port: PortMapping): unknown {
  const where = hostSide(port);
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE': {
      const protocol = port.protocol === 'udp' ? 'udp' : 'tcp';
      const holder = describeHolder(protocol, port.hostIp, port.hostPort);
      return new PeapodError('PORT_IN_USE', `host port ${where} is in use${holder ? ` by ${holder}` : ''}`, {
        hint: 'publish another host port, or let peapod choose one with -p CONTAINERPORT',
        cause: error,
      });
    }
    case 'EACCES':
      return privileged(port, error);
    case 'EADDRNOTAVAIL':
      return new PeapodError('INVALID_ARGUMENT', `no interface of this host has the address ${port.hostIp}`, {
        cause: error,
      });
    default:
      return error;
  }
}

/** Without touching the port. Throws PORT_PRIVILEGED. */
export function refusePrivilegedPorts(ports: readonly PortMapping[], facts: HostFacts): void {
  if (!facts.rootless || ports.every((port) => port.hostPort >= 1024)) return;
  const start = unprivilegedStart();
  const low = ports.find((port) => port.hostPort < start);
  if (low) throw privileged(low);
}

function privileged(port: PortMapping, cause?: unknown): PeapodError {
  return new PeapodError('PORT_PRIVILEGED', `host port ${hostSide(port)} is for root only`, {
    hint: `publish a port from ${unprivilegedStart()} on, or run as root: sysctl net.ipv4.ip_unprivileged_port_start=${port.hostPort}`,
    cause,
  });
}

function unprivilegedStart(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
  } catch {
    return 1024;
  }
}

/** `8080/tcp`, `127.0.0.1:8080/tcp`, `[::1]:8080/tcp`. */
function hostSide({ hostIp, hostPort, protocol }: PortMapping): string {
  const ip = hostIp.includes(':') ? `[${hostIp}]:` : hostIp && `${hostIp}:`;
  return `${ip}${hostPort}/${protocol}`;
}
