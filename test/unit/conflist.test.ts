import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BridgeNetwork, bridgeNetwork, networkSubnets } from '../../rootful/bridge-network.ts';
import { Networks } from '../../rootful/networks.ts';
import { findConfList, parseConfList } from '../../src/network/conflist.ts';
import { type HostRoute, readHostRoutes } from '../../src/network/host-routes.ts';
import { subnetText } from '../../src/network/subnet.ts';
import { bridgeConfList, explainedConfList } from '../conformance/conflists.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'peapod-conflist-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

const read = (document: unknown) =>
  bridgeNetwork(parseConfList('/x/10-x.conflist', JSON.stringify(document)));
const refused = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe('a conflist', () => {
  it('of "Understand networking in Podman" is understood unchanged [A9]', () => {
    const network = bridgeNetwork(
      parseConfList('/etc/cni/net.d/87-podman-bridge.conflist', explainedConfList),
    );
    expect(network).toMatchObject({
      name: 'podman',
      bridge: 'cni0',
      isGateway: true,
      ipMasq: true,
      hairpinMode: false,
      portMapping: { snat: true },
    });
    const { ipam } = network;
    if (ipam.kind !== 'host-local') throw new Error('not host-local');
    expect(ipam.rangeSets.flat().map(({ subnet, gateway }) => [subnetText(subnet), gateway])).toEqual([
      ['10.88.0.0/16', '10.88.0.1'],
    ]);
    expect(ipam.routes.map(({ destination }) => subnetText(destination))).toEqual(['0.0.0.0/0']);
  });

  it('as podman 4 writes it is understood: ranges, firewall, tuning', () => {
    const network = read({
      cniVersion: '0.4.0',
      name: 'web',
      plugins: [
        {
          type: 'bridge',
          bridge: 'cni-podman1',
          isGateway: true,
          ipMasq: true,
          hairpinMode: true,
          mtu: 1400,
          ipam: {
            type: 'host-local',
            routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
            ranges: [
              [
                {
                  subnet: '10.89.0.0/24',
                  gateway: '10.89.0.254',
                  rangeStart: '10.89.0.10',
                  rangeEnd: '10.89.0.20',
                },
              ],
              [{ subnet: 'fd00:1::/64' }],
            ],
          },
        },
        { type: 'portmap', capabilities: { portMappings: true } },
        { type: 'firewall', backend: '' },
        { type: 'tuning' },
      ],
    });
    expect(network).toMatchObject({ bridge: 'cni-podman1', hairpinMode: true, mtuBytes: 1400 });
    expect(network.ipam).toMatchObject({
      rangeSets: [[{ gateway: '10.89.0.254' }], [{ gateway: 'fd00:1::1' }]],
    });
  });

  it.each<[string, unknown, RegExp]>([
    ['no object', [], /10-x.conflist: must be an object/],
    ['no name', { plugins: [] }, /name: is missing/],
    ['a name that leaves its directory', bridgeConfList({ name: '../x' }), /name: "..\/x" is not a name/],
    ['an unknown version', bridgeConfList({ cniVersion: '9.0.0' }), /cniVersion: "9.0.0" is not known/],
    ['no plugins', { name: 'x', cniVersion: '0.4.0' }, /plugins: must list at least one/],
    ['a plugin without a type', { name: 'x', plugins: [{}] }, /plugins\[0\].type: is missing/],
    ['a plugin that is a path', { name: 'x', plugins: [{ type: '../sh' }] }, /plugins\[0\].type/],
    [
      'a switch that is none',
      bridgeConfList({}, { ipMasq: 'yes' }),
      /plugins\[0\].ipMasq: must be true or false/,
    ],
    [
      'an interface name that is too long',
      bridgeConfList({}, { bridge: 'a-name-of-16-byt' }),
      /plugins\[0\].bridge/,
    ],
    ['an mtu that is none', bridgeConfList({}, { mtu: 70_000 }), /plugins\[0\].mtu: must be a whole number/],
    [
      'both promiscuous and hairpin',
      bridgeConfList({}, { hairpinMode: true, promiscMode: true }),
      /promiscMode/,
    ],
    ['no subnet', bridgeConfList({}, {}, { type: 'host-local' }), /ipam: needs a subnet or ranges/],
    [
      'host bits',
      bridgeConfList({}, {}, { subnet: '10.9.0.1/24' }),
      /ipam.subnet: has host bits set; a \/24 begins at 10.9.0.0/,
    ],
    ['a subnet of one', bridgeConfList({}, {}, { subnet: '10.9.0.0/31' }), /too small/],
    ['no CIDR', bridgeConfList({}, {}, { subnet: '10.9.0.0' }), /not an address with a prefix length/],
    [
      'a foreign gateway',
      bridgeConfList({}, {}, { gateway: '10.8.0.1' }),
      /gateway: 10.8.0.1 is not in 10.9.0.0\/24/,
    ],
    ['a foreign range', bridgeConfList({}, {}, { rangeStart: '10.8.0.1' }), /rangeStart: 10.8.0.1 is not in/],
    [
      'a reversed range',
      bridgeConfList({}, {}, { rangeStart: '10.9.0.9', rangeEnd: '10.9.0.3' }),
      /rangeEnd/,
    ],
    [
      'a route without a destination',
      bridgeConfList({}, {}, { routes: [{}] }),
      /ipam.routes\[0\].dst: is missing/,
    ],
    [
      'overlapping ranges',
      bridgeConfList({}, {}, { ranges: [[{ subnet: '10.9.0.0/24' }]] }),
      /ipam.ranges: 10.9.0.0\/24 and 10.9.0.0\/24 overlap/,
    ],
    [
      'mixed families',
      bridgeConfList({}, {}, { ranges: [[{ subnet: '10.7.0.0/24' }, { subnet: 'fd00::/64' }]] }),
      /mixes IPv4 and IPv6/,
    ],
  ])('with %s is refused, naming file and place', (_, document, message) => {
    expect(() => read(document)).toThrow(refused('NETWORK_CONFIG', message));
    expect(() => read(document)).toThrow(/^\/x\/10-x.conflist: /);
  });

  it.each<[string, unknown]>([
    ['the plugin "macvlan"', bridgeConfList({ plugins: [{ type: 'macvlan', ipam: {} }] })],
    ['the plugin "bandwidth"', bridgeConfList({}, {}, {}, [{ type: 'bandwidth' }])],
    ['ipam "dhcp"', bridgeConfList({}, {}, { type: 'dhcp' })],
    ['plugins[0].vlan', bridgeConfList({}, { vlan: 5 })],
    [
      'plugins[1].sysctl',
      bridgeConfList({}, {}, {}, [{ type: 'tuning', sysctl: { 'net.core.somaxconn': '5' } }]),
    ],
    [
      'plugins[1].ingressPolicy',
      bridgeConfList({}, {}, {}, [{ type: 'firewall', ingressPolicy: 'isolated' }]),
    ],
  ])('that needs %s is unsupported by name, not half obeyed', (what, document) => {
    expect(() => read(document)).toThrow(
      expect.objectContaining({ code: 'NETWORK_UNSUPPORTED', message: expect.stringContaining(what) }),
    );
  });

  it('takes null and zero values for missing ones, as Go does', () => {
    expect(read(bridgeConfList({}, { vlan: 0, vlanTrunk: [], mtu: 0, bridge: null }))).toMatchObject({
      bridge: 'cni0',
      mtuBytes: undefined,
    });
  });
});

describe('a directory of conflists', () => {
  const write = (file: string, content: unknown) =>
    writeFileSync(join(directory, file), typeof content === 'string' ? content : JSON.stringify(content));

  it('is searched by the name in the files, first file first', () => {
    write('20-b.conflist', bridgeConfList({ name: 'web', cniVersion: '1.0.0' }));
    write('10-a.conflist', bridgeConfList({ name: 'web' }));
    write('05-other.conf', bridgeConfList({ name: 'web' }));
    expect(findConfList(directory, 'web')?.source).toBe(join(directory, '10-a.conflist'));
    expect(findConfList(directory, 'db')).toBeUndefined();
    expect(findConfList(join(directory, 'none'), 'web')).toBeUndefined();
  });

  it.each([
    ['an empty file', '87-podman-bridge', '', 'podman'],
    ['one cut off', '87-podman-bridge', '{"cniVersion": "0.4.0", "na', 'podman'],
    ['no JSON', '87-podman-bridge', 'network podman', 'podman'],
    ['no object', '87-podman-bridge', 'null', 'podman'],
    ['no name but that of a label', '87-podman-bridge', '{"args": {"labels": {"name": "a"}}}', 'podman'],
    ['a name that none can have', '87-podman-bridge', '{"name": ""}', 'podman'],
    ['any name and number', '10-web', '', 'web'],
    ['two dashes in the name', '10_back-end_bridge', '', 'back-end'],
    ['no number', 'podman', '', 'podman'],
    ['a name cut off after it', 'x', '{"name": "podman", "plu', 'podman'],
  ])('a broken file stands in the way of the name that it suggests: %s', (_, stem, text, name) => {
    write(`${stem}.conflist`, text);
    expect(() => findConfList(directory, name)).toThrow(
      refused('NETWORK_CONFIG', new RegExp(`/${stem}.conflist: `)),
    );
    write('99.conflist', bridgeConfList({ name }));
    expect(findConfList(directory, name)?.name).toBe(name);
  });

  it.each([
    ['of another name', '87-back-bridge', ''],
    ['with a longer name', '87-podman-bridge-2', ''],
    ['with a name before it', '87-my-podman', ''],
    ['that says another name', '87-podman-bridge', '{"name": "back", "plu'],
    ['as `network create podman-bridge` names it', 'podman-bridge', ''],
    ['with nothing but a number', '87', ''],
  ])('a broken file %s does not stand in the way of podman', (_, stem, text) => {
    write(`${stem}.conflist`, text);
    expect(findConfList(directory, 'podman')).toBeUndefined();
  });

  it('with a broken file serves the others, and names the file when nothing else fits', () => {
    write('10-broken.conflist', '{"name": "web",');
    write('20-ok.conflist', bridgeConfList({ name: 'db' }));
    expect(findConfList(directory, 'db')?.name).toBe('db');
    expect(() => findConfList(directory, 'web')).toThrow(
      refused('NETWORK_CONFIG', /10-broken.conflist: is not JSON/),
    );
  });
});

describe('the default network', () => {
  const routes = (...lines: string[]) => {
    writeFileSync(join(directory, 'route'), `Iface\tDestination\tGateway\n${lines.join('\n')}\n`);
    return () => readHostRoutes(directory);
  };
  const route = (name: string, destination: string, mask: string) =>
    `${name}\t${destination}\t00000000\t0001\t0\t0\t0\t${mask}\t0\t0\t0`;
  const open = (read: () => readonly HostRoute[]) =>
    new Networks({ networkConfig: join(directory, 'net.d'), root: join(directory, 'root') }, read);
  const subnetsOf = (network: BridgeNetwork) => networkSubnets(network).map(subnetText);

  it('without a conflist equals podman’s: cni-podman0 on 10.88.0.0/16', () => {
    const network = open(routes()).find('podman');
    expect(network).toMatchObject({
      bridge: 'cni-podman0',
      isGateway: true,
      ipMasq: true,
      portMapping: { snat: true },
    });
    expect(subnetsOf(network)).toEqual(['10.88.0.0/16']);
    expect(existsSync(join(directory, 'root'))).toBe(false);
  });

  it('takes the next subnet that the host does not route, a wider or a narrower route in the way', () => {
    const eth = routes(
      route('eth0', '00000000', '00000000'),
      route('tun0', '0080580A', '00F0FFFF'),
      route('tun1', '0000580A', '0000FEFF'),
    );
    expect(subnetsOf(open(eth).find('podman'))).toEqual(['10.90.0.0/16']);
    expect(subnetsOf(open(routes(route('cni-podman0', '0000580A', '0000FFFF'))).find('podman'))).toEqual([
      '10.88.0.0/16',
    ]);
    expect(() =>
      open(routes(route('a', '0000000A', '000000FF'), route('b', '000010AC', '0000F0FF'))).find('podman'),
    ).toThrow(expect.objectContaining({ code: 'NETWORK_CONFIG' }));
  });

  it('keeps its subnet once a pod has used it', () => {
    const crowded = routes(route('tun0', '0000580A', '0000FFFF'));
    expect(subnetsOf(open(crowded).settle('podman'))).toEqual(['10.89.0.0/16']);
    expect(subnetsOf(open(routes()).find('podman'))).toEqual(['10.89.0.0/16']);
    expect(subnetsOf(open(routes()).settle('podman'))).toEqual(['10.89.0.0/16']);
  });

  it('is the administrator’s where a conflist defines it, whatever peapod wrote before [A9]', () => {
    open(routes()).settle('podman');
    mkdirSync(join(directory, 'net.d'));
    writeFileSync(join(directory, 'net.d', '87-podman-bridge.conflist'), explainedConfList);
    expect(open(routes()).find('podman').bridge).toBe('cni0');
    expect(() => open(routes()).find('web')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  });
});

describe('the routes of the host', () => {
  it('are read from /proc/net for both families', () => {
    writeFileSync(
      join(directory, 'route'),
      'Iface\ncni0\t0000580A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n',
    );
    writeFileSync(
      join(directory, 'ipv6_route'),
      'fd000001000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n' +
        '00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n',
    );
    expect(readHostRoutes(directory).map((one) => [one.interface, subnetText(one.destination)])).toEqual([
      ['cni0', '10.88.0.0/16'],
      ['eth0', 'fd00:1::/64'],
    ]);
  });
});
