import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bridgeNetwork } from '../../rootful/bridge-network.ts';
import { Ipam } from '../../rootful/ipam.ts';
import { parseConfList } from '../../src/network/conflist.ts';
import { bridgeConfList } from '../conformance/conflists.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'peapod-ipam-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

type Fields = Record<string, unknown>;
const small = { subnet: '10.9.0.0/29' };
const open = (ipam: Fields = small) =>
  new Ipam(bridgeNetwork(parseConfList('x', JSON.stringify(bridgeConfList({}, {}, ipam)))), root);
const owner = (id: string) => ({ id, ifname: 'eth0' });
const take = async (ipam: Ipam, id: string, ...requested: string[]) =>
  (await ipam.allocate(owner(id), requested)).map(({ address }) => address);
const code = (name: string) => expect.objectContaining({ code: name });
const leaseFile = (address: string) => join(root, 'x', address);

describe('addresses of a network', () => {
  it('go round robin, past the gateway, never network or broadcast address [A10]', async () => {
    const ipam = open();
    const given: string[] = [];
    for (const id of ['a', 'b', 'c', 'd', 'e']) given.push(...(await take(ipam, id)));
    expect(given).toEqual(['10.9.0.2', '10.9.0.3', '10.9.0.4', '10.9.0.5', '10.9.0.6']);
    await expect(take(ipam, 'f')).rejects.toThrow(code('ADDRESS_EXHAUSTED'));
    await ipam.leases.release('b');
    expect(await take(ipam, 'g')).toEqual(['10.9.0.3']);
  });

  it('are not reused while others are free', async () => {
    const ipam = open();
    await take(ipam, 'a');
    await ipam.leases.release('a');
    expect(await take(ipam, 'b')).toEqual(['10.9.0.3']);
    // A new process goes on where the last one stopped.
    expect(await take(open(), 'c')).toEqual(['10.9.0.4']);
  });

  it('may be chosen; taken and foreign ones are errors that name the reason [A11]', async () => {
    const ipam = open();
    expect(await take(ipam, 'a'.repeat(64), '10.9.0.5')).toEqual(['10.9.0.5']);
    await expect(take(ipam, 'b', '10.9.0.5')).rejects.toThrow(
      /10.9.0.5 of network "x" is taken by aaaaaaaaaaaa$/,
    );
    expect(() => ipam.check(['10.9.0.5'])).toThrow(code('ADDRESS_IN_USE'));
    await expect(take(ipam, 'b', '10.9.0.1')).rejects.toThrow(/is the gateway/);
    for (const foreign of ['10.9.0.0', '10.9.0.7', '10.9.1.2', 'fd00::2']) {
      await expect(take(ipam, 'b', foreign)).rejects.toThrow(code('ADDRESS_FOREIGN'));
      expect(() => ipam.check([foreign])).toThrow(code('ADDRESS_FOREIGN'));
    }
    await expect(take(ipam, 'b', '10.9.0.2', '10.9.0.3')).rejects.toThrow(/gives a pod one address/);
    expect(ipam.leases.read()).toHaveLength(1);
  });

  it('come one of each range set: dual stack, several ranges', async () => {
    const ipam = open({
      type: 'host-local',
      ranges: [
        [{ subnet: '10.9.0.0/24', rangeStart: '10.9.0.9', rangeEnd: '10.9.0.10' }, { subnet: '10.7.0.0/30' }],
        [{ subnet: 'fd00::/64' }],
      ],
    });
    expect(await ipam.allocate(owner('a'), [])).toMatchObject([
      { address: '10.9.0.9', gateway: '10.9.0.1' },
      { address: 'fd00::2', gateway: 'fd00::1' },
    ]);
    expect(await take(ipam, 'b')).toEqual(['10.9.0.10', 'fd00::3']);
    expect(await take(ipam, 'c', 'fd00::99')).toEqual(['10.7.0.2', 'fd00::99']);
    // The IPv6 set could still give: it must not keep what the failed call took.
    await expect(take(ipam, 'd', 'fd00::77')).rejects.toThrow(code('ADDRESS_EXHAUSTED'));
    expect(existsSync(leaseFile('fd00::77'))).toBe(false);
    await ipam.leases.release('a');
    expect(await take(ipam, 'd')).toEqual(['10.9.0.9', 'fd00::9a']);
  });

  it('stay with an owner that asks again, unless it asks for another', async () => {
    const ipam = open();
    expect(await take(ipam, 'a')).toEqual(['10.9.0.2']);
    expect(await take(ipam, 'a')).toEqual(['10.9.0.2']);
    expect(await take(ipam, 'a', '10.9.0.6')).toEqual(['10.9.0.6']);
    expect(ipam.leases.read()).toEqual([{ address: '10.9.0.6', id: 'a', ifname: 'eth0' }]);
  });

  it('of a static network are the ones in its file', async () => {
    const network = bridgeNetwork(
      parseConfList(
        'x',
        JSON.stringify(
          bridgeConfList(
            {},
            { ipam: { type: 'static', addresses: [{ address: '10.9.0.5/24', gateway: '10.9.0.1' }] } },
          ),
        ),
      ),
    );
    const ipam = new Ipam(network, root);
    expect(await ipam.allocate(owner('a'), [])).toMatchObject([{ address: '10.9.0.5', gateway: '10.9.0.1' }]);
    await expect(take(ipam, 'b')).rejects.toThrow(code('ADDRESS_IN_USE'));
  });

  it('are never given twice, by as many at once as there are', async () => {
    const subnet = { subnet: '10.9.0.0/26' };
    const given = await Promise.all(Array.from({ length: 61 }, (_, n) => take(open(subnet), `pod${n}`)));
    expect(new Set(given.flat()).size).toBe(61);
    await expect(take(open(subnet), 'one-more')).rejects.toThrow(code('ADDRESS_EXHAUSTED'));
  });
});

describe('leases on disk', () => {
  it("have host-local's format", async () => {
    await take(open(), 'abc');
    expect(readdirSync(join(root, 'x')).sort()).toEqual(['10.9.0.2', 'last_reserved_ip.0', 'lock']);
    expect(readFileSync(leaseFile('10.9.0.2'), 'utf8')).toBe('abc\r\neth0');
    expect(readFileSync(leaseFile('last_reserved_ip.0'), 'utf8')).toBe('10.9.0.2');
  });

  it('are released by id, twice without harm, and without making anything', async () => {
    const ipam = open();
    expect(await ipam.leases.release('a')).toEqual([]);
    expect(existsSync(join(root, 'x'))).toBe(false);
    await take(ipam, 'a');
    await take(ipam, 'b');
    expect(await ipam.leases.release('a')).toEqual(['10.9.0.2']);
    expect(await ipam.leases.release('a')).toEqual([]);
    expect(ipam.leases.read().map(({ id }) => id)).toEqual(['b']);
  });

  it('that a crash left empty or half-written are given out again', async () => {
    mkdirSync(join(root, 'x'));
    writeFileSync(leaseFile('10.9.0.2'), '');
    writeFileSync(leaseFile('.peapod-1'), 'dead\r\neth0');
    writeFileSync(leaseFile('last_reserved_ip.0'), 'garbage');
    expect(await take(open(), 'a')).toEqual(['10.9.0.2']);
    expect(readdirSync(join(root, 'x')).sort()).toEqual(['10.9.0.2', 'last_reserved_ip.0', 'lock']);
  });
});

const plugin = '/usr/lib/cni/host-local';

describe.runIf(existsSync(plugin))("CNI's own host-local", () => {
  /** The addresses of an ADD, or what the plugin said. */
  function run(command: 'ADD' | 'DEL', id: string, ipam: Fields, ip?: string): string[] {
    const config = {
      cniVersion: '0.4.0',
      name: 'x',
      type: 'bridge',
      ipam: { type: 'host-local', dataDir: root, ...ipam },
      ...(ip ? { args: { cni: { ips: [ip] } } } : {}),
    };
    const { stdout, status } = spawnSync(plugin, [], {
      input: JSON.stringify(config),
      encoding: 'utf8',
      env: {
        CNI_COMMAND: command,
        CNI_CONTAINERID: id,
        CNI_NETNS: '/x',
        CNI_IFNAME: 'eth0',
        CNI_PATH: '/usr/lib/cni',
      },
    });
    if (status !== 0) throw new Error(stdout);
    if (command === 'DEL') return [];
    const result = JSON.parse(stdout) as { ips: { address: string; gateway: string }[] };
    return result.ips.map(({ address }) => address.split('/')[0] as string);
  }

  it('and ours take turns on one directory, each going on where the other stopped', async () => {
    const ipam = open();
    const turns = [
      await take(ipam, 'a'),
      run('ADD', 'b', small),
      await take(ipam, 'c'),
      run('ADD', 'd', small),
    ];
    expect(turns.flat()).toEqual(['10.9.0.2', '10.9.0.3', '10.9.0.4', '10.9.0.5']);
    await expect(take(ipam, 'e', '10.9.0.3')).rejects.toThrow(code('ADDRESS_IN_USE'));
    expect(() => run('ADD', 'e', small, '10.9.0.4')).toThrow(/not available/);
    // Each frees what the other took.
    run('DEL', 'c', small);
    expect(await ipam.leases.release('b')).toEqual(['10.9.0.3']);
    expect([await take(ipam, 'f'), run('ADD', 'g', small), await take(ipam, 'h')].flat()).toEqual([
      '10.9.0.6',
      '10.9.0.3',
      '10.9.0.4',
    ]);
    await expect(take(ipam, 'i')).rejects.toThrow(code('ADDRESS_EXHAUSTED'));
    expect(() => run('ADD', 'i', small)).toThrow(/no IP addresses available/);
  });

  it.each<[string, Fields]>([
    ['one subnet', small],
    ['a part of a subnet', { subnet: '10.9.0.0/24', rangeStart: '10.9.0.250', gateway: '10.9.0.252' }],
    ['two ranges in a set', { ranges: [[{ subnet: '10.9.0.0/30' }, { subnet: '10.7.0.0/30' }]] }],
    ['dual stack', { ranges: [[{ subnet: '10.9.0.0/29' }], [{ subnet: 'fd00::/125' }]] }],
    ['a gateway in the middle', { subnet: '10.9.0.0/29', gateway: '10.9.0.4' }],
  ])('gives the same addresses in the same order as ours: %s', async (_, section) => {
    const ours: string[][] = [];
    const theirs: string[][] = [];
    const attempt = async (into: string[][], add: () => Promise<string[]> | string[]) => {
      try {
        into.push(await add());
      } catch {
        into.push(['exhausted']);
      }
    };
    const other = mkdtempSync(join(tmpdir(), 'peapod-ipam-'));
    const ipam = new Ipam(
      bridgeNetwork(
        parseConfList('x', JSON.stringify(bridgeConfList({}, {}, { type: 'host-local', ...section }))),
      ),
      other,
    );
    for (let n = 0; n < 9; n++) {
      await attempt(ours, () => take(ipam, `pod${n}`));
      await attempt(theirs, () => run('ADD', `pod${n}`, section));
      if (n % 3 !== 2) continue;
      await ipam.leases.release(`pod${n - 1}`);
      run('DEL', `pod${n - 1}`, section);
    }
    rmSync(other, { recursive: true });
    expect(ours).toEqual(theirs);
  });

  it('never collides with ours when both allocate at the same time', async () => {
    const section = { subnet: '10.9.0.0/26' };
    const given: string[] = [];
    const plugins = Array.from({ length: 10 }, (_, n) => async () => {
      given.push(...(await take(open(section), `ours${n}`)));
      given.push(...run('ADD', `theirs${n}`, section));
    });
    await Promise.all(plugins.map((turn) => turn()));
    expect(new Set(given).size).toBe(20);
  });
});
