import ipaddr from 'ipaddr.js';

/**
 * The canonical spelling (`::1`, `10.0.0.1`; IPv4-mapped IPv6 becomes IPv4) of an IP literal as Go's
 * net.ParseIP has them: dotted IPv4 with four decimal parts, or IPv6 without a zone. Undefined for any other.
 */
export function canonicalIp(text: string): string | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return text;
  if (!text.includes(':') || text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined;
  const address = ipaddr.IPv6.parse(text);
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address.toString();
}
