/**
 * One network as aardvark-dns(1) reads it, a file named after the network: the addresses to listen on, then
 * a line for each pod: `ID IPv4,… IPv6,… NAME,… FORWARDER,…`, separated by single blanks. The last column
 * came with version 1.3. See config.md of https://github.com/containers/aardvark-dns.
 */
export interface DnsZone {
  readonly listen: readonly string[];
  readonly entries: readonly DnsEntry[];
}

export interface DnsEntry {
  /** The target's. */
  readonly id: string;
  /** Without prefix lengths. A pod is known by the one it asks from. */
  readonly addresses: readonly string[];
  readonly names: readonly string[];
  /** Who is asked on the pod's behalf about all other names; the host's resolvers where empty. */
  readonly forwarders: readonly string[];
}

/** The lines of entries that were read: with hundreds of them, writing them anew takes longer than the rest. */
const lineOf = new WeakMap<DnsEntry, string>();

export function formatZone({ listen, entries }: DnsZone): string {
  const lines = entries.map((entry) => `${lineOf.get(entry) ?? formatEntry(entry)}\n`);
  return `${listen.join(',')}\n${lines.join('')}`;
}

function formatEntry({ id, addresses, names, forwarders }: DnsEntry): string {
  return [
    id,
    addresses.filter((address) => !address.includes(':')).join(','),
    addresses.filter((address) => address.includes(':')).join(','),
    // What is asked for is compared in lower case.
    [...new Set(names.map((name) => name.toLowerCase()))].join(','),
    ...(forwarders.length > 0 ? [forwarders.join(',')] : []),
  ].join(' ');
}

/** What `formatZone` has written; lines that it cannot have written are left out. */
export function parseZone(text: string): DnsZone {
  const [first = '', ...lines] = text.split('\n');
  return {
    listen: words(first),
    entries: lines.flatMap((line) => {
      const [id, four = '', six = '', names = '', forwarders = ''] = line.split(' ');
      if (!id) return [];
      const entry = {
        id,
        addresses: [...words(four), ...words(six)],
        names: words(names),
        forwarders: words(forwarders),
      };
      lineOf.set(entry, line);
      return entry;
    }),
  };
}

/**
 * The zone with this entry and without any other of the same id or one of its addresses: who has an address now
 * is the only one that it may lead to.
 */
export function withEntry(zone: DnsZone, entry: DnsEntry): DnsZone {
  const taken = new Set(entry.addresses);
  const kept = zone.entries.filter(
    ({ id, addresses }) => id === entry.id || !addresses.some((address) => taken.has(address)),
  );
  if (!kept.some(({ id }) => id === entry.id)) return { ...zone, entries: [...kept, entry] };
  return { ...zone, entries: kept.map((other) => (other.id === entry.id ? entry : other)) };
}

function words(text: string): string[] {
  return text.split(',').filter((word) => word !== '');
}
