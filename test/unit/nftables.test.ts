import { describe, expect, it } from 'vitest';
import { idleBridges, type ListedLink } from '../../rootful/bridge.ts';
import { type BridgeNetwork, bridgeNetwork } from '../../rootful/bridge-network.ts';
import type { AssignedAddress } from '../../rootful/ipam.ts';
import {
  bridgeAddresses,
  createBridgeLines,
  hostInterfaceName,
  macOf,
  plugInLines,
  podLines,
  podRoutes,
  sysctlScript,
} from '../../rootful/links.ts';
import { parseListing } from '../../rootful/nft-listing.ts';
import {
  addElements,
  baseRuleset,
  deleteElements,
  networkElements,
  portElements,
  ruleCountsOf,
} from '../../rootful/nftables.ts';
import { refuseUnpublishable } from '../../rootful/publisher.ts';
import { parseConfList } from '../../src/network/conflist.ts';
import { parsePorts } from '../../src/network/port-spec.ts';
import { parseCidr } from '../../src/network/subnet.ts';
import type { PortMapping } from '../../src/network/types.ts';
import { bridgeConfList, explainedConfList } from '../conformance/conflists.ts';

const id = 'c0ffee'.padEnd(64, '0');
const explained = bridgeNetwork(parseConfList('x', explainedConfList));
const network = (...parts: Parameters<typeof bridgeConfList>) =>
  bridgeNetwork(parseConfList('x', JSON.stringify(bridgeConfList(...parts))));
const dualStack = (bridge: Record<string, unknown> = {}) =>
  network({}, bridge, {
    type: 'host-local',
    ranges: [[{ subnet: '10.9.0.0/24' }], [{ subnet: 'fd00:9::/64' }]],
    routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }, { dst: '10.20.0.0/16', gw: '10.9.0.7' }],
  });
const assigned = (cidr: string, gateway: string): AssignedAddress => ({
  ...(parseCidr(cidr) as NonNullable<ReturnType<typeof parseCidr>>),
  gateway,
});
const ports = (...specs: string[]) => parsePorts(specs) as PortMapping[];
const link = (addresses: AssignedAddress[]) => ({
  hostInterface: hostInterfaceName({ id, ifname: 'eth0' }),
  ifname: 'eth0',
  macAddress: '0a:58:0a:58:00:02',
  netnsPath: '/run/peapod/sandboxes/c0ffee/net',
  addresses,
  announce: false,
  metric: 0,
});

describe('the firewall as text', () => {
  it('admits a network with its subnet, masquerade and localhost [A10]', () => {
    expect(addElements(networkElements(explained))).toBe(
      'add element inet peapod subnets4 { 10.88.0.0/16 comment "cni0" }\n' +
        'add element inet peapod masquerade4 { 10.88.0.0/16 comment "cni0" }\n' +
        'add element inet peapod bridges { "cni0" comment "cni0" }\n' +
        'add element inet peapod localnet { "cni0" comment "cni0" }\n',
    );
  });

  it('keeps isolated networks apart from all others, and lets published ports and a bridge’s own traffic pass [C5]', () => {
    const apart = network({}, { bridge: 'br.a' }, {}, [{ type: 'firewall', ingressPolicy: 'same-bridge' }]);
    const text = addElements(networkElements(apart));
    expect(text).toContain('add element inet peapod isolated { "br.a" comment "br.a" }\n');
    expect(text).toContain('add element inet peapod within { "br.a" . "br.a" comment "br.a" }\n');
    expect(addElements(networkElements(explained))).not.toContain('isolated');
    expect(baseRuleset).toContain('iifname @isolated oifname @bridges jump isolation');
    expect(baseRuleset).toContain('iifname @bridges oifname @isolated jump isolation');
    expect(baseRuleset).toMatch(
      /chain isolation \{\n\s+ct status dnat return\n\s+iifname \. oifname @within return\n\s+drop\n/,
    );
  });

  it('does not masquerade where ipMasq is off, nor open localhost where portmap does not translate', () => {
    const quiet = network({}, { ipMasq: false }, {}, [{ type: 'portmap', snat: false }]);
    expect(networkElements(quiet).map(({ set }) => set)).toEqual(['subnets4', 'bridges']);
  });

  it('redirects a port for both families of a pod, and for the family of its host address', () => {
    const pod = { 4: '10.88.0.2', 6: 'fd00::2' };
    expect(addElements(ports('8080:80').flatMap((port) => portElements(id, pod, port)))).toBe(
      `add element inet peapod ports4 { tcp . 8080 comment "${id}" : 10.88.0.2 . 80 }\n` +
        `add element inet peapod ports6 { tcp . 8080 comment "${id}" : fd00::2 . 80 }\n`,
    );
    const specific = ports('127.0.0.1:53:5353/udp', '[2001:db8::1]:1:2', '0.0.0.0:3:4', '[::]:5:6/sctp');
    expect(addElements(specific.flatMap((port) => portElements(id, pod, port)))).toBe(
      `add element inet peapod host_ports4 { 127.0.0.1 . udp . 53 comment "${id}" : 10.88.0.2 . 5353 }\n` +
        `add element inet peapod host_ports6 { 2001:db8::1 . tcp . 1 comment "${id}" : fd00::2 . 2 }\n` +
        `add element inet peapod ports4 { tcp . 3 comment "${id}" : 10.88.0.2 . 4 }\n` +
        `add element inet peapod ports6 { sctp . 5 comment "${id}" : fd00::2 . 6 }\n`,
    );
  });

  it('puts a range into one command', () => {
    const text = addElements(
      ports('8000-8010:80-90').flatMap((port) => portElements(id, { 4: '10.88.0.2' }, port)),
    );
    expect(text.split('\n')).toHaveLength(2);
    expect(text).toContain(`tcp . 8010 comment "${id}" : 10.88.0.2 . 90 }`);
  });

  it('deletes by key alone', () => {
    const [element] = portElements(id, { 4: '10.88.0.2' }, ports('8080:80')[0] as PortMapping);
    expect(deleteElements([element as NonNullable<typeof element>])).toBe(
      'delete element inet peapod ports4 { tcp . 8080 }\n',
    );
  });

  it('is created once, keeps pods out of the host’s loopback, and never touches ::1', () => {
    expect(baseRuleset.startsWith('create table inet peapod\n')).toBe(true);
    expect(baseRuleset).toContain('iifname @localnet ip daddr 127.0.0.0/8 return');
    expect(baseRuleset).toMatch(/chain answers \{\n\s+ct status dnat accept\n\s+drop\n/);
    expect(baseRuleset).toContain('ip6 daddr ::1 return');
    expect(Object.fromEntries(ruleCountsOf(baseRuleset))).toEqual({
      publish: 4,
      prerouting: 2,
      output: 2,
      input: 1,
      answers: 2,
      forward: 2,
      isolation: 3,
      postrouting: 5,
    });
  });

  it('is read back from nft’s JSON into the same elements', () => {
    const listing = parseListing(
      JSON.stringify({
        nftables: [
          { metainfo: {} },
          { table: { family: 'inet', name: 'peapod' } },
          {
            set: {
              name: 'subnets4',
              elem: [{ elem: { val: { prefix: { addr: '10.88.0.0', len: 16 } }, comment: 'cni0' } }],
            },
          },
          { set: { name: 'localnet', elem: [{ elem: { val: 'cni0', comment: 'cni0' } }] } },
          {
            set: { name: 'within', elem: [{ elem: { val: { concat: ['cni0', 'cni0'] }, comment: 'cni0' } }] },
          },
          { set: { name: 'masquerade6' } },
          {
            map: {
              name: 'ports4',
              elem: [
                [{ elem: { val: { concat: ['tcp', 8080] }, comment: id } }, { concat: ['10.88.0.2', 80] }],
              ],
            },
          },
          { chain: { name: 'output' } },
          { rule: { chain: 'publish' } },
          { rule: { chain: 'publish' } },
        ],
      }),
    );
    expect(listing.exists).toBe(true);
    expect(listing.elements).toEqual([
      { set: 'subnets4', key: '10.88.0.0/16', owner: 'cni0' },
      { set: 'localnet', key: '"cni0"', owner: 'cni0' },
      { set: 'within', key: '"cni0" . "cni0"', owner: 'cni0' },
      { set: 'ports4', key: 'tcp . 8080', value: '10.88.0.2 . 80', owner: id },
    ]);
    expect(listing.ruleCounts).toEqual(
      new Map([
        ['output', 0],
        ['publish', 2],
      ]),
    );
  });
});

describe('interfaces as text', () => {
  it('of a pod on the explained network: bridge with the gateway, cable, address, default route [A9, A10]', () => {
    const one = link([assigned('10.88.0.2/16', '10.88.0.1')]);
    expect(createBridgeLines(explained)).toEqual([
      'link add name cni0 address 0a:58:0a:58:00:01 type bridge',
      'link set dev cni0 addrgenmode none alias peapod',
    ]);
    expect(plugInLines(explained, one)).toEqual([
      'link set dev cni0 up',
      'address replace 10.88.0.1/16 dev cni0 broadcast +',
      'link add name peac0ffee000000 type veth peer name eth0 address 0a:58:0a:58:00:02 netns /run/peapod/sandboxes/c0ffee/net',
      'link set dev peac0ffee000000 addrgenmode none master cni0 up',
      // Not asked for, but a pod reaches its own published port only so.
      'link set dev peac0ffee000000 type bridge_slave hairpin on',
    ]);
    expect(podLines(explained, one)).toEqual([
      'address add 10.88.0.2/16 dev eth0 broadcast +',
      'link set dev eth0 up',
      'route add default via 10.88.0.1 dev eth0',
    ]);
    expect(hostInterfaceName({ id, ifname: 'eth0' })).toHaveLength(15);
  });

  it('of a dual-stack network with mtu, hairpin and a route of its own', () => {
    const net = dualStack({ mtu: 1400, hairpinMode: true });
    const one = link([assigned('10.9.0.2/24', '10.9.0.1'), assigned('fd00:9::2/64', 'fd00:9::1')]);
    expect(bridgeAddresses(net)).toEqual(['10.9.0.1/24', 'fd00:9::1/64']);
    expect(createBridgeLines(net)[0]).toBe(
      'link add name testbr0 address 0a:58:0a:09:00:01 mtu 1400 type bridge',
    );
    expect(createBridgeLines(net)[2]).toBe('address add fe80::1/64 dev testbr0 nodad');
    expect(plugInLines(net, one).slice(2)).toEqual([
      'address replace fd00:9::1/64 dev testbr0 nodad',
      expect.stringMatching(/ mtu 1400 type veth peer name eth0 .* mtu 1400 netns /),
      'link set dev peac0ffee000000 addrgenmode none master testbr0 up',
      'link set dev peac0ffee000000 type bridge_slave hairpin on',
    ]);
    expect(podLines(net, one)).toEqual([
      'address add 10.9.0.2/24 dev eth0 broadcast +',
      'address add fd00:9::2/64 dev eth0 nodad',
      'link set dev eth0 up',
      'route add default via 10.9.0.1 dev eth0',
      'route add default via fd00:9::1 dev eth0',
      'route add 10.20.0.0/16 via 10.9.0.7 dev eth0',
    ]);
    expect(sysctlScript(net, true)).toContain('echo 1 >ipv6/conf/all/forwarding');
  });

  it('quotes a namespace path with blanks for ip’s batch mode', () => {
    const one = { ...link([]), netnsPath: '/home/a user/net' };
    expect(plugInLines(explained, one)[2]).toContain('netns "/home/a user/net"');
  });

  it('give an internal network neither gateway nor forwarding', () => {
    const internal = network({}, { isGateway: false, ipMasq: false });
    expect(bridgeAddresses(internal)).toEqual([]);
    expect(sysctlScript(internal, false)).not.toContain('ip_forward');
    expect(podRoutes(internal, [assigned('10.9.0.2/24', '10.9.0.1')])).toEqual([]);
  });

  it('add the default route that isDefaultGateway promises, once', () => {
    const one = [assigned('10.9.0.2/24', '10.9.0.1')];
    const route = [{ destination: 'default', gateway: '10.9.0.1' }];
    expect(podRoutes(network({}, { isDefaultGateway: true }), one)).toEqual(route);
    expect(
      podRoutes(network({}, { isDefaultGateway: true }, { routes: [{ dst: '0.0.0.0/0' }] }), one),
    ).toEqual(route);
  });

  it('derive a MAC from an address, so that a reused address keeps its neighbours’ caches right', () => {
    expect(macOf('10.88.0.2')).toBe('0a:58:0a:58:00:02');
    expect(macOf('fd00::1:2:3')).toBe('0a:58:00:02:00:03');
  });
});

describe('what goes with the last pod', () => {
  const listed = (ifname: string, more: Partial<ListedLink> = {}): ListedLink => ({
    ifname,
    flags: [],
    addr_info: [],
    ...more,
  });
  const bridge = (ifname: string, ours = true) =>
    listed(ifname, { linkinfo: { info_kind: 'bridge' }, ...(ours ? { ifalias: 'peapod' } : {}) });
  const cable = (name: string, master: string) => listed(name, { master });

  it('is the bridge that peapod made, when no other port is in it', () => {
    const links = [
      bridge('cni0'),
      cable('pea000000000001', 'cni0'),
      bridge('cni1'),
      cable('pea000000000002', 'cni1'),
    ];
    const { idle, removable } = idleBridges(links, 'pea000000000001');
    expect(removable).toEqual(['cni0']);
    expect([idle('cni0'), idle('cni1'), idle('gone')]).toEqual([true, false, true]);
  });

  it('is not a bridge of the administrator’s, nor one with others’ cables; their firewall entries do go', () => {
    const links = [
      bridge('br0', false),
      cable('pea000000000001', 'br0'),
      bridge('cni1'),
      cable('vethpodman', 'cni1'),
    ];
    const { idle, removable } = idleBridges(links, 'pea000000000001');
    expect(removable).toEqual([]);
    expect([idle('br0'), idle('cni1')]).toEqual([true, true]);
  });
});

describe('ports that a network cannot publish', () => {
  it.each<[string, BridgeNetwork, string]>([
    ['without portmap', network(), '8080:80'],
    ['on an IPv6 address without IPv6', explained, '[::1]:8080:80'],
  ])('are refused before anything is made: %s', (_, net, spec) => {
    expect(() => refuseUnpublishable(net, ports(spec))).toThrow(
      expect.objectContaining({ code: 'NETWORK_UNSUPPORTED' }),
    );
    expect(() => refuseUnpublishable(net, [])).not.toThrow();
  });
});
