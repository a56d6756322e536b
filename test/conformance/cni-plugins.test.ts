import { rmSync } from 'node:fs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ConflistBackend } from '../../rootful/conflist-backend.ts';
import { hostRunner } from '../../src/host/exec.ts';
import type { Attachment, NetworkTarget, PodNetworkSpec } from '../../src/network/backend.ts';
import { installPlugins, readCalls } from '../support/cni-plugins.ts';
import { isRoot, ports } from './bridge-pods.ts';
import {
  bridge,
  type Fields,
  facts,
  fixtures,
  hostLocal,
  impatient,
  log,
  remembered,
  spec,
} from './cni-parts.ts';
import type { ConformanceEnvironment } from './environment.ts';
import {
  ask,
  makeRealEnvironment,
  removeConfLists,
  startTalker,
  testPaths,
  writeConfList,
} from './real-environment.ts';
import { sh } from './throwaway-host.ts';

describe.runIf(isRoot)('networks of other plugins ®', () => {
  const backend = new ConflistBackend({ runner: hostRunner, paths: testPaths, facts });
  let env: ConformanceEnvironment;
  let targets: NetworkTarget[] = [];
  const programs: { kill(signal: 'SIGKILL'): boolean }[] = [];

  beforeAll(async () => {
    env = await makeRealEnvironment(() => ({
      backend,
      network: 'x',
      helpers: ['sleep infinity'],
      damage: () => {},
    }));
    installPlugins(fixtures, ['fixture']);
  });
  afterEach(async () => {
    for (const program of programs.splice(0)) program.kill('SIGKILL');
    for (const target of targets) await backend.detach(target);
    targets = [];
    env.clear();
    removeConfLists();
    expect(env.leftovers().filter((entry) => entry.startsWith('lease'))).toEqual([]);
    // Each test begins with the first address.
    rmSync(testPaths.leases, { recursive: true, force: true });
    rmSync(log, { force: true });
    expect(remembered()).toEqual([]);
    // The bridge plugin leaves its bridge, and iptables its tables.
    sh('ip link delete testbr0 2>/dev/null || :; ip link delete up1 2>/dev/null || :; nft flush ruleset');
    expect(env.leftovers()).toEqual([]);
  });

  const network = (plugins: readonly Fields[], list: Fields = {}) =>
    writeConfList('x.conflist', JSON.stringify({ cniVersion: '1.0.0', name: 'x', plugins, ...list }));
  const attached = async (more: Partial<PodNetworkSpec> = {}, place: Partial<NetworkTarget> = {}) => {
    const target = env.makeTarget(place);
    targets.push(target);
    await backend.validate(spec(more));
    const attachment = await backend.attach(target, spec(more));
    await backend.check(target, attachment, []);
    return { target, attachment, ip: attachment.addresses[0]?.split('/')[0] ?? '' };
  };
  const whoAsks = async (netnsPath: string, port: number) => {
    programs.push(await startTalker(['serve', 'tcp', '0.0.0.0', String(port), '@'], netnsPath));
  };
  const gone = async (target: NetworkTarget, attachment: Attachment) => {
    await backend.detach(target, attachment);
    expect(env.look(target).interfaces).toEqual(['lo']);
    expect(remembered()).toEqual([]);
  };

  it('run on ptp: host and pod reach each other, ports are published by portmap [C6]', async () => {
    network([
      { type: 'ptp', ipMasq: true, mtu: 1400, ipam: hostLocal },
      { type: 'portmap', capabilities: { portMappings: true } },
    ]);
    const { target, attachment, ip } = await attached();
    expect(attachment).toMatchObject({
      backend: 'bridge',
      network: 'x',
      ifname: 'eth0',
      addresses: ['10.9.0.2/24'],
      gateways: ['10.9.0.1'],
      mtuBytes: 1400,
      macAddress: sh("ip -oneline link show eth0 | grep -o 'ether [^ ]*' | cut -d' ' -f2", target.netnsPath),
    });
    await whoAsks(target.netnsPath, 80);
    expect(ask(ip, 'tcp', 80)).toBe('10.9.0.1');
    const published = await backend.publish(target, attachment, ports('8080:80'));
    expect(ask('198.51.100.1', 'tcp', 8080)).toBeDefined();
    const more = await backend.publish(target, attachment, ports('8081:80'));
    expect(ask('198.51.100.1', 'tcp', 8080)).toBeDefined();
    expect(ask('198.51.100.1', 'tcp', 8081)).toBeDefined();
    await backend.check(target, attachment, [...published, ...more]);
    await backend.unpublish(target, attachment, published);
    expect(ask('198.51.100.1', 'tcp', 8080)).toBeUndefined();
    expect(ask('198.51.100.1', 'tcp', 8081)).toBeDefined();
    await gone(target, attachment);
  });

  it('run on macvlan: pods on one interface of the host reach each other [C6]', async () => {
    sh('ip link add up1 type veth peer name up2; ip link set up1 up; ip link set up2 up');
    network([{ type: 'macvlan', master: 'up1', mode: 'bridge', ipam: hostLocal }]);
    const [one, two] = [await attached(), await attached({}, { ifname: 'net1' })];
    expect(two.attachment.ifname).toBe('net1');
    await whoAsks(two.target.netnsPath, 80);
    expect(ask(two.ip, 'tcp', 80, one.target.netnsPath)).toBe(one.ip);
    await expect(backend.publish(one.target, one.attachment, ports('8080:80'))).rejects.toMatchObject({
      code: 'NETWORK_UNSUPPORTED',
      hint: expect.stringContaining('x.conflist'),
    });
    await backend.detach(one.target, one.attachment);
    await gone(two.target, two.attachment);
  });

  it('run a bridge with tuning, bandwidth and sbr behind it, each for its part [C6]', async () => {
    const chain = [
      bridge,
      { type: 'tuning', sysctl: { 'net.ipv4.conf.IFNAME.arp_filter': '1' } },
      { type: 'bandwidth', capabilities: { bandwidth: true } },
      { type: 'sbr' },
    ];
    // CHECK of bridge misses the route that sbr has moved to its table.
    network(chain, { disableCheck: true });
    const options = { ingress_rate: '8000000', ingress_burst: '80000' };
    const { target, attachment } = await attached({ options, macAddress: '02:11:22:33:44:55' });
    expect(attachment.macAddress).toBe('02:11:22:33:44:55');
    expect(attachment.opaque.bridge).toBe('testbr0');
    expect(sh('cat /proc/sys/net/ipv4/conf/eth0/arp_filter', target.netnsPath)).toBe('1');
    expect(sh('tc qdisc show')).toMatch(/tbf .*rate 8Mbit/);
    expect(sh('ip rule show', target.netnsPath)).toMatch(/from 10\.9\.0\.2 lookup 100/);
    await gone(target, attachment);
  });

  it('run loopback, which makes no address of its own [C6]', async () => {
    network([{ type: 'ptp', ipam: hostLocal }, { type: 'fixture' }, { type: 'loopback' }], {
      cniVersion: '0.3.1',
    });
    const { target, attachment } = await attached();
    expect(attachment.addresses).toEqual(['10.9.0.2/24']);
    await gone(target, attachment);
  });

  it('take chosen addresses, static and dual stack ones, and refuse those that no plugin takes [A11, C6]', async () => {
    const ranges = [[{ subnet: '10.9.0.0/24' }], [{ subnet: 'fd09::/64' }]];
    network([{ type: 'ptp', ipam: { type: 'host-local', ranges } }]);
    const { target, attachment } = await attached({ staticAddresses: ['fd09::77', '10.9.0.77'] });
    expect([...attachment.addresses].sort()).toEqual(['10.9.0.77/24', 'fd09::77/64']);
    await gone(target, attachment);
    const rejects = async (code: string, more: Partial<PodNetworkSpec>) => {
      const target = env.makeTarget();
      await expect(backend.attach(target, spec(more))).rejects.toMatchObject({ code });
      expect(env.look(target).interfaces).toEqual(['lo']);
    };
    await rejects('ADDRESS_FOREIGN', { staticAddresses: ['192.0.2.9'] });
    // ptp knows no MACs: better an error than another one.
    await rejects('NETWORK_UNSUPPORTED', { macAddress: '02:11:22:33:44:55' });
  });

  it('give a pod that comes back without a detach the address it had [E4, C6]', async () => {
    network([{ type: 'ptp', ipam: hostLocal }]);
    const [{ target }, second] = [await attached(), await attached()];
    await backend.detach(second.target);
    const again = await backend.attach(target, spec());
    expect(again.addresses).toEqual(['10.9.0.2/24']);
    expect(env.leftovers().filter((entry) => entry.startsWith('lease'))).toEqual(['lease x/10.9.0.2']);
  });

  it('undo a killed attach, by what was written down before it [E5, C6]', async () => {
    network([
      { type: 'ptp', ipam: hostLocal },
      { type: 'fixture', log, behave: { ADD: 'hang' } },
    ]);
    const target = env.makeTarget();
    targets.push(target);
    const killed = backend.attach(target, spec());
    killed.catch(() => {}); // the plugin that hangs ends with this test's process
    await expect.poll(() => readCalls(log).length).toBe(1);
    expect(env.look(target).interfaces).toContain('eth0');
    await backend.detach(target);
    expect(readCalls(log).map(({ command }) => command)).toEqual(['ADD', 'DEL']);
    expect(env.look(target).interfaces).toEqual(['lo']);
    expect(env.leftovers().filter((entry) => !/ route|rule /.test(entry))).toEqual([]);
  });

  it('undo what a reference plugin leaves half-made where it refuses a list [C6]', async () => {
    const subnets = [[{ subnet: '10.9.0.0/24' }], [{ subnet: '10.10.0.0/24' }]];
    network([{ ...bridge, ipam: { type: 'host-local', ranges: subnets } }, { type: 'fixture' }]);
    const target = env.makeTarget();
    await expect(backend.attach(target, spec())).rejects.toThrow(
      /plugin "bridge" failed on ADD: failed to set bridge addr: "testbr0" already has an IP address different from [^;]*$/,
    );
    expect(env.look(target).interfaces).toEqual(['lo']);
    expect(env.leftovers().filter((entry) => entry.startsWith('lease'))).toEqual([]);
    expect(remembered()).toEqual([]);
  });

  it.each([
    ['fail', /plugin "fixture" failed on ADD: the switch is on fire; rack 7/],
    ['hang', /plugin "fixture" failed on ADD: it did not end within 1.5 s and was killed/],
    ['garbage', /plugin "fixture" failed on ADD: its answer: is not JSON: .*Segmentation fault, nearly/],
    ['die', /plugin "fixture" failed on ADD: it exited with 2: panic: runtime error/],
  ])(
    'leave nothing behind where a plugin of the chain does not do its work: %s [C6]',
    async (how, message) => {
      network([
        bridge,
        { type: 'portmap', capabilities: { portMappings: true } },
        { type: 'fixture', log, behave: { ADD: how } },
      ]);
      const target = env.makeTarget();
      const failed = impatient.attach(target, spec());
      await expect(failed).rejects.toThrow(message);
      await expect(failed).rejects.toThrow(/^network "x" \(\/run\/conformance\/net\.d\/x\.conflist\): /);
      expect(readCalls(log).map(({ command }) => command)).toEqual(['ADD', 'DEL']);
      expect(env.look(target).interfaces).toEqual(['lo']);
      expect(env.leftovers().filter((entry) => /lease|10\.9\.0\.2\b|veth/.test(entry))).toEqual([]);
      expect(remembered()).toEqual([]);
    },
  );

  it('keep what they know of a pod as long as a DEL fails, and finish when it can [C6]', async () => {
    const chain = (behave: Fields) =>
      network([
        { type: 'ptp', ipam: hostLocal },
        { type: 'fixture', behave },
      ]);
    chain({ DEL: 'fail' });
    const { target, attachment } = await attached();
    await expect(backend.detach(target, attachment)).rejects.toThrow(/"fixture" failed on DEL: the switch/);
    expect(remembered()).toHaveLength(1);
    expect(env.leftovers()).toContain('lease x/10.9.0.2');
    // The list is remembered as it was, so it is the plugin that must be mended, not the file.
    installPlugins(fixtures, ['fixture'], ['mended']);
    sh(`printf '#!/bin/sh\\nexit 0\\n' >${fixtures}/fixture`);
    await gone(target, attachment);
    installPlugins(fixtures, ['fixture']);
  });

  it('let pods go whose rules or interface somebody has removed [C6]', async () => {
    network([bridge, { type: 'portmap', capabilities: { portMappings: true } }, { type: 'fixture' }]);
    const [ruleless, bare] = [await attached(), await attached()];
    await backend.publish(ruleless.target, ruleless.attachment, ports('8080:80'));
    sh('ip link delete eth0', bare.target.netnsPath);
    await backend.detach(bare.target, bare.attachment);
    expect(sh('iptables-save -t nat')).not.toContain('10.9.0.3');
    sh('nft flush ruleset');
    await gone(ruleless.target, ruleless.attachment);
  });

  it('free by GC what was lost, though no reference plugin knows GC [C6]', async () => {
    network([bridge, { type: 'portmap', capabilities: { portMappings: true } }, { type: 'fixture' }]);
    const [lives, lost, unpinned] = [await attached(), await attached(), await attached()];
    await backend.publish(lost.target, lost.attachment, ports('8080:80'));
    env.destroyNamespace(unpinned.target);
    const rules = () => sh('iptables-save -t nat');
    expect(rules()).toContain('10.9.0.4');
    await backend.collectGarbage({ ...lost.target, network: 'x' }, [
      { containerId: lives.target.id, ifname: 'eth0' },
    ]);
    expect(remembered()).toEqual([`x-${lives.target.id}-eth0`]);
    expect(env.leftovers().filter((entry) => entry.startsWith('lease'))).toEqual(['lease x/10.9.0.2']);
    expect(env.look(lost.target).interfaces).toEqual(['lo']);
    expect(rules()).not.toMatch(/10\.9\.0\.[34]/);
    await backend.check(lives.target, lives.attachment, []);
  });

  it('name what is missing before anything is made [C6]', async () => {
    network([{ type: 'cilium-cni' }]);
    await expect(backend.validate(spec())).rejects.toMatchObject({
      code: 'TOOL_MISSING',
      message: expect.stringMatching(
        /^network "x": the plugin "cilium-cni" is not supported without CNI plugins; network "x" \(.*x\.conflist\): plugin "cilium-cni": there is no "cilium-cni" in \/run\/conformance\/plugins, .*\/usr\/lib\/cni/,
      ),
      hint: expect.stringContaining('CNI_PATH'),
    });
    network([{ type: 'ptp', ipam: hostLocal }], { cniVersion: '1.1.0' });
    await expect(backend.validate(spec())).rejects.toThrow(
      /"ptp" does not know cniVersion 1.1.0, only .*1\.0\.0/,
    );
    network([{ type: 'ptp', ipam: hostLocal }], { cniVersion: '0.4.0', cniVersions: ['1.0.0', '1.1.0'] });
    await backend.validate(spec());
    network([{ type: 'fixture', behave: { STATUS: 'fail' } }], { cniVersion: '1.1.0' });
    await expect(backend.validate(spec())).rejects.toThrow(
      /"fixture" failed on STATUS: the switch is on fire/,
    );
    const options = { runner: hostRunner, paths: testPaths, facts: { env: { PEAPOD_CNI: 'yes' } } };
    const odd = new ConflistBackend(options);
    await expect(odd.validate(spec())).rejects.toThrow(/PEAPOD_CNI=yes is nothing/);
  });
});
