import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IpFamily } from './ip-family.ts';
import { addressBits, makeSubnet, type Subnet } from './subnet.ts';

export interface HostRoute {
  readonly destination: Subnet;
  readonly interface: string;
}

/**
 * The main routes of this process' network namespace, default routes left out, from `route` and
 * `ipv6_route` below `/proc/net` (proc(5)): no process has to be started for them.
 */
export function readHostRoutes(procNet = '/proc/net'): HostRoute[] {
  return [
    ...lines(join(procNet, 'route')).slice(1).flatMap(parseIpv4Route),
    ...lines(join(procNet, 'ipv6_route')).flatMap(parseIpv6Route),
  ];
}

/** Whether this process' network namespace has a way out, by a default route that is not on `lo`. */
export function hasDefaultRoute(family: IpFamily, procNet = '/proc/net'): boolean {
  if (family === 4) return lines(join(procNet, 'route')).some((line) => /^\S+\s+0{8}\s.*\s0{8}\s/.test(line));
  return lines(join(procNet, 'ipv6_route')).some((line) => /^0{32} 00 .*(?<!\slo)$/.test(line.trimEnd()));
}

/** `cni0 0000580A 00000000 0001 0 0 0 0000FFFF …`: addresses in the byte order of the machine. */
function parseIpv4Route(line: string): HostRoute[] {
  const [name, destination, , , , , , mask] = line.split(/\s+/);
  if (!name || !destination || !mask) return [];
  const prefixLength = [...swapped(mask).toString(2)].filter((bit) => bit === '1').length;
  if (prefixLength === 0) return [];
  return [{ interface: name, destination: makeSubnet(swapped(destination), prefixLength, 4) }];
}

function swapped(hex: string): bigint {
  return BigInt(`0x${hex.match(/../g)?.reverse().join('') ?? '0'}`);
}

/** `fd00…0000 40 0000… 00 … cni0`: prefix lengths in hex, the interface last. */
function parseIpv6Route(line: string): HostRoute[] {
  const fields = line.trim().split(/\s+/);
  const [destination, lengthHex] = fields;
  const name = fields.at(-1);
  if (!destination || !lengthHex || !name || name === 'lo') return [];
  const prefixLength = Number.parseInt(lengthHex, 16);
  if (!(prefixLength > 0 && prefixLength <= addressBits[6])) return [];
  return [{ interface: name, destination: makeSubnet(BigInt(`0x${destination}`), prefixLength, 6) }];
}

/** Empty where the kernel has no such file (no IPv6). */
function lines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

/** The interfaces of this process' network namespace, by name: proc(5), `/proc/net/dev`. */
export function readHostInterfaces(procNet = '/proc/net'): string[] {
  return lines(join(procNet, 'dev'))
    .filter((line) => line.includes(':'))
    .map((line) => line.slice(0, line.lastIndexOf(':')).trim());
}
