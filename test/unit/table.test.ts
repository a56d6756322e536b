import { describe, expect, it } from 'vitest';
import { describePorts, groupPorts } from '../../src/commands/format/ports.ts';
import { humanSize } from '../../src/commands/format/size.ts';
import { table } from '../../src/commands/format/table.ts';
import { ago, humanDuration, parseDurationMs, unixSeconds } from '../../src/commands/format/time.ts';
import type { PublishedPort } from '../../src/network/types.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

describe('a table', () => {
  it('has columns at least ten wide, two spaces apart, and nothing at the ends of its lines', () => {
    expect(
      table([
        ['CONTAINER ID', 'IMAGE', 'PORTS', 'NAMES'],
        ['39814ca24a8e', 'localhost/bb:latest', '', 'a'],
        ['84915ba134ee', 'é', '', ''],
      ]),
    ).toBe(
      [
        'CONTAINER ID  IMAGE                PORTS       NAMES',
        '39814ca24a8e  localhost/bb:latest              a',
        '84915ba134ee  é',
        '',
      ].join('\n'),
    );
  });

  it('of podman ps without containers', () => {
    expect(table([['CONTAINER ID', 'IMAGE', 'COMMAND', 'CREATED', 'STATUS', 'PORTS', 'NAMES']])).toBe(
      'CONTAINER ID  IMAGE       COMMAND     CREATED     STATUS      PORTS       NAMES\n',
    );
  });

  it('without rows is empty', () => {
    expect(table([])).toBe('');
  });
});

describe('durations', () => {
  it.each([
    [0, 'Less than a second'],
    [999, 'Less than a second'],
    [second, '1 second'],
    [59 * second, '59 seconds'],
    [minute, 'About a minute'],
    [2 * minute, '2 minutes'],
    [59 * minute, '59 minutes'],
    [hour, 'About an hour'],
    [89 * minute, 'About an hour'],
    [90 * minute, '2 hours'],
    [47 * hour, '47 hours'],
    [48 * hour, '2 days'],
    [13 * day, '13 days'],
    [14 * day, '2 weeks'],
    [59 * day, '8 weeks'],
    [60 * day, '2 months'],
    [729 * day, '24 months'],
    [730 * day, '2 years'],
  ])('%i ms is %s', (durationMs, expected) => {
    expect(humanDuration(durationMs)).toBe(expected);
  });

  it('a clock that was set back is no negative time', () => {
    expect(ago(5000, 1000)).toBe('Less than a second ago');
  });

  it.each([
    ['250ms', 250],
    ['5s', 5000],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['-3s', -3000],
    ['0', 0],
    ['5', undefined],
    ['soon', undefined],
    ['', undefined],
    ['s', undefined],
  ])('%s is %s ms', (text, expected) => {
    expect(parseDurationMs(text)).toBe(expected);
  });

  it('what never happened is the zero time of Go', () => {
    expect(unixSeconds(undefined)).toBe(-62135596800);
    expect(unixSeconds(1795232438999)).toBe(1795232438);
  });
});

describe('sizes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [702_590, '703 kB'],
    [1_998_063, '2 MB'],
    [187_000_000, '187 MB'],
    [1_234_567_890, '1.23 GB'],
  ])('%i bytes are %s', (bytes, expected) => {
    expect(humanSize(bytes)).toBe(expected);
  });
});

describe('ports', () => {
  const port = (
    hostPort: number,
    containerPort: number,
    more: Partial<PublishedPort> = {},
  ): PublishedPort => ({
    protocol: 'tcp',
    hostIp: '',
    hostPort,
    containerPort,
    via: 'relay',
    ...more,
  });

  it('neighbours become a range, addresses and protocols stay apart', () => {
    const ports = [
      port(18091, 81, { hostIp: '127.0.0.1' }),
      port(18101, 91),
      port(18090, 80),
      port(18100, 90),
      port(18102, 92),
      port(18103, 99),
      port(18104, 100, { protocol: 'udp' }),
      port(53, 53, { hostIp: '::1' }),
    ];
    expect(describePorts(ports)).toBe(
      '0.0.0.0:18090->80/tcp, 0.0.0.0:18100-18102->90-92/tcp, 0.0.0.0:18103->99/tcp, 0.0.0.0:18104->100/udp, 127.0.0.1:18091->81/tcp, [::1]:53->53/tcp',
    );
    expect(groupPorts(ports)[1]).toEqual({
      host_ip: '',
      container_port: 90,
      host_port: 18100,
      range: 3,
      protocol: 'tcp',
    });
  });

  it('exposed ports follow where they are not published', () => {
    expect(describePorts([port(8080, 80)], ['80/tcp', '443/tcp'])).toBe('0.0.0.0:8080->80/tcp, 443/tcp');
    expect(describePorts([], ['443/tcp'])).toBe('443/tcp');
    expect(describePorts([])).toBe('');
  });
});
