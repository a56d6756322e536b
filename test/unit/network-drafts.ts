import { draftNetwork, type Neighbourhood } from '../../src/engine/network-draft.ts';
import type { NetworkCreateRequest } from '../../src/engine/requests.ts';
import type { UsedSubnet } from '../../src/network/free-subnet.ts';
import type { NetworkConfig } from '../../src/network/network-config.ts';
import { parseCidr } from '../../src/network/subnet.ts';

export const used = (...cidrs: string[]): UsedSubnet[] =>
  cidrs.map((cidr) => ({
    subnet: parseCidr(cidr)?.subnet as UsedSubnet['subnet'],
    by: `network of ${cidr}`,
  }));

/** A host with nothing but the default network. */
export const around = (more: Partial<Neighbourhood> = {}): Neighbourhood => ({
  names: new Set(['podman']),
  interfaces: new Map([['cni-podman0', 'network podman']]),
  subnets: used('10.88.0.0/16'),
  parents: new Set(['lo', 'eth0']),
  ...more,
});

/** What `network create` would make of flags that are those of a bare one but for `more`. */
export const draft = (more: Partial<NetworkCreateRequest> = {}, place = around()): NetworkConfig =>
  draftNetwork(
    {
      driver: 'bridge',
      subnets: [],
      gateways: [],
      ipRanges: [],
      routes: [],
      ipv6: false,
      internal: false,
      disableDns: false,
      dnsServers: [],
      labels: [],
      options: [],
      ignore: false,
      ...more,
    },
    place,
  );
