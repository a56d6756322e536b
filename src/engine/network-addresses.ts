import { PeapodError } from '../errors.ts';
import { hostBounds, isTooSmall } from '../network/free-subnet.ts';
import { canonicalIp } from '../network/ip-address.ts';
import type { NetworkSubnet } from '../network/network-config.ts';
import {
  addressNumber,
  addressText,
  parseCidr,
  type Subnet,
  subnetHolds,
  subnetText,
} from '../network/subnet.ts';

/** Addresses of `network create`, in podman's words. All throw INVALID_ARGUMENT. */

/** Host bits are cut off, as podman does. */
export function parseSubnet(word: string): Subnet {
  const parsed = parseCidr(word);
  if (!parsed) throw invalid(`invalid CIDR address: ${word}`, 'for example --subnet 10.90.0.0/24');
  if (isTooSmall(parsed.subnet))
    throw invalid(`subnet ${subnetText(parsed.subnet)} has no room for a gateway and a pod`);
  return parsed.subnet;
}

/** The first address where none is chosen. */
export function chooseGateway(subnet: Subnet, word: string | undefined): string {
  const { first, last } = hostBounds(subnet);
  if (word === undefined || word === '') return addressText(first, subnet.family);
  const gateway = canonicalIp(word);
  if (!gateway) throw invalid(`invalid argument "${word}" for "--gateway" flag: not an IP address`);
  if (!subnetHolds(subnet, gateway)) throw invalid(`gateway ${gateway} not in subnet ${subnetText(subnet)}`);
  const number = addressNumber(gateway);
  if (number < first || number > last)
    throw invalid(`gateway ${gateway} is not an address that a host of ${subnetText(subnet)} can have`);
  return gateway;
}

/** `10.90.0.128/25`, or `10.90.0.10-10.90.0.20`; undefined for the whole subnet. */
export function parseLeaseRange(
  subnet: Subnet,
  word: string | undefined,
  gateway: string,
): NetworkSubnet['leaseRange'] {
  if (word === undefined || word === '') return undefined;
  const asked = parseRange(word);
  for (const [end, address] of [
    ['start', asked.first],
    ['end', asked.last],
  ] as const) {
    if (!subnetHolds(subnet, address))
      throw invalid(`lease range ${end} ip ${address} not in subnet ${subnetText(subnet)}`);
  }
  const bounds = hostBounds(subnet);
  const first = greater(addressNumber(asked.first), bounds.first);
  const last = -greater(-addressNumber(asked.last), -bounds.last);
  const free = last - first + 1n - (isBetween(addressNumber(gateway), first, last) ? 1n : 0n);
  if (free < 1n) throw invalid(`lease range ${word} has no address for a pod`);
  return { first: addressText(first, subnet.family), last: addressText(last, subnet.family) };
}

function parseRange(word: string): { first: string; last: string } {
  const cidr = parseCidr(word);
  if (cidr) {
    const { subnet } = cidr;
    // podman leaves out the first address of a block.
    const first = subnet.last > subnet.network ? subnet.network + 1n : subnet.network;
    return { first: addressText(first, subnet.family), last: addressText(subnet.last, subnet.family) };
  }
  const [first, last] = word.split('-').map((part) => canonicalIp(part.trim()));
  if (!first || !last || word.split('-').length !== 2)
    throw invalid(`invalid CIDR address: ${word}`, 'write --ip-range 10.90.0.128/25 or FIRST-LAST');
  if (first.includes(':') !== last.includes(':') || addressNumber(first) > addressNumber(last))
    throw invalid(`--ip-range ${word}: ${last} does not come after ${first}`);
  return { first, last };
}

function greater(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function isBetween(number: bigint, first: bigint, last: bigint): boolean {
  return number >= first && number <= last;
}

function invalid(message: string, hint?: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', message, hint ? { hint } : {});
}
