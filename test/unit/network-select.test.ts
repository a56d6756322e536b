import { describe, expect, it } from 'vitest';
import { chooseHostPorts } from '../../src/network/free-port.ts';
import { parseNetworkRequest } from '../../src/network/network-request.ts';
import { selectBackend } from '../../src/network/select.ts';
import type { NetworkRequest, PortRequest } from '../../src/network/types.ts';

describe('--network', () => {
  it.each<[string, NetworkRequest]>([
    ['none', { kind: 'none' }],
    ['host', { kind: 'host' }],
    ['private', { kind: 'default', options: {} }],
    ['', { kind: 'default', options: {} }],
    ['container:web', { kind: 'container', container: 'web' }],
    ['ns:/run/netns/a', { kind: 'netns', path: '/run/netns/a' }],
    ['bridge', { kind: 'network', name: 'bridge', options: {} }],
    ['bridge:ip=10.88.0.9', { kind: 'network', name: 'bridge', options: { ip: '10.88.0.9' } }],
    [
      'slirp4netns:mtu=1400,allow_host_loopback=true',
      { kind: 'network', name: 'slirp4netns', options: { mtu: '1400', allow_host_loopback: 'true' } },
    ],
    [
      'web.net:ip=10.1.0.9,ip=fd00::9,mac_address=02:00:00:00:00:01,interface_name=net1,alias=a,alias=b',
      {
        kind: 'network',
        name: 'web.net',
        options: { ip: '10.1.0.9,fd00::9', mac: '02:00:00:00:00:01', interface_name: 'net1', alias: 'a,b' },
      },
    ],
  ])('reads %s', (value, expected) => {
    expect(parseNetworkRequest(value)).toEqual(expected);
  });

  it.each<[string, RegExp]>([
    ['none:x=y', /takes no options/],
    ['host:', /takes no options/],
    ['ns:relative', /absolute path/],
    ['ns', /absolute path/],
    ['container:', /name or id/],
    [':ip=1', /name of the network is missing/],
    ['../etc', /not a name/],
    ['-x', /not a name/],
    ['web:ip', /not of the form key=value/],
    ['web:=1', /not of the form key=value/],
    ['web:ip=', /has no value/],
    ['web:colour=red', /unknown option "colour"/],
    ['web:__proto__=1', /unknown option/],
    ['a,b:ip=10.0.0.5', /options belong to one network/],
  ])('refuses "%s" and says why', (value, why) => {
    expect(() => parseNetworkRequest(value)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(why) }),
    );
  });
});

describe('the choice of a backend [A17]', () => {
  const choose = (value: string, rootless: boolean) => {
    const request = parseNetworkRequest(value);
    if (request.kind !== 'default' && request.kind !== 'network') throw new Error('not for a backend');
    return selectBackend(request, { rootless });
  };

  it('gives root a bridge and everyone else slirp4netns, and says why', () => {
    expect(choose('', false)).toMatchObject({ backend: 'bridge', network: 'podman' });
    expect(choose('', true)).toMatchObject({ backend: 'slirp4netns', network: 'slirp4netns' });
    expect(choose('', false).reason).toMatch(/root/);
    expect(choose('', true).reason).toMatch(/privilege/);
  });

  it('lets --network win: root may take slirp4netns, a user a bridge network', () => {
    expect(choose('slirp4netns:mtu=1400', false)).toMatchObject({
      backend: 'slirp4netns',
      options: { mtu: '1400' },
    });
    expect(choose('bridge', true)).toMatchObject({ backend: 'bridge', network: 'podman' });
    expect(choose('web:ip=10.1.0.9', true)).toMatchObject({
      backend: 'bridge',
      network: 'web',
      options: { ip: '10.1.0.9' },
    });
    expect(choose('web', true).reason).toContain('--network web');
  });
});

describe('open host ports [A5]', () => {
  const open = (containerPort: number, over: Partial<PortRequest> = {}): PortRequest => ({
    protocol: 'tcp',
    hostIp: '',
    hostPort: undefined,
    containerPort,
    ...over,
  });

  it('get a free port each, never one twice, and named ones stay', async () => {
    const named = open(1, { hostPort: 8080 });
    const requests = [
      named,
      ...Array.from({ length: 20 }, (_, n) => open(n + 2)),
      open(53, { protocol: 'udp' }),
    ];
    const chosen = await chooseHostPorts(requests, () => new Set());
    expect(chosen[0]).toEqual(named);
    const tcp = chosen.filter(({ protocol }) => protocol === 'tcp').map(({ hostPort }) => hostPort);
    expect(new Set(tcp).size).toBe(21);
    for (const { hostPort } of chosen) expect(hostPort).toBeGreaterThan(1023);
  });

  it.each(['tcp', 'udp'] as const)('are never ones that the store has reserved (%s)', async (protocol) => {
    const reserved = new Set(Array.from({ length: 65_535 }, (_, n) => n).filter((n) => n % 4 < 2));
    const requests = Array.from({ length: 10 }, (_, n) => open(n + 1, { protocol }));
    const chosen = await chooseHostPorts(requests, () => reserved);
    for (const { hostPort } of chosen) expect(hostPort % 4).toBeGreaterThan(1);
  });

  it('are an error where all are reserved, and reserved for one protocol only', async () => {
    const all = new Set(Array.from({ length: 65_536 }, (_, n) => n));
    const taken = (protocol: string) => (protocol === 'udp' ? all : new Set<number>());
    await expect(chooseHostPorts([open(80)], taken)).resolves.toHaveLength(1);
    await expect(chooseHostPorts([open(80, { protocol: 'udp' })], taken)).rejects.toThrow(
      expect.objectContaining({ code: 'PORT_IN_USE' }),
    );
  });

  it('of an address that no interface has are refused', async () => {
    await expect(chooseHostPorts([open(80, { hostIp: '198.51.100.77' })], () => new Set())).rejects.toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});
