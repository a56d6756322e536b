import { describe, expect, it } from 'vitest';
import { type DnsZone, formatZone, parseZone, withEntry } from '../../rootful/dns-zone.ts';

const web = {
  id: 'a'.repeat(64),
  addresses: ['10.89.0.2', 'fd00::2'],
  names: ['web', 'aaaaaaaaaaaa', 'WWW', 'www'],
  forwarders: ['10.0.2.3', 'fd00::53'],
};
const cache = { id: 'b'.repeat(64), addresses: ['fd00::3'], names: ['cache'], forwarders: [] };
const zone: DnsZone = { listen: ['10.89.0.1', 'fd00::1'], entries: [web, cache] };

describe('a zone of aardvark-dns', () => {
  it('has its listeners first, then a line of five columns a pod, empty ones too', () => {
    expect(formatZone(zone)).toBe(
      [
        '10.89.0.1,fd00::1',
        `${web.id} 10.89.0.2 fd00::2 web,aaaaaaaaaaaa,www 10.0.2.3,fd00::53`,
        `${cache.id}  fd00::3 cache`,
        '',
      ].join('\n'),
    );
  });

  it('is read as it was written', () => {
    const written = formatZone(zone);
    expect(parseZone(written)).toEqual({
      ...zone,
      entries: [{ ...web, names: ['web', 'aaaaaaaaaaaa', 'www'] }, cache],
    });
    expect(formatZone(parseZone(written))).toBe(written);
    expect(parseZone('')).toEqual({ listen: [], entries: [] });
  });

  it('keeps the places of its entries, so that a change of nothing is no change', () => {
    expect(withEntry(zone, { ...web })).toEqual(zone);
    expect(withEntry(zone, { ...web, names: ['new'] }).entries.map(({ names }) => names[0])).toEqual([
      'new',
      'cache',
    ]);
  });

  it('never leads one address to two pods: who gets it now is right', () => {
    const heir = { id: 'c'.repeat(64), addresses: ['10.89.0.2'], names: ['heir'], forwarders: [] };
    expect(withEntry(zone, heir).entries.map(({ id }) => id)).toEqual([cache.id, heir.id]);
  });
});
