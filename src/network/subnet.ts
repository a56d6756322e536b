import ipaddr from 'ipaddr.js';
import { canonicalIp } from './ip-address.ts';
import { type IpFamily, ipFamily } from './ip-family.ts';

/** A block of addresses with no host bits set. Numbers are whole addresses, so that they can be counted. */
export interface Subnet {
  readonly family: IpFamily;
  readonly prefixLength: number;
  readonly network: bigint;
  /** The broadcast address for IPv4. */
  readonly last: bigint;
}

export const addressBits: Readonly<Record<IpFamily, number>> = { 4: 32, 6: 128 };

/** Of a canonical address. */
export function addressNumber(address: string): bigint {
  const bytes = ipaddr.parse(address).toByteArray();
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

export function addressText(number: bigint, family: IpFamily): string {
  const bytes: number[] = [];
  for (let shift = addressBits[family] - 8; shift >= 0; shift -= 8) {
    bytes.push(Number((number >> BigInt(shift)) & 0xffn));
  }
  return ipaddr.fromByteArray(bytes).toString();
}

export interface AddressWithPrefix {
  /** Canonical, host bits kept. */
  readonly address: string;
  readonly subnet: Subnet;
}

/** `10.88.0.7/16`; undefined where it is none. */
export function parseCidr(text: string): AddressWithPrefix | undefined {
  const [literal = '', length, ...rest] = text.split('/');
  const address = canonicalIp(literal);
  if (!address || length === undefined || rest.length > 0 || !/^\d{1,3}$/.test(length)) return undefined;
  const family = ipFamily(address);
  const prefixLength = Number(length);
  if (prefixLength > addressBits[family]) return undefined;
  return { address, subnet: makeSubnet(addressNumber(address), prefixLength, family) };
}

/** The subnet of that length that holds the address. */
export function makeSubnet(address: bigint, prefixLength: number, family: IpFamily): Subnet {
  const hostMask = (1n << BigInt(addressBits[family] - prefixLength)) - 1n;
  const network = address & ~hostMask;
  return { family, prefixLength, network, last: network | hostMask };
}

/** `10.88.0.0/16`. */
export function subnetText(subnet: Subnet): string {
  return `${addressText(subnet.network, subnet.family)}/${subnet.prefixLength}`;
}

/** `address` is canonical. */
export function subnetHolds(subnet: Subnet, address: string): boolean {
  if (ipFamily(address) !== subnet.family) return false;
  const number = addressNumber(address);
  return number >= subnet.network && number <= subnet.last;
}

export function subnetsOverlap(a: Subnet, b: Subnet): boolean {
  return a.family === b.family && a.network <= b.last && b.network <= a.last;
}
