import { describe, expect, it } from 'vitest';
import { uplinkSubnet } from '../../src/engine/network-draft.ts';
import type { NetworkCreateRequest } from '../../src/engine/requests.ts';
import { freeIpv4Subnet, freeIpv6Subnet, usedByRoutes } from '../../src/network/free-subnet.ts';
import { subnetText } from '../../src/network/subnet.ts';
import { around, draft, used } from './network-drafts.ts';

const subnetsOf = (more: Partial<NetworkCreateRequest> = {}, place = around()) =>
  draft(more, place).subnets.map(({ subnet, gateway }) => `${subnetText(subnet)} ${gateway}`);

describe('a free subnet [C5]', () => {
  it.each<[string, string[], string]>([
    ['is the first of podman’s pools', [], '10.89.0.0/24'],
    ['comes after those of other networks', ['10.89.0.0/24', '10.89.1.0/24'], '10.89.2.0/24'],
    ['fills gaps', ['10.89.0.0/24', '10.89.2.0/24'], '10.89.1.0/24'],
    ['keeps clear of a route to a part of it', ['10.89.0.64/26'], '10.89.1.0/24'],
    ['keeps clear of a wide route', ['10.88.0.0/14'], '10.92.0.0/24'],
    [
      'keeps clear of routes that overlap each other',
      ['10.89.0.0/16', '10.89.7.0/24', '10.90.0.0/23'],
      '10.90.2.0/24',
    ],
  ])('%s', (_, taken, expected) => {
    expect(subnetText(freeIpv4Subnet(used(...taken)))).toBe(expected);
  });

  it('is refused where routes cover all pools', () => {
    expect(() => freeIpv4Subnet(used('10.0.0.0/8'))).toThrow(
      expect.objectContaining({
        code: 'NETWORK_CONFIG',
        message: expect.stringContaining('10.255.255.0/24'),
      }),
    );
  });

  it('of IPv6 is a random unique local /64 that nobody has', () => {
    const answers = ['01020304050607', '01020304050608'].map((hex) => Buffer.from(hex, 'hex'));
    const subnet = freeIpv6Subnet(used('fd01:203:405:607::/64'), () => answers.shift() as Buffer);
    expect(subnetText(subnet)).toBe('fd01:203:405:608::/64');
    expect(subnetText(freeIpv6Subnet([]))).toMatch(/^fd[0-9a-f]{2}:[0-9a-f:]*::\/64$/);
  });
});

describe('network create [C5]', () => {
  it('finds a name, a bridge and a subnet', () => {
    expect(draft()).toMatchObject({ name: 'podman1', networkInterface: 'cni-podman1', dnsEnabled: true });
    expect(subnetsOf()).toEqual(['10.89.0.0/24 10.89.0.1']);
    const crowded = around({
      names: new Set(['podman1', 'web']),
      interfaces: new Map([['cni-podman2', 'network web']]),
    });
    expect(draft({ name: '' }, crowded)).toMatchObject({ name: 'podman3' });
    expect(draft({}, crowded)).toMatchObject({ name: 'podman3', networkInterface: 'cni-podman3' });
    expect(draft({ name: 'db' }, crowded)).toMatchObject({ name: 'db', networkInterface: 'cni-podman1' });
  });

  it('takes several subnets, each with its gateway and range, and cuts host bits off', () => {
    const network = draft({
      subnets: ['10.90.0.7/24', 'fd00:90::/64', '10.91.0.0/24'],
      gateways: ['10.90.0.254', 'fd00:90::ffff'],
      ipRanges: ['10.90.0.128/25', '', '10.91.0.10-10.91.0.20'],
    });
    expect(network.subnets.map(({ gateway, leaseRange }) => [gateway, leaseRange])).toEqual([
      ['10.90.0.254', { first: '10.90.0.129', last: '10.90.0.254' }],
      ['fd00:90::ffff', undefined],
      ['10.91.0.1', { first: '10.91.0.10', last: '10.91.0.20' }],
    ]);
    expect(network.subnets.map(({ subnet }) => subnetText(subnet))[0]).toBe('10.90.0.0/24');
  });

  it('--ipv6 adds the family that is missing, as podman does', () => {
    expect(subnetsOf({ ipv6: true })).toEqual([
      '10.89.0.0/24 10.89.0.1',
      expect.stringMatching(/^fd.*::\/64 fd.*::1$/),
    ]);
    expect(subnetsOf({ ipv6: true, subnets: ['fd00:90::/64'] })).toEqual([
      'fd00:90::/64 fd00:90::1',
      '10.89.0.0/24 10.89.0.1',
    ]);
    expect(subnetsOf({ subnets: ['fd00:90::/64'] })).toEqual(['fd00:90::/64 fd00:90::1']);
  });

  it('does not give itself a subnet that it was told', () => {
    expect(subnetsOf({ ipv6: true, subnets: ['fd00:90::/64', 'fd00:91::/64'] })).toHaveLength(3);
    const place = around({ subnets: used('10.89.0.0/17') });
    expect(subnetsOf({ ipv6: true, subnets: ['fd00:90::/64'] }, place)[1]).toBe('10.89.128.0/24 10.89.128.1');
  });

  it.each<[Partial<NetworkCreateRequest>, string, string]>([
    [{ name: 'podman' }, 'NAME_IN_USE', 'network name podman already used: network already exists'],
    [{ name: 'a/b' }, 'INVALID_ARGUMENT', 'network name a/b invalid: names must match'],
    [{ name: 'host' }, 'INVALID_ARGUMENT', 'conflicts with a valid network mode'],
    [{ name: 'slirp4netns' }, 'INVALID_ARGUMENT', 'conflicts with a valid network mode'],
    [{ name: 'x'.repeat(201) }, 'INVALID_ARGUMENT', 'longer than 200 characters'],
    [{ subnets: ['xxx'] }, 'INVALID_ARGUMENT', 'invalid CIDR address: xxx'],
    [{ subnets: ['10.90.0.0/31'] }, 'INVALID_ARGUMENT', 'no room for a gateway and a pod'],
    [{ subnets: ['10.88.3.0/24'] }, 'NETWORK_CONFIG', 'subnet 10.88.3.0/24 is already used by network of'],
    [{ subnets: ['10.80.0.0/12'] }, 'NETWORK_CONFIG', 'subnet 10.80.0.0/12 is already used by network of'],
    [{ subnets: ['127.0.0.0/24'] }, 'NETWORK_CONFIG', 'already used by loopback (127.0.0.0/8)'],
    [{ subnets: ['0.0.0.0/0'] }, 'NETWORK_CONFIG', 'already used by'],
    [{ subnets: ['fe80::/64'] }, 'NETWORK_CONFIG', 'link-local'],
    [{ subnets: ['10.90.0.0/24', '10.90.0.0/25'] }, 'NETWORK_CONFIG', 'of the same network'],
    [{ gateways: ['10.9.9.9'] }, 'INVALID_ARGUMENT', 'cannot set gateway or range without subnet'],
    [{ ipRanges: ['10.9.9.0/25'] }, 'INVALID_ARGUMENT', 'cannot set gateway or range without subnet'],
    [
      { subnets: ['10.90.0.0/24'], gateways: ['10.91.0.1'] },
      'INVALID_ARGUMENT',
      'gateway 10.91.0.1 not in subnet 10.90.0.0/24',
    ],
    [{ subnets: ['10.90.0.0/24'], gateways: ['10.90.0.0'] }, 'INVALID_ARGUMENT', 'gateway 10.90.0.0 is not'],
    [
      { subnets: ['10.90.0.0/24'], gateways: ['10.90.0.255'] },
      'INVALID_ARGUMENT',
      'gateway 10.90.0.255 is not',
    ],
    [{ subnets: ['10.90.0.0/24'], gateways: ['gw'] }, 'INVALID_ARGUMENT', 'not an IP address'],
    [
      { subnets: ['10.90.0.0/24'], gateways: ['10.90.0.1', '10.90.0.2'] },
      'INVALID_ARGUMENT',
      'cannot set more gateways than subnets',
    ],
    [
      { subnets: ['10.90.0.0/24'], ipRanges: ['10.90.0.0/25', '10.90.0.128/25'] },
      'INVALID_ARGUMENT',
      'cannot set more ranges than subnets',
    ],
    [
      { subnets: ['10.90.0.0/24'], ipRanges: ['10.91.0.0/25'] },
      'INVALID_ARGUMENT',
      'lease range start ip 10.91.0.1 not in subnet 10.90.0.0/24',
    ],
    [
      { subnets: ['10.90.0.0/24'], ipRanges: ['10.90.0.0/23'] },
      'INVALID_ARGUMENT',
      'lease range end ip 10.90.1.255 not in subnet 10.90.0.0/24',
    ],
    [
      { subnets: ['10.90.0.0/24'], ipRanges: ['10.90.0.9-10.90.0.3'] },
      'INVALID_ARGUMENT',
      '10.90.0.3 does not come after 10.90.0.9',
    ],
    [
      { subnets: ['10.90.0.0/24'], ipRanges: ['10.90.0.1-10.90.0.1'] },
      'INVALID_ARGUMENT',
      'has no address for a pod',
    ],
    [{ driver: 'foo' }, 'INVALID_ARGUMENT', 'unsupported driver foo: invalid argument'],
    [{ ipamDriver: 'foo' }, 'INVALID_ARGUMENT', 'unsupported ipam driver "foo"'],
    [{ ipamDriver: 'dhcp' }, 'NETWORK_UNSUPPORTED', 'ipam driver dhcp is not supported with driver bridge'],
    [
      { ipamDriver: 'none', subnets: ['10.90.0.0/24'] },
      'INVALID_ARGUMENT',
      'none ipam driver is set but subnets are given',
    ],
    [{ ipamDriver: 'none', ipv6: true }, 'INVALID_ARGUMENT', '--ipv6 says nothing'],
    [{ ipamDriver: 'none', routes: ['10.0.0.0/8,10.9.0.1'] }, 'INVALID_ARGUMENT', '--route says nothing'],
    [{ ipamDriver: 'none', dnsServers: ['9.9.9.9'] }, 'INVALID_ARGUMENT', 'cannot set --dns on a network'],
    [{ routes: ['10.21.0.0/24'] }, 'INVALID_ARGUMENT', 'invalid route 10.21.0.0/24'],
    [{ routes: ['10.21.0.0/24,10.89.0.7,100'] }, 'INVALID_ARGUMENT', 'have no metric'],
    [{ routes: ['10.21.0.9/24,10.89.0.7'] }, 'INVALID_ARGUMENT', 'write it as 10.21.0.0/24'],
    [{ routes: ['10.21.0.0/24,fd00::7'] }, 'INVALID_ARGUMENT', 'of different families'],
    [{ routes: ['10.21.0.0/24,10.9.9.9'] }, 'INVALID_ARGUMENT', 'route gateway 10.9.9.9 is in no subnet'],
    [{ options: ['foo=bar'] }, 'INVALID_ARGUMENT', 'unsupported bridge network option foo'],
    [{ options: ['mtu=abc'] }, 'INVALID_ARGUMENT', '--opt mtu=abc: must be a whole number'],
    [{ options: ['mtu=1000'], ipv6: true }, 'INVALID_ARGUMENT', 'needs at least 1280'],
    [
      { options: ['vlan=4095'] },
      'INVALID_ARGUMENT',
      '--opt vlan=4095: must be a whole number from 1 to 4094',
    ],
    [{ options: ['isolate=maybe'] }, 'INVALID_ARGUMENT', '--opt isolate=maybe: must be true or false'],
    [
      { interfaceName: 'cni-podman0' },
      'NAME_IN_USE',
      'bridge name cni-podman0 already in use by network podman',
    ],
    [{ interfaceName: 'a-name-of-16-byt' }, 'INVALID_ARGUMENT', 'is not a name that a bridge can have'],
    [{ options: ['com.docker.network.bridge.name=a b'] }, 'INVALID_ARGUMENT', 'is not a name that a bridge'],
    [
      { interfaceName: 'br1', options: ['com.docker.network.bridge.name=br2'] },
      'INVALID_ARGUMENT',
      'contradict',
    ],
    [{ dnsServers: ['dns'] }, 'INVALID_ARGUMENT', '--dns dns: not an IP address'],
    [
      { dnsServers: ['9.9.9.9'], disableDns: true },
      'INVALID_ARGUMENT',
      'cannot set --dns on a network without',
    ],
    [{ labels: ['=x'] }, 'INVALID_ARGUMENT', 'has no key'],
  ])('refuses %j', (request, code, message) => {
    expect(() => draft(request)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  it('names the interface through which the host routes a subnet, and the uplink', () => {
    const place = around({
      subnets: [
        ...usedByRoutes([{ destination: used('192.168.7.0/24')[0]?.subnet as never, interface: 'eth9' }]),
        uplinkSubnet,
      ],
    });
    expect(() => draft({ subnets: ['192.168.0.0/16'] }, place)).toThrow(
      'subnet 192.168.0.0/16 is already used by the host, which routes 192.168.7.0/24 through eth9',
    );
    expect(() => draft({ subnets: ['10.0.2.128/25'] }, place)).toThrow(
      "uplink of the user's network namespace",
    );
  });
});
