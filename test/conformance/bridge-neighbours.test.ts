import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { bridgePods, host, isRoot, outside, ports } from './bridge-pods.ts';
import { bridgeConfList } from './conflists.ts';
import { ask, testPaths, writeConfList } from './real-environment.ts';
import { sh } from './throwaway-host.ts';

describe.runIf(isRoot)('bridge networks beside others on the host ®', () => {
  const { backend, leftovers, makeTarget, pod, whoAsks } = bridgePods();

  it('use a bridge of the administrator’s and leave it as it was', async () => {
    const list = bridgeConfList({ name: 'office' }, { bridge: 'br0' });
    writeConfList('10-office.conflist', JSON.stringify(list));
    sh('ip link add br0 type bridge; ip link set br0 up');
    const one = await pod({ network: 'office' });
    await backend.detach(one.target, one);
    expect(sh('ip -oneline link show dev br0')).toContain('br0');
    sh('ip link delete br0');
  });

  it('pass a FORWARD chain that Docker or ufw set to drop, and leave it as it was', async () => {
    sh('iptables-nft -P FORWARD DROP; iptables-nft -A FORWARD -s 192.0.2.9 -j ACCEPT');
    const before = sh('iptables-nft -S FORWARD');
    const [one, two] = [await pod(), await pod()];
    await whoAsks(one.target.netnsPath, 80);
    await whoAsks(outside.netnsPath, 81);
    const published = await backend.publish(one.target, one, ports('8080:80'));
    expect(ask(host, 'tcp', 8080, outside.netnsPath)).toBe(outside.address);
    expect(ask(outside.address, 'tcp', 81, two.target.netnsPath)).toBe(host);
    await backend.check(one.target, one, published);
    await backend.detach(one.target, one);
    expect(ask(outside.address, 'tcp', 81, two.target.netnsPath)).toBe(host);
    await backend.detach(two.target, two);
    expect(sh('iptables-nft -S FORWARD')).toBe(before);
    sh('nft flush ruleset');
  });

  it('tell by check that a firewall chain of the administrator’s drops what they forward', async () => {
    const one = await pod();
    sh(
      'nft add table inet office; nft add chain inet office forward "{ type filter hook forward priority 0; policy drop; }"',
    );
    await expect(backend.check(one.target, one, [])).rejects.toThrow(/firewall chain inet office forward/);
    sh('nft delete table inet office');
    await backend.check(one.target, one, []);
  });

  it('survive several peapods at once that are first and last on the bridge in turns [E3]', async () => {
    const script = fileURLToPath(new URL('churn.ts', import.meta.url));
    const run = promisify(execFile);
    const processes = Array.from({ length: 6 }, (_, n) => {
      const target = makeTarget();
      const words = [script, JSON.stringify({ paths: testPaths, target }), '5', String(9000 + n)];
      return run(process.execPath, words);
    });
    await Promise.all(processes);
    expect(leftovers()).toEqual([]);
  });
});
