import ipaddr from 'ipaddr.js';

/** IP literals as Go's net.ParseIP has them: dotted IPv4 with four decimal parts, or IPv6 without a zone. */

export type IpFamily = 4 | 6;

/** The canonical spelling (`::1`, `10.0.0.1`; IPv4-mapped IPv6 becomes IPv4), or undefined where it is no address. */
export function canonicalIp(text: string): string | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return text;
  if (!text.includes(':') || text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined;
  const address = ipaddr.IPv6.parse(text);
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address.toString();
}

/** Of a canonical address. */
export function ipFamily(address: string): IpFamily {
  return address.includes(':') ? 6 : 4;
}

/** An address as it stands in a URL or before a port: IPv6 in brackets. */
export function bracketed(address: string): string {
  return ipFamily(address) === 6 ? `[${address}]` : address;
}
