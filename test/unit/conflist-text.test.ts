import { describe, expect, it } from 'vitest';
import type { NetworkCreateRequest } from '../../src/engine/requests.ts';
import { parseConfList } from '../../src/network/conflist.ts';
import { confListText } from '../../src/network/conflist-text.ts';
import { readNetworkConfig } from '../../src/network/network-config.ts';
import { draft } from './network-drafts.ts';

describe('the conflist of a network [C5]', () => {
  const full: Partial<NetworkCreateRequest> = {
    name: 'full',
    subnets: ['10.90.0.0/24', 'fd00:90::/64'],
    gateways: ['10.90.0.254'],
    ipRanges: ['10.90.0.128/26'],
    routes: ['10.21.0.0/24,10.90.0.7'],
    dnsServers: ['9.9.9.9'],
    labels: ['tier=back', 'bare'],
    options: ['mtu=1400', 'isolate=1', 'vlan=7', 'com.docker.network.bridge.name=br-full'],
  };

  it('is what podman’s CNI backend writes, byte for byte where nothing is beyond it', () => {
    const text = confListText(
      draft({ name: 'web', subnets: ['10.90.0.0/24'], disableDns: true, options: ['isolate=false'] }),
    );
    expect(text).toBe(`{
   "cniVersion": "0.4.0",
   "name": "web",
   "plugins": [
      {
         "type": "bridge",
         "bridge": "cni-podman1",
         "isGateway": true,
         "ipMasq": true,
         "hairpinMode": true,
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
                     "subnet": "10.90.0.0/24",
                     "gateway": "10.90.0.1"
                  }
               ]
            ]
         },
         "capabilities": {
            "ips": true
         }
      },
      {
         "type": "portmap",
         "capabilities": {
            "portMappings": true
         }
      },
      {
         "type": "firewall",
         "backend": ""
      },
      {
         "type": "tuning"
      }
   ]
}
`);
  });

  it('carries everything, and is read back into the same network', () => {
    const network = draft(full);
    const document = JSON.parse(confListText(network));
    expect(document.args).toEqual({
      podman_labels: { tier: 'back', bare: '' },
      podman_options: { mtu: '1400', isolate: 'true', vlan: '7' },
      peapod: { dns: 'true' },
    });
    expect(document.plugins[0]).toMatchObject({ bridge: 'br-full', mtu: 1400, vlan: 7 });
    expect(document.plugins[0].dns).toEqual({ nameservers: ['9.9.9.9'] });
    expect(document.plugins[0].ipam.routes).toEqual([
      { dst: '0.0.0.0/0' },
      { dst: '::/0' },
      { dst: '10.21.0.0/24', gw: '10.90.0.7' },
    ]);
    expect(document.plugins[2]).toMatchObject({ type: 'firewall', ingressPolicy: 'same-bridge' });
    expect(readNetworkConfig(parseConfList('/x', confListText(network)))).toEqual(network);
  });

  it('of an internal network has no gateway, no route and no masquerade', () => {
    const network = draft({ ...full, internal: true, disableDns: true, dnsServers: [], routes: [] });
    const [bridge] = JSON.parse(confListText(network)).plugins;
    expect(bridge).toMatchObject({ isGateway: false });
    expect(bridge).not.toHaveProperty('ipMasq');
    expect(bridge.ipam).not.toHaveProperty('routes');
    expect(readNetworkConfig(parseConfList('/x', confListText(network)))).toEqual(network);
  });
});
