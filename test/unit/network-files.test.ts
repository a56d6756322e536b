import { execFileSync } from 'node:child_process';
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
import type { ConfList } from '../../src/network/conflist.ts';
import { readHostInterfaces } from '../../src/network/host-routes.ts';
import { networkId, readNetworkConfig } from '../../src/network/network-config.ts';
import { NetworkFiles } from '../../src/network/network-files.ts';
import { subnetText } from '../../src/network/subnet.ts';
import { bridgeConfList, explainedConfList } from '../conformance/conflists.ts';

let directory: string;
let shared: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'peapod-networks-'));
  shared = join(directory, 'net.d');
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

const open = () => new NetworkFiles({ networkConfig: shared, root: join(directory, 'root') }, () => []);
const text = (name: string) => JSON.stringify(bridgeConfList({ name }));
const write = (file: string, content: string) => {
  mkdirSync(shared, { recursive: true });
  writeFileSync(join(shared, file), content);
};
const names = (files: NetworkFiles) => files.scan().lists.map(({ name }) => name);

describe('networks as files [C5]', () => {
  it('are added whole, found by name, removed again, and leave nothing but the lock', async () => {
    const files = open();
    await files.changing(() => files.add('web', text('web')));
    expect(readFileSync(join(shared, 'web.conflist'), 'utf8')).toBe(text('web'));
    expect(names(files)).toEqual(['podman', 'web']);
    await files.changing(() => files.remove(files.find('web') as ConfList));
    expect(readdirSync(shared)).toEqual(['cni.lock']);
    expect(files.find('web')).toBeUndefined();
  });

  it('never overwrite a file, whatever it holds', async () => {
    write('web.conflist', '{"name": ');
    const files = open();
    await expect(files.changing(() => files.add('web', text('web')))).rejects.toThrow(
      expect.objectContaining({
        code: 'NAME_IN_USE',
        message: `network name web already used: ${join(shared, 'web.conflist')} exists`,
      }),
    );
    expect(readFileSync(join(shared, 'web.conflist'), 'utf8')).toBe('{"name": ');
    expect(readdirSync(shared).sort()).toEqual(['cni.lock', 'web.conflist']);
  });

  it('are changed by one at a time, and what a killed writer left goes', async () => {
    write('.peapod-4711', 'half');
    const files = open();
    const steps: string[] = [];
    const change = (name: string) =>
      open().changing(async () => {
        steps.push(`${name} begins`);
        await new Promise((resolve) => setTimeout(resolve, 20));
        steps.push(`${name} ends`);
      });
    await Promise.all([change('a'), change('b')]);
    expect(steps[1]?.split(' ')[0]).toBe(steps[0]?.split(' ')[0]);
    expect(existsSync(join(shared, '.peapod-4711'))).toBe(false);
    expect(names(files)).toEqual(['podman']);
  });

  it('that are broken are told, and hide only the name that they seem to define', () => {
    write('10-broken.conflist', '{"name": "web",');
    write('20-wrong.conflist', JSON.stringify(bridgeConfList({ name: 'db', cniVersion: '9' })));
    write('30-ok.conflist', text('ok'));
    mkdirSync(join(shared, '40-directory.conflist'));
    execFileSync('mkfifo', [join(shared, '50-fifo.conflist')]);
    const files = open();
    expect(names(files)).toEqual(['ok', 'podman']);
    expect(files.scan().broken.map(({ error }) => error.message)).toEqual([
      expect.stringContaining('10-broken.conflist: is not JSON'),
      expect.stringContaining('20-wrong.conflist: cniVersion: "9" is not known'),
      expect.stringContaining('40-directory.conflist: cannot be read: it is not a file'),
      expect.stringContaining('50-fifo.conflist: cannot be read: it is not a file'),
    ]);
    expect(() => files.find('web')).toThrow('10-broken.conflist');
    expect(() => files.find('db')).toThrow('20-wrong.conflist');
    expect(files.find('other')).toBeUndefined();
    expect(files.find('podman')?.source).toBe('the built-in default network');
  });

  it('with one name count once: the first file’s', () => {
    write('20-web.conflist', text('web'));
    write('10-web.conflist', text('web'));
    const [, web] = open().scan().lists;
    expect(web?.source).toBe(join(shared, '10-web.conflist'));
  });

  it('keep the default network off their subnets', () => {
    write('wide.conflist', JSON.stringify(bridgeConfList({}, {}, { subnet: '10.88.4.0/24' })));
    const list = open().find('podman') as ConfList;
    expect(readNetworkConfig(list).subnets.map(({ subnet }) => subnetText(subnet))).toEqual(['10.89.0.0/16']);
  });

  it('of other tools are read as far as they can be', () => {
    write('10-explained.conflist', explainedConfList);
    const [explained] = open().scan().lists;
    expect(readNetworkConfig(explained as ConfList)).toMatchObject({
      name: 'podman',
      driver: 'bridge',
      networkInterface: 'cni0',
      internal: false,
      dnsEnabled: false,
      ipamDriver: 'host-local',
      subnets: [{ gateway: '10.88.0.1', leaseRange: undefined }],
    });
    const calico = {
      name: 'k8s',
      cniVersion: '0.3.1',
      plugins: [{ type: 'calico', ipam: { type: 'calico-ipam' } }],
    };
    write('10-calico.conflist', JSON.stringify(calico));
    const other = open().find('k8s') as ConfList;
    expect(readNetworkConfig(other)).toMatchObject({
      driver: 'calico',
      subnets: [],
      ipamDriver: 'calico-ipam',
    });
  });

  it('have the ids that podman on CNI gives', () => {
    expect(networkId('podman')).toBe('2f259bab93aaaaa2542ba43ef33eb990d0999ee1b9924b557b7be53c0b7a1bb9');
  });
});

describe('interfaces of the host', () => {
  it('are read from /proc/net/dev', () => {
    const header = 'Inter-|   Receive  |  Transmit\n face |bytes    packets|bytes\n';
    writeFileSync(join(directory, 'dev'), `${header}    lo: 1 2 3\n eth0.7: 1 2 3\nbr-x:0 0\n`);
    expect(readHostInterfaces(directory)).toEqual(['lo', 'eth0.7', 'br-x']);
  });
});
