import { describe, expect, it } from 'vitest';
import type { NetworkCreateRequest } from '../../src/engine/requests.ts';
import { parseConfList } from '../../src/network/conflist.ts';
import { confListText } from '../../src/network/conflist-text.ts';
import { readNetworkConfig } from '../../src/network/network-config.ts';
import { around, draft, used } from './network-drafts.ts';

const plugins = (more: Partial<NetworkCreateRequest>) =>
  JSON.parse(confListText(draft({ name: 'lan', ...more }))).plugins;
const readBack = (more: Partial<NetworkCreateRequest>) =>
  readNetworkConfig(parseConfList('/x', confListText(draft({ name: 'lan', ...more }))));

const macvlan = { driver: 'macvlan', options: ['parent=eth0'] };
const ipvlan = { driver: 'ipvlan', options: ['parent=eth0'] };

describe('networks on the link of a host interface [C5]', () => {
  it('are written byte for byte as podman’s CNI backend does', () => {
    const network = draft({
      name: 'm6',
      driver: 'macvlan',
      options: ['parent=eth0', 'mtu=1400'],
      subnets: ['10.6.0.0/24'],
      gateways: ['10.6.0.254'],
      labels: ['a=b'],
    });
    expect(confListText(network)).toBe(`{
   "args": {
      "podman_labels": {
         "a": "b"
      },
      "podman_options": {
         "mtu": "1400"
      }
   },
   "cniVersion": "0.4.0",
   "name": "m6",
   "plugins": [
      {
         "type": "macvlan",
         "master": "eth0",
         "ipam": {
            "type": "host-local",
            "routes": [
               {
                  "dst": "0.0.0.0/0"
               }
            ],
            "ranges": [
               [
                  {
                     "subnet": "10.6.0.0/24",
                     "gateway": "10.6.0.254"
                  }
               ]
            ]
         },
         "mtu": 1400,
         "capabilities": {
            "ips": true
         }
      }
   ]
}
`);
  });

  it('ask a DHCP server where no subnet is given, by the default route’s interface where no parent is', () => {
    expect(plugins({ driver: 'macvlan' })).toEqual([{ type: 'macvlan', master: '', ipam: { type: 'dhcp' } }]);
    expect(plugins({ ...macvlan, ipamDriver: 'none' })).toEqual([
      { type: 'macvlan', master: 'eth0', ipam: { type: '' } },
    ]);
    expect(draft(macvlan)).toMatchObject({ name: 'podman1', dnsEnabled: false, ipamDriver: 'dhcp' });
  });

  it('may share the subnet of the host’s link and of each other, which no bridge may', () => {
    const place = around({ subnets: used('10.6.0.0/24') });
    expect(draft({ ...macvlan, subnets: ['10.6.0.0/24'] }, place).subnets).toHaveLength(1);
    expect(() => draft({ subnets: ['10.6.0.0/24'] }, place)).toThrow('already used by');
  });

  it.each<[string, Partial<NetworkCreateRequest>]>([
    ['macvlan', { ...macvlan, subnets: ['10.6.0.0/24', 'fd00:6::/64'], ipv6: true }],
    [
      'a mode',
      { driver: 'macvlan', interfaceName: 'eth0', options: ['mode=private'], subnets: ['10.6.0.0/24'] },
    ],
    ['dhcp', macvlan],
    ['no addresses', { ...macvlan, ipamDriver: 'none' }],
    ['ipvlan', { driver: 'ipvlan', options: ['parent=eth0', 'mode=l3s'], subnets: ['10.6.0.0/24'] }],
    ['no default route', { ...macvlan, options: ['no_default_route=1'], subnets: ['10.6.0.0/24'] }],
    [
      'routes',
      { ...ipvlan, subnets: ['10.6.0.0/24'], routes: ['10.7.0.0/16,10.6.0.9', '0.0.0.0/0,10.6.0.8'] },
    ],
    [
      'internal with a route and a gateway',
      {
        ...macvlan,
        internal: true,
        subnets: ['10.6.0.0/24'],
        gateways: ['10.6.0.1'],
        routes: ['10.7.0.0/16,10.6.0.9'],
      },
    ],
    ['a bridge without addresses', { ipamDriver: 'none' }],
    ['a bridge without a default route', { options: ['no_default_route=true', 'isolate=false'] }],
  ])('are read back as they were made: %s', (_, request) => {
    expect(readBack(request)).toEqual(draft({ name: 'lan', ...request }));
  });

  it('have one default route a family, the chosen one before the gateway’s', () => {
    const [{ ipam }] = plugins({ ...ipvlan, subnets: ['10.6.0.0/24'], routes: ['0.0.0.0/0,10.6.0.8'] });
    expect(ipam.routes).toEqual([{ dst: '0.0.0.0/0', gw: '10.6.0.8' }]);
  });

  it.each<[Partial<NetworkCreateRequest>, string]>([
    [{ driver: 'macvlan', options: ['parent=nope'] }, 'parent interface nope does not exist'],
    [{ driver: 'macvlan', options: ['parent=a b'] }, '"a b" is not a name that an interface can have'],
    [{ driver: 'macvlan', interfaceName: 'lo', options: ['parent=eth0'] }, 'contradict'],
    [{ driver: 'macvlan', options: ['mode=bad'] }, 'unknown macvlan mode "bad"'],
    [{ driver: 'ipvlan', options: ['mode=private'] }, 'unknown ipvlan mode "private"'],
    [
      { driver: 'macvlan', options: ['isolate=true'] },
      'isolate option is only supported with the bridge driver',
    ],
    [{ driver: 'macvlan', options: ['vlan=3'] }, 'unsupported macvlan network option vlan'],
    [{ options: ['parent=eth0'] }, 'unsupported bridge network option parent'],
    [{ ...macvlan, internal: true }, 'internal is not supported with macvlan and dhcp ipam driver'],
    [{ ...macvlan, ipamDriver: 'host-local' }, 'host-local ipam driver set but no subnets are given'],
    [
      { ...macvlan, ipamDriver: 'dhcp', subnets: ['10.6.0.0/24'] },
      'dhcp ipam driver is set but subnets are given',
    ],
    [{ ...macvlan, ipv6: true }, '--ipv6 says nothing with the ipam driver dhcp'],
    [{ ...macvlan, ipv6: true, subnets: ['10.6.0.0/24'] }, '--ipv6 needs a --subnet of IPv6'],
    [{ ...macvlan, gateways: ['10.6.0.1'] }, 'cannot set gateway or range without subnet'],
    [{ ...macvlan, subnets: ['127.0.0.0/24'] }, 'already used by loopback'],
    [{ ...macvlan, dnsServers: ['9.9.9.9'] }, 'cannot set --dns on a network without DNS'],
    [ipvlan, 'ipvlan driver needs at least one subnet specified'],
    [{ ...ipvlan, ipamDriver: 'dhcp' }, 'ipam driver dhcp is not supported with driver ipvlan'],
  ])('refuse %j', (request, message) => {
    expect(() => draft(request)).toThrow(message);
  });

  it('need root', () => {
    expect(() => draft(macvlan, around({ parents: undefined }))).toThrow('macvlan networks need root');
  });
});
