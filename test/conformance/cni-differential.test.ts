import type { ChildProcess } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readPluginList } from '../../rootful/cni/config.ts';
import { deleteList } from '../../rootful/cni/list.ts';
import { pluginDirectories } from '../../rootful/cni/plugins.ts';
import { ConflistBackend } from '../../rootful/conflist-backend.ts';
import { hostRunner } from '../../src/host/exec.ts';
import type { NetworkTarget, PodNetworkSpec } from '../../src/network/backend.ts';
import { type ConfList, findConfList } from '../../src/network/conflist.ts';
import type { PublishedPort } from '../../src/network/types.ts';
import { isRoot, outside, plainSpec, ports } from './bridge-pods.ts';
import { type Case, cases } from './cni-cases.ts';
import { drawReach, drawState, type Picture, type PicturedPod, probes } from './cni-picture.ts';
import { bridgeConfList } from './conflists.ts';
import type { ConformanceEnvironment } from './environment.ts';
import {
  directory,
  makeRealEnvironment,
  removeConfLists,
  startTalker,
  testPaths,
  writeConfList,
} from './real-environment.ts';
import { sh } from './throwaway-host.ts';

type Side = 'native' | 'exec';

/** Where the native path may differ from the reference plugins (containernetworking-plugins 1.1.1), and why. */
const differences: readonly Difference[] = [
  {
    what: /^pod: mac$/,
    cases: /./,
    why: 'a MAC that follows from the address: one that is given anew is in no neighbour’s ARP cache with another MAC',
  },
  {
    what: /^ports: hairpin$/,
    cases: /port|explained|cniVersion/,
    why: 'hairpin on where ports are published: without it no pod reaches its own where br_netfilter is loaded',
  },
  {
    what: /^reach: .* from the pod itself$/,
    cases: /port|explained|cniVersion/,
    why: 'so a pod reaches its own published ports, which with the reference needs hairpinMode in the file',
  },
  {
    what: /^reach: .* from a neighbour$/,
    cases: /^ports without snat$/,
    why: 'a neighbour’s connection by way of the host is masqueraded even without snat: else the answer comes past the host where br_netfilter is not loaded',
  },
  {
    what: /^leases$/,
    cases: /^static/,
    why: 'static addresses have leases, so that a second pod with the same one is refused',
  },
  {
    what: /^answer: name servers$/,
    cases: /^static, dual stack, with name servers$/,
    why: 'the bridge plugin drops the name servers of its IPAM plugin',
  },
  {
    what: /^(bridge|ports): mtu$/,
    cases: /^tuning with MTU/,
    why: 'both ends have the MTU that tuning gives to the pod’s: a veth drops what is too large for its peer',
  },
];

interface Difference {
  readonly what: RegExp;
  readonly cases: RegExp;
  readonly why: string;
}

describe.runIf(isRoot)('the native path against the reference plugins ®', () => {
  const backends: Record<Side, ConflistBackend> = {
    native: new ConflistBackend({ runner: hostRunner, paths: testPaths, facts: { env: process.env } }),
    exec: new ConflistBackend({
      runner: hostRunner,
      paths: testPaths,
      facts: { env: { ...process.env, PEAPOD_CNI: 'exec' } },
    }),
  };
  let env: ConformanceEnvironment;
  let talker: ChildProcess | undefined;
  const undo: (() => Promise<void>)[] = [];
  const used = new Set<string>();
  const compared = new Set<string>();

  beforeAll(async () => {
    env = await makeRealEnvironment(() => ({
      backend: backends.native,
      network: 'x',
      helpers: ['sleep infinity'],
      damage: () => {},
    }));
    // What is not masqueraded finds its way back.
    sh('ip route add 10.0.0.0/8 via 198.51.100.1; ip route add fd00::/8 via 2001:db8::1', outside.netnsPath);
    talker = await startTalker(['serve', 'tcp', '::', '80', '@'], outside.netnsPath);
    // A new network namespace has the kernel switches of the machine: the first case starts as those after it.
    await clear();
  });
  afterEach(clear);
  afterAll(() => void talker?.kill('SIGKILL'));

  async function clear(): Promise<void> {
    for (const step of undo.splice(0).reverse()) await step();
    removeConfLists();
    rmSync(testPaths.leases, { recursive: true, force: true });
    rmSync(join(directory, 'elsewhere'), { recursive: true, force: true });
    sh(`nft flush ruleset
      for bridge in testbr0 cni0; do ip link delete $bridge 2>/dev/null || :; done
      echo 0 >/proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/ipv6/conf/all/forwarding`);
  }

  /** The reference waits for duplicate address detection nowhere, and nobody is reached by IPv6 before its end. */
  async function settled(pods: readonly PicturedPod[]): Promise<void> {
    const places = [undefined, ...pods.map(({ target }) => target.netnsPath)];
    const tentative = () =>
      places.map((place) => sh('ip -6 -oneline address show tentative', place)).join('');
    await expect.poll(tentative, { timeout: 5000 }).toBe('');
  }

  async function draw(side: Side, one: Case): Promise<Picture> {
    const network = one.conflist.name as string;
    const backend = backends[side];
    if (one.before) sh(one.before);
    writeConfList('x.conflist', JSON.stringify(one.conflist));
    const spec: PodNetworkSpec = { network, options: {}, staticAddresses: [], ports: [], ...one.spec };
    const pods: PicturedPod[] = [];
    for (let index = 0; index < (one.pods ?? 2); index++) {
      const id = `${index + 1}`.padEnd(64, '0');
      const target = env.makeTarget({ network, id, ifname: one.ifname ?? 'eth0' });
      await backend.validate(spec);
      const attachment = await backend.attach(target, spec);
      undo.push(() => backend.detach(target, attachment));
      pods.push({ target, attachment });
    }
    const services = one.ports?.some((port) => port.endsWith('/udp')) ? ['tcp 80', 'udp 53'] : ['tcp 80'];
    const starting = pods.flatMap(({ target }) =>
      services.map((service) => {
        const [protocol = '', port = ''] = service.split(' ');
        return startTalker(['serve', protocol, '::', port, '@'], target.netnsPath);
      }),
    );
    for (const talker of await Promise.all(starting)) undo.push(async () => void talker.kill('SIGKILL'));
    const [first] = pods as [PicturedPod];
    const v6 = first.attachment.addresses.some((cidr) => cidr.includes(':'));
    if (v6) await settled(pods);
    let published: PublishedPort[] = [];
    if (one.ports) published = await backend.publish(first.target, first.attachment, ports(...one.ports));
    const plugin = (one.conflist.plugins as { bridge: string; ipam: { dataDir?: string } }[])[0];
    const leases = join(plugin?.ipam.dataDir ?? testPaths.leases, network);
    return {
      ...drawState(pods, plugin?.bridge ?? '', leases),
      ...drawReach(probes(pods, published, { v6 })),
    };
  }

  it.each(cases)('agrees on $title [C6]', async (one) => {
    const reference = await draw('exec', one);
    await clear();
    const native = await draw('native', one);
    const reached = Object.entries(native).filter(
      ([key, value]) => /^reach/.test(key) && value !== 'no answer',
    );
    expect(reached).not.toEqual([]);
    const keys = [...new Set([...Object.keys(reference), ...Object.keys(native)])];
    const unlike = keys.filter((key) => {
      if (reference[key] === native[key]) return false;
      const known = differences.filter(({ what, cases: where }) => what.test(key) && where.test(one.title));
      for (const { why } of known) used.add(why);
      return known.length === 0;
    });
    compared.add(one.title);
    const pick = (picture: Picture) => Object.fromEntries(unlike.map((key) => [key, picture[key]]));
    expect(pick(native)).toEqual(pick(reference));
  });

  it('gives a bridge a gateway in each of several subnets, where the reference gives up [C6]', async () => {
    const ranges = [[{ subnet: '10.9.0.0/24' }], [{ subnet: '10.10.0.0/24' }]];
    const one = { title: '', conflist: bridgeConfList({}, {}, { type: 'host-local', ranges }) };
    await expect(draw('exec', one)).rejects.toThrow(/already has an IP address different from 10\.10\.0\.1/);
    await clear();
    const picture = await draw('native', one);
    expect(picture['bridge: addresses']).toBe('10.10.0.1/24 10.9.0.1/24');
    expect(picture['reach: host asks address 1']).toBe('10.10.0.1');
  });

  it('leaves no masquerading behind where the namespace is gone, as the reference does [C6]', async () => {
    const rulesAfter = async (side: Side, remove: (target: NetworkTarget) => Promise<void>) => {
      writeConfList('x.conflist', JSON.stringify(bridgeConfList()));
      const target = env.makeTarget();
      await backends[side].attach(target, { ...plainSpec, network: 'x' });
      undo.push(() => backends[side].detach(target));
      env.destroyNamespace(target);
      await remove(target);
      return sh('nft list ruleset');
    };
    const bareDel = async ({ id, netnsPath }: NetworkTarget) => {
      const list = findConfList(testPaths.networkConfig, 'x') as ConfList;
      const endpoint = { containerId: id, netns: netnsPath, ifname: 'eth0', args: [], capabilityArgs: {} };
      const place = {
        runner: hostRunner,
        directories: pluginDirectories({}),
        searchPath: '/usr/sbin:/usr/bin',
        timeoutMs: 9000,
      };
      await deleteList(place, readPluginList(list, testPaths.leases), endpoint, undefined);
    };
    expect(await rulesAfter('exec', bareDel)).toContain('10.9.0.2');
    await clear();
    expect(await rulesAfter('native', (target) => backends.native.detach(target))).toBe('');
    await clear();
    // By plugins as well: they are shown what was there.
    expect(await rulesAfter('exec', (target) => backends.exec.detach(target))).not.toContain('10.9.0.');
  });

  it('takes back the address of an empty lease, which the reference never gives again [C6]', async () => {
    const only = { rangeStart: '10.9.0.2', rangeEnd: '10.9.0.2' };
    const crashed = async (side: Side) => {
      writeConfList('x.conflist', JSON.stringify(bridgeConfList({}, {}, only)));
      // As host-local leaves it when it is killed between creating the file and writing to it (plugins#498).
      mkdirSync(join(testPaths.leases, 'x'), { recursive: true });
      writeFileSync(join(testPaths.leases, 'x', '10.9.0.2'), '');
      const target = env.makeTarget();
      undo.push(() => backends[side].detach(target));
      return backends[side].attach(target, { ...plainSpec, network: 'x' });
    };
    await expect(crashed('exec')).rejects.toMatchObject({ code: 'ADDRESS_EXHAUSTED' });
    await clear();
    expect((await crashed('native')).addresses).toEqual(['10.9.0.2/24']);
  });

  it('has no difference in its table that is none', ({ skip }) => {
    skip(compared.size < cases.length, 'not every case has been compared');
    expect(differences.map(({ why }) => why).filter((why) => !used.has(why))).toEqual([]);
  });
});
