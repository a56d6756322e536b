import type { PodNetworkSpec } from '../../src/network/backend.ts';
import { bridgeConfList, explainedConfList } from './conflists.ts';

type Fields = Record<string, unknown>;

export interface Case {
  /** `eth0` where it is left out. */
  readonly ifname?: string;
  readonly title: string;
  /** Its name is `x` or `podman`. */
  readonly conflist: Fields;
  readonly spec?: Partial<PodNetworkSpec>;
  /** As `-p` has them. */
  readonly ports?: readonly string[];
  /** Two, where the list does not give one address to all. */
  readonly pods?: 1 | 2;
  /** A script for the host, before. */
  readonly before?: string;
}

const portmap = { type: 'portmap', capabilities: { portMappings: true } };
const everywhere = { dst: '0.0.0.0/0' };
const everywhere6 = { dst: '::/0' };
const v4 = [{ subnet: '10.9.0.0/24' }];
const v6 = [{ subnet: 'fd09::/64' }];
const dual = { type: 'host-local', ranges: [v4, v6] };
const routed = { routes: [everywhere] };
const plain = { isGateway: false, ipMasq: false };

export const cases: readonly Case[] = [
  { title: 'the explained list of podman 1', conflist: JSON.parse(explainedConfList), ports: ['8080:80'] },
  { title: 'a switch without a gateway', conflist: bridgeConfList({}, plain) },
  { title: 'a gateway without a default route', conflist: bridgeConfList({}, { ipMasq: false }) },
  { title: 'isGateway and a default route', conflist: bridgeConfList({}, { ipMasq: false }, routed) },
  { title: 'ipMasq', conflist: bridgeConfList({}, {}, routed) },
  { title: 'isDefaultGateway', conflist: bridgeConfList({}, { isGateway: false, isDefaultGateway: true }) },
  {
    title: 'isDefaultGateway without ipMasq',
    conflist: bridgeConfList({}, { ...plain, isDefaultGateway: true }),
  },
  {
    title: 'routes by a gateway of their own',
    conflist: bridgeConfList({}, {}, { routes: [{ dst: '172.31.0.0/16', gw: '10.9.0.9' }, everywhere] }),
  },
  {
    title: 'several routes by the network’s gateway',
    conflist: bridgeConfList({}, {}, { routes: [{ dst: '172.31.0.0/16' }, { dst: '198.51.100.0/24' }] }),
  },
  {
    title: 'part of a subnet',
    conflist: bridgeConfList({}, {}, { rangeStart: '10.9.0.100', rangeEnd: '10.9.0.110', ...routed }),
  },
  { title: 'another gateway', conflist: bridgeConfList({}, {}, { gateway: '10.9.0.254', ...routed }) },
  {
    title: 'two ranges of one set, the first with one address',
    conflist: bridgeConfList(
      {},
      {},
      {
        type: 'host-local',
        ranges: [
          [
            { subnet: '10.9.0.0/24', rangeStart: '10.9.0.7', rangeEnd: '10.9.0.7' },
            { subnet: '10.9.0.0/24', rangeStart: '10.9.0.20', rangeEnd: '10.9.0.30' },
          ],
        ],
      },
    ),
  },
  {
    title: 'two IPv4 addresses a pod, and no gateway',
    conflist: bridgeConfList({}, plain, { type: 'host-local', ranges: [v4, [{ subnet: '10.10.0.0/24' }]] }),
  },
  {
    title: 'two IPv4 addresses a pod, and a default route',
    conflist: bridgeConfList({}, plain, {
      type: 'host-local',
      ranges: [v4, [{ subnet: '10.10.0.0/24' }]],
      ...routed,
    }),
  },
  { title: 'dual stack', conflist: bridgeConfList({}, { ipMasq: false }, dual) },
  {
    title: 'dual stack with everything',
    conflist: bridgeConfList({}, { hairpinMode: true }, { ...dual, routes: [everywhere, everywhere6] }, [
      portmap,
      { type: 'firewall' },
      { type: 'tuning' },
    ]),
    ports: ['8080:80', '5353:53/udp'],
  },
  {
    title: 'IPv6 alone',
    conflist: bridgeConfList({}, {}, { type: 'host-local', ranges: [v6], routes: [everywhere6] }),
  },
  {
    title: 'hairpinMode',
    conflist: bridgeConfList({}, { hairpinMode: true }, routed, [portmap]),
    ports: ['8080:80'],
  },
  {
    title: 'promiscMode',
    conflist: bridgeConfList({}, { promiscMode: true }, routed, [portmap]),
    ports: ['8080:80'],
  },
  { title: 'an MTU', conflist: bridgeConfList({}, { mtu: 1400 }, routed) },
  {
    title: 'forceAddress on a bridge that has another address',
    conflist: bridgeConfList({}, { forceAddress: true }, routed),
    before: 'ip link add testbr0 type bridge; ip address add 10.77.0.1/24 dev testbr0',
  },
  {
    title: 'a bridge that is there, with an address of its own',
    conflist: bridgeConfList({}, { isGateway: false, ipMasq: false }),
    before: 'ip link add testbr0 mtu 1300 type bridge; ip address add 10.9.0.200/24 dev testbr0',
  },
  {
    title: 'static',
    conflist: bridgeConfList(
      {},
      {
        ipam: {
          type: 'static',
          addresses: [{ address: '10.9.0.5/24', gateway: '10.9.0.1' }],
          routes: [everywhere],
        },
      },
    ),
    pods: 1,
  },
  {
    title: 'static, dual stack, with name servers',
    conflist: bridgeConfList(
      {},
      {
        ipam: {
          type: 'static',
          addresses: [
            { address: '10.9.0.5/24', gateway: '10.9.0.1' },
            { address: 'fd09::5/64', gateway: 'fd09::1' },
          ],
          routes: [everywhere, everywhere6],
          dns: { nameservers: ['192.0.2.53'] },
        },
      },
    ),
    pods: 1,
  },
  {
    title: 'name servers of the bridge',
    conflist: bridgeConfList({}, { dns: { nameservers: ['192.0.2.53', '2001:db8::53'] } }, routed),
  },
  { title: 'tcp ports', conflist: bridgeConfList({}, {}, routed, [portmap]), ports: ['8080:80', '8081:80'] },
  { title: 'udp ports', conflist: bridgeConfList({}, {}, routed, [portmap]), ports: ['5353:53/udp'] },
  {
    title: 'tcp and udp ports on one number, one on loopback, one on an address of the host',
    conflist: bridgeConfList({}, {}, routed, [portmap]),
    ports: ['5353:80', '5353:53/udp', '127.0.0.1:8080:80', '198.51.100.1:8081:80'],
  },
  {
    title: 'ports without snat',
    conflist: bridgeConfList({}, {}, routed, [{ ...portmap, snat: false }]),
    ports: ['8080:80'],
  },
  {
    title: 'ports without ipMasq',
    conflist: bridgeConfList({}, { ipMasq: false }, routed, [portmap]),
    ports: ['8080:80'],
  },
  {
    title: 'tuning with MTU and MAC',
    conflist: bridgeConfList({}, {}, routed, [{ type: 'tuning', mtu: 1380, mac: '0a:77:00:00:00:01' }]),
    pods: 1,
  },
  {
    title: 'firewall that lets all pass',
    conflist: bridgeConfList({}, {}, routed, [{ type: 'firewall', ingressPolicy: 'open' }]),
  },
  {
    title: 'a chosen address and MAC, an interface of another name',
    conflist: bridgeConfList({}, { capabilities: { ips: true, mac: true } }, routed),
    spec: {
      staticAddresses: ['10.9.0.99'],
      macAddress: '02:00:00:00:00:99',
    },
    ifname: 'net1',
    pods: 1,
  },
  {
    title: 'leases in a directory of their own',
    conflist: bridgeConfList({}, {}, { dataDir: '/run/conformance/elsewhere', ...routed }),
  },
  {
    title: 'cniVersion 0.3.1',
    conflist: bridgeConfList({ cniVersion: '0.3.1' }, {}, routed, [portmap]),
    ports: ['8080:80'],
  },
  {
    title: 'cniVersion 1.0.0',
    conflist: bridgeConfList({ cniVersion: '1.0.0' }, {}, dual, [portmap]),
    ports: ['8080:80'],
  },
];
