import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ResultCache } from '../../rootful/cni/cache.ts';
import { endpointFor, portsOf, withPorts } from '../../rootful/cni/request.ts';
import {
  endpointWith as endpoint,
  type Fields,
  containerId as id,
  pluginList,
} from '../support/cni-lists.ts';

let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cni-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const list = (more: Fields = {}, ...plugins: Fields[]) =>
  pluginList(join(directory, 'log'), more, ...plugins);

describe('what a pod asks of CNI plugins [C6]', () => {
  const target = { id, name: 'web1', ifname: 'net1', netnsPath: '/run/netns/x' };
  const spec = (more: Fields = {}) => ({
    network: 'web',
    options: {},
    staticAddresses: [],
    ports: [],
    ...more,
  });
  const ipam = { type: 'host-local', ranges: [[{ subnet: '10.1.0.0/16' }], [{ subnet: 'fd00::/64' }]] };

  it('goes by capabilities where the list has them, by CNI_ARGS where not', () => {
    const wishes = spec({ staticAddresses: ['10.1.0.9', 'fd00::9'], macAddress: '0a:00:00:00:00:09' });
    const modern = endpointFor(list({}, { ipam, capabilities: { mac: true } }), target, wishes);
    expect(modern.capabilityArgs).toMatchObject({
      ips: ['10.1.0.9/16', 'fd00::9/64'],
      mac: '0a:00:00:00:00:09',
      aliases: ['web1'],
    });
    expect(Object.fromEntries(modern.args)).not.toHaveProperty('IP');
    const old = endpointFor(list(), target, wishes);
    expect(Object.fromEntries(old.args)).toMatchObject({
      IgnoreUnknown: '1',
      K8S_POD_NAME: 'web1',
      IP: '10.1.0.9,fd00::9',
      MAC: '0a:00:00:00:00:09',
    });
  });

  it('has bandwidth only where a plugin limits it', () => {
    const options = { ingress_rate: '1000000', egress_rate: '5', egress_burst: '9' };
    const shaped = list({}, {}, { capabilities: { bandwidth: true } });
    const asked = endpointFor(shaped, target, spec({ options }));
    expect(asked.ifname).toBe('net1');
    expect(asked.capabilityArgs.bandwidth).toEqual({
      ingressRate: 1_000_000,
      ingressBurst: 2 ** 31 - 1,
      egressRate: 5,
      egressBurst: 9,
    });
    expect(() => endpointFor(list(), target, spec({ options }))).toThrow(/has no option "ingress_rate"/);
    for (const wrong of [{ ingress_rate: '1M' }, { egress_burst: '5' }, { mode: 'l2' }]) {
      expect(() => endpointFor(shaped, target, spec({ options: wrong }))).toThrow();
    }
  });

  it('has aliases and name servers where a plugin serves names', () => {
    const options = { alias: 'db,primary' };
    const named = list({}, {}, { capabilities: { aliases: true, dns: true } });
    const asked = endpointFor(named, target, spec({ options, dnsServers: ['192.0.2.53'] }));
    expect(asked.capabilityArgs).toMatchObject({
      aliases: ['web1', 'db', 'primary'],
      dns: { servers: ['192.0.2.53'] },
    });
    expect(() => endpointFor(list(), target, spec({ options }))).toThrow(/serves no names, so no aliases/);
  });

  it('has ports that come back from the cache as they were', () => {
    const ports = [
      { protocol: 'tcp', hostIp: '', hostPort: 80, containerPort: 8080 },
      { protocol: 'udp', hostIp: '127.0.0.1', hostPort: 53, containerPort: 53 },
    ] as const;
    const args = withPorts({ mac: 'x' }, ports);
    expect(args.portMappings).toEqual([
      { hostPort: 80, containerPort: 8080, protocol: 'tcp' },
      { hostPort: 53, containerPort: 53, protocol: 'udp', hostIP: '127.0.0.1' },
    ]);
    expect(portsOf(args)).toEqual(ports);
    expect(withPorts(args, [])).toEqual({ mac: 'x' });
  });
});

describe('the cache of results [C6]', () => {
  const entry = {
    ...endpoint({ portMappings: [] }),
    network: 'web',
    config: '{"name":"web"}',
    source: '/etc/cni/net.d/10-web.conflist',
    result: { cniVersion: '1.0.0' },
  };

  it('keeps entries as libcni does, one file an interface', () => {
    const cache = new ResultCache(join(directory, 'results'));
    cache.write(entry);
    cache.write({ ...entry, network: 'web-2' });
    expect(readdirSync(join(directory, 'results')).sort()).toEqual(
      [`web-${id}-eth0`, `web-2-${id}-eth0`].sort(),
    );
    expect(cache.ofContainer(id)).toHaveLength(2);
    expect(cache.ofContainer('c0ffee')).toEqual([]);
    expect(cache.ofNetwork('web')).toEqual([entry]);
    cache.remove(entry);
    cache.remove(entry);
    expect(cache.ofNetwork('web')).toEqual([]);
  });

  it('says so where an entry cannot be read, for then something may be left', () => {
    mkdirSync(join(directory, 'results'));
    writeFileSync(join(directory, 'results', `web-${id}-eth0`), '{"kind":"cniCa');
    expect(() => new ResultCache(join(directory, 'results')).ofContainer(id)).toThrow(
      /does not tell what CNI/,
    );
  });
});
