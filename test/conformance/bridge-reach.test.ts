import { describe, expect, it } from 'vitest';
import { bridgePods, host, isRoot, outside, ports } from './bridge-pods.ts';
import { bridgeConfList, explainedConfList } from './conflists.ts';
import { ask, writeConfList } from './real-environment.ts';
import { sh } from './throwaway-host.ts';

describe.runIf(isRoot)('pods on a bridge of root ®', () => {
  const { backend, pod, talk, whoAsks } = bridgePods();

  it('run from the explained conflist, unchanged: cni0 owns 10.88.0.1, pods follow [A8, A9]', async () => {
    writeConfList('87-podman-bridge.conflist', explainedConfList);
    const one = await pod();
    expect(one).toMatchObject({ addresses: ['10.88.0.2/16'], gateways: ['10.88.0.1'], ifname: 'eth0' });
    expect(sh('ip -oneline -4 address show dev cni0')).toContain('10.88.0.1/16');
    expect(sh('cat /proc/sys/net/ipv4/ip_forward')).toBe('1');
    await whoAsks(one.target.netnsPath, 5432);
    expect(ask(one.ip, 'tcp', 5432)).toBe('10.88.0.1');
    await backend.publish(one.target, one, ports('8080:5432'));
    expect(ask('127.0.0.1', 'tcp', 8080)).toBe('10.88.0.1');
    expect(ask(host, 'tcp', 8080, one.target.netnsPath)).toBeDefined();
  });

  it('answer from the first packet on: nobody waits for a bridge to learn [A10]', async () => {
    for (let round = 0; round < 3; round++) {
      const one = await pod();
      const startedAt = performance.now();
      // Nothing listens: a refusal proves the way there and back. What is lost is sent again after a second.
      sh(`! timeout 2 bash -c 'exec 3<>/dev/tcp/${one.ip}/9' 2>/run/said; grep -q refused /run/said`);
      expect(performance.now() - startedAt).toBeLessThan(950);
    }
  });

  it('connect pods with each other and, masqueraded, with the world; inside, addresses stay true [A10]', async () => {
    const [one, two] = [await pod(), await pod()];
    await whoAsks(two.target.netnsPath, 80);
    await whoAsks(outside.netnsPath, 80);
    expect(ask(two.ip, 'tcp', 80, one.target.netnsPath)).toBe(one.ip);
    expect(ask(outside.address, 'tcp', 80, one.target.netnsPath)).toBe(host);
  });

  it('publish to outside with the client’s address, to localhost, to neighbours, and to the pod itself [A10]', async () => {
    const [one, two] = [await pod(), await pod()];
    await whoAsks(one.target.netnsPath, 80);
    await backend.publish(one.target, one, ports('8080:80'));
    expect(ask(host, 'tcp', 8080, outside.netnsPath)).toBe(outside.address);
    expect(ask('127.0.0.1', 'tcp', 8080)).toBe('10.88.0.1');
    expect(ask('127.9.9.9', 'tcp', 8080)).toBe('10.88.0.1');
    for (const where of [host, '10.88.0.1']) {
      expect(ask(where, 'tcp', 8080, one.target.netnsPath)).toBeDefined();
      expect(ask(where, 'tcp', 8080, two.target.netnsPath)).toBeDefined();
    }
    // Not redirected, but not left hanging either: programs fall back from ::1 to 127.0.0.1.
    expect(() => sh(`timeout 2 bash -c 'exec 3<>/dev/tcp/::1/8080'`)).toThrow(/refused/);
  });

  it('publish ranges, udp and sctp; a range shifts each port [A6]', async () => {
    const one = await pod();
    for (const port of [80, 85, 90]) await whoAsks(one.target.netnsPath, port);
    await whoAsks(one.target.netnsPath, 53, '0.0.0.0', 'udp');
    const published = await backend.publish(
      one.target,
      one,
      ports('8000-8010:80-90', '5353:53/udp', '99:99/sctp'),
    );
    expect(published).toHaveLength(13);
    for (const port of [8000, 8005, 8010])
      expect(ask(host, 'tcp', port, outside.netnsPath)).toBe(outside.address);
    expect(ask(host, 'udp', 5353, outside.netnsPath)).toBe(outside.address);
    await backend.check(one.target, one, published);
  });

  it('keep pods out of the host’s loopback, published or not', async () => {
    const [one, two] = [await pod(), await pod()];
    await whoAsks(one.target.netnsPath, 80);
    await backend.publish(one.target, one, ports('127.0.0.1:8080:80'));
    await talk(['serve', 'tcp', '127.0.0.1', '7777', 'secret']);
    expect(ask('127.0.0.1', 'tcp', 8080)).toBe('10.88.0.1');
    // The pod's own loopback gives way, so that its packets for 127.0.0.1 go to the gateway.
    sh(
      `echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet
       ip route delete local 127.0.0.0/8 dev lo table local
       ip route delete local 127.0.0.1 dev lo table local
       ip address delete 127.0.0.1/8 dev lo 2>/dev/null || :
       ip route add 127.0.0.0/8 via 10.88.0.1 dev eth0 src ${two.ip}`,
      two.target.netnsPath,
    );
    expect(ask('127.0.0.1', 'tcp', 7777)).toBe('secret');
    expect(ask('127.0.0.1', 'tcp', 7777, two.target.netnsPath)).toBeUndefined();
    expect(ask('127.0.0.1', 'tcp', 8080, two.target.netnsPath)).toBeUndefined();
  });

  it('let a udp client that goes on talking reach the pod that took the port', async () => {
    const [one, two] = [await pod(), await pod()];
    await whoAsks(one.target.netnsPath, 53, '0.0.0.0', 'udp');
    await talk(['serve', 'udp', '0.0.0.0', '53', 'two'], two.target.netnsPath);
    const client = () => ask(host, 'udp', 5353, outside.netnsPath, 4000);
    expect(client()).toBeUndefined();
    const published = await backend.publish(one.target, one, ports('5353:53/udp'));
    expect(client()).toBe(outside.address);
    await backend.unpublish(one.target, one, published);
    await backend.publish(two.target, two, ports('5353:53/udp'));
    expect(client()).toBe('two');
    await backend.detach(two.target, two);
    expect(client()).toBeUndefined();
  });

  it('give a chosen address and MAC; neighbours believe them at once after a change [A11]', async () => {
    const other = await pod();
    for (const macAddress of ['02:00:00:00:00:0a', '02:00:00:00:00:0b', undefined]) {
      const one = await pod({ staticAddresses: ['10.88.3.3'], ...(macAddress ? { macAddress } : {}) });
      expect(one.addresses).toEqual(['10.88.3.3/16']);
      expect(sh('cat /sys/class/net/eth0/address || ip -o link show eth0', one.target.netnsPath)).toContain(
        macAddress ?? '0a:58:0a:58:03:03',
      );
      await whoAsks(one.target.netnsPath, 80);
      expect(ask('10.88.3.3', 'tcp', 80)).toBe('10.88.0.1');
      expect(ask('10.88.3.3', 'tcp', 80, other.target.netnsPath)).toBe(other.ip);
      await backend.detach(one.target, one);
    }
  });

  it('carry IPv6 beside IPv4: addresses, routes, publishing, masquerade', async () => {
    const ranges = [[{ subnet: '10.9.0.0/24' }], [{ subnet: 'fd00:9::/64' }]];
    const routes = [{ dst: '0.0.0.0/0' }, { dst: '::/0' }];
    const list = bridgeConfList({ name: 'dual' }, {}, { type: 'host-local', ranges, routes }, [
      { type: 'portmap' },
    ]);
    writeConfList('10-dual.conflist', JSON.stringify(list));
    const [one, two] = [await pod({ network: 'dual' }), await pod({ network: 'dual' })];
    expect(one.addresses).toEqual(['10.9.0.2/24', 'fd00:9::2/64']);
    await whoAsks(one.target.netnsPath, 80, '::');
    await whoAsks(outside.netnsPath, 81, '::');
    const published = await backend.publish(one.target, one, ports('8080:80', '[2001:db8::1]:9090:80'));
    await backend.check(one.target, one, published);
    expect(ask('fd00:9::2', 'tcp', 80, two.target.netnsPath)).toBe('fd00:9::3');
    expect(ask('2001:db8::1', 'tcp', 8080, outside.netnsPath)).toBe('2001:db8::2');
    expect(ask('2001:db8::1', 'tcp', 9090, outside.netnsPath)).toBe('2001:db8::2');
    for (const { target } of [one, two])
      expect(ask('2001:db8::1', 'tcp', 9090, target.netnsPath)).toBeDefined();
    expect(ask(host, 'tcp', 8080, outside.netnsPath)).toBe(outside.address);
    expect(ask(host, 'tcp', 9090, outside.netnsPath)).toBeUndefined();
    expect(ask('2001:db8::2', 'tcp', 81, one.target.netnsPath)).toBe('2001:db8::1');
  });
});
