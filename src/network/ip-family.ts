/** What can be told of a canonical address without parsing it; apart, so that `ps` loads no parser. */

export type IpFamily = 4 | 6;

export function ipFamily(address: string): IpFamily {
  return address.includes(':') ? 6 : 4;
}

/** An address as it stands in a URL or before a port: IPv6 in brackets. */
export function bracketed(address: string): string {
  return ipFamily(address) === 6 ? `[${address}]` : address;
}
