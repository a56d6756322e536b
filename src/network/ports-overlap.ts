import { ipFamily } from './ip-family.ts';
import type { PortRequest } from './types.ts';

/**
 * Whether two mappings claim the same host port. An empty `hostIp` claims every address, `0.0.0.0` every
 * IPv4 one, `::` every IPv6 one. Requests whose host port is open never overlap.
 */
export function portsOverlap(a: PortRequest, b: PortRequest): boolean {
  if (a.hostPort === undefined || a.hostPort !== b.hostPort || a.protocol !== b.protocol) return false;
  if (a.hostIp === '' || b.hostIp === '' || a.hostIp === b.hostIp) return true;
  if (ipFamily(a.hostIp) !== ipFamily(b.hostIp)) return false;
  return isWildcard(a.hostIp) || isWildcard(b.hostIp);
}

/** True for the host IPs that stand for every address of their family. */
export function isWildcard(hostIp: string): boolean {
  return hostIp === '' || hostIp === '0.0.0.0' || hostIp === '::';
}
