import { describe, expect, it } from 'vitest';
import type { NetworkTarget } from '../../src/network/backend.ts';
import { bridgePods, isRoot, plainSpec, ports } from './bridge-pods.ts';
import { ask, testPaths } from './real-environment.ts';
import { sh } from './throwaway-host.ts';

describe.runIf(isRoot)('bridge networks whose parts were lost ®', () => {
  const { backend, pod, whoAsks } = bridgePods();

  it.each<[string, (one: { target: NetworkTarget }) => void, RegExp]>([
    [
      'the pod’s address',
      ({ target }) => void sh('ip addr flush dev eth0', target.netnsPath),
      /the address 10.88/,
    ],
    [
      'the default route',
      ({ target }) => void sh('ip route del default', target.netnsPath),
      /the route default via/,
    ],
    [
      'the pod’s interface',
      ({ target }) => void sh('ip link del eth0', target.netnsPath),
      /the host's interface pea/,
    ],
    ['the gateway', () => void sh('ip addr flush dev cni-podman0'), /the gateway address 10.88.0.1\/16/],
    ['the bridge', () => void sh('ip link del cni-podman0'), /the bridge cni-podman0/],
    [
      'the cable',
      ({ target }) => void sh(`ip link set pea${target.id.slice(0, 12)} nomaster`),
      /in the bridge/,
    ],
    ['the firewall', () => void sh('nft flush ruleset'), /firewall chain.*published port/],
    [
      'a rule',
      () => void sh('nft flush chain inet peapod postrouting'),
      /rules of the firewall chain postrouting$/,
    ],
    [
      'a published port',
      () => void sh('nft delete element inet peapod ports4 { tcp . 8080 }'),
      /lacks the published port 0.0.0.0:8080->80\/tcp$/,
    ],
    [
      'what has the host forward',
      () => void sh('echo 0 >/proc/sys/net/ipv4/ip_forward'),
      /lacks net.ipv4.ip_forward=1$/,
    ],
    [
      'what lets localhost through',
      () => void sh('echo 0 >/proc/sys/net/ipv4/conf/cni-podman0/route_localnet'),
      /lacks net.ipv4.conf.cni-podman0.route_localnet=1$/,
    ],
    ['the lease', () => void sh(`rm ${testPaths.leases}/podman/10.88.*`), /the lease of 10.88/],
  ])('tell by check that %s is missing, and are cleaned up all the same', async (_, damage, message) => {
    const one = await pod();
    const published = await backend.publish(one.target, one, ports('8080:80'));
    await backend.check(one.target, one, published);
    damage(one);
    await expect(backend.check(one.target, one, published)).rejects.toThrow(message);
  });

  it('are made anew by the next attach where a firewall reload has flushed the rules', async () => {
    const one = await pod();
    await whoAsks(one.target.netnsPath, 80);
    sh('nft flush ruleset');
    const two = await pod();
    await backend.publish(one.target, one, ports('8080:80'));
    expect(ask('127.0.0.1', 'tcp', 8080)).toBe('10.88.0.1');
    await backend.detach(two.target, two);
  });

  it('take a pod again that a killed attach has left half-made, with its address', async () => {
    const one = await pod();
    const again = await backend.attach(one.target, plainSpec);
    expect(again.addresses).toEqual(one.addresses);
    await backend.check(one.target, again, []);
  });
});
