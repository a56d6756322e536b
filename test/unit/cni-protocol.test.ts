import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readPluginList } from '../../rootful/cni/config.ts';
import {
  addList,
  checkList,
  collectList,
  deleteList,
  statusList,
  UndoFailed,
} from '../../rootful/cni/list.ts';
import { agree, negotiate } from '../../rootful/cni/negotiate.ts';
import { pluginDirectories } from '../../rootful/cni/plugins.ts';
import type { PluginPlace } from '../../rootful/cni/protocol.ts';
import { hostRunner } from '../../src/host/exec.ts';
import { parseConfList } from '../../src/network/conflist.ts';
import {
  endpointWith as endpoint,
  type Fields,
  containerId as id,
  pluginList,
} from '../support/cni-lists.ts';
import { installPlugins, readCalls } from '../support/cni-plugins.ts';

let directory = '';
let log = '';
let place: PluginPlace;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cni-'));
  log = join(directory, 'log');
  place = {
    runner: hostRunner,
    directories: [join(directory, 'bin')],
    searchPath: process.env.PATH ?? '/usr/bin:/bin',
    timeoutMs: 5000,
  };
  installPlugins(join(directory, 'bin'), ['first', 'second', 'third']);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const list = (more: Fields = {}, ...plugins: Fields[]) => pluginList(log, more, ...plugins);
const called = () => readCalls(log).map(({ command, type }) => `${command} ${type}`);

describe('a chain of CNI plugins [C6]', () => {
  it('is told by environment and standard input what the specification says', async () => {
    const result = await addList(place, list(), endpoint());
    expect(result.ips).toEqual([{ address: '10.1.2.3/24' }]);
    const calls = readCalls(log);
    expect(called()).toEqual(['ADD first', 'ADD second', 'ADD third']);
    for (const { env, config } of calls) {
      expect(env).toEqual({
        CONTAINERID: id,
        NETNS: '/run/netns/x',
        IFNAME: 'eth0',
        ARGS: 'IgnoreUnknown=1;K8S_POD_NAME=web',
        PATH: place.directories.join(':'),
      });
      expect(config).toMatchObject({ name: 'web', cniVersion: '1.0.0' });
      expect(config).not.toHaveProperty('plugins');
    }
    expect(calls[0]?.config).not.toHaveProperty('prevResult');
    expect(calls[1]?.config.prevResult).toMatchObject({
      cniVersion: '1.0.0',
      ips: [{ address: '10.1.2.3/24' }],
    });
  });

  it('gets capability arguments only where a plugin has the capability', async () => {
    const portMappings = [{ hostPort: 80, containerPort: 80, protocol: 'tcp' }];
    const chain = list(
      {},
      { capabilities: { mac: true } },
      { capabilities: { portMappings: true, mac: false } },
    );
    await addList(place, chain, endpoint({ portMappings, mac: '0a:00:00:00:00:01', aliases: ['a'] }));
    const configs = readCalls(log).map(({ config }) => config);
    expect(configs[0]?.runtimeConfig).toEqual({ mac: '0a:00:00:00:00:01' });
    expect(configs[1]?.runtimeConfig).toEqual({ portMappings });
    expect(configs[2]).not.toHaveProperty('runtimeConfig');
    expect(configs.some((config) => 'capabilities' in config)).toBe(false);
  });

  it('deletes and checks with the result of the ADD, deleting in reverse order', async () => {
    const result = await addList(place, list(), endpoint());
    await checkList(place, list(), endpoint(), result);
    await deleteList(place, list(), endpoint(), result);
    await deleteList(place, list(), { ...endpoint(), netns: '' }, undefined);
    expect(called().slice(3)).toEqual([
      ...['CHECK first', 'CHECK second', 'CHECK third'],
      ...['DEL third', 'DEL second', 'DEL first', 'DEL third', 'DEL second', 'DEL first'],
    ]);
    const [checked, , , deleted, , , blind] = readCalls(log).slice(3);
    expect(checked?.config.prevResult).toMatchObject({ ips: [{ address: '10.1.2.3/24' }] });
    expect(deleted?.config.prevResult).toEqual(checked?.config.prevResult);
    expect(blind?.config).not.toHaveProperty('prevResult');
    expect(blind?.env.NETNS).toBe('');
  });

  it('is undone in reverse order from the plugin that failed, and the error names network, file and plugin', async () => {
    const chain = list({}, {}, { behave: { ADD: 'fail' } });
    await expect(addList(place, chain, endpoint())).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      cniCode: 111,
      message:
        'network "web" (/etc/cni/net.d/10-web.conflist): plugin "second" failed on ADD: the switch is on fire; rack 7 [31m',
    });
    expect(called()).toEqual(['ADD first', 'ADD second', 'DEL second', 'DEL first']);
    expect(readCalls(log).at(-1)?.config.prevResult).toMatchObject({ ips: [{ address: '10.1.2.3/24' }] });
  });

  it('is undone as far as it goes where undoing fails too, and the error tells of both', async () => {
    const chain = list({}, {}, {}, { behave: { ADD: 'die', DEL: 'fail' } });
    const failed = addList(place, chain, endpoint());
    await expect(failed).rejects.toThrow(UndoFailed);
    await expect(failed).rejects.toThrow(
      /"third" failed on ADD: it exited with 2: panic: runtime error.*; and then: .*"third" failed on DEL: the switch/,
    );
    // Each is asked twice: plugins stop at the first thing that is missing, and are past it the next time.
    expect(called().slice(3)).toEqual(['DEL third', 'DEL third', 'DEL second', 'DEL first']);
  });

  it.each([
    ['garbage', /its answer: is not JSON: .*; it printed "Segmentation fault, nearly"/],
    ['silent', /its answer: is not JSON: .*; it printed nothing/],
    ['crash', /failed on ADD: it exited with 3 in silence/],
  ])('says what a plugin did that is no answer: %s', async (behaviour, message) => {
    const failed = addList(place, list({}, { behave: { ADD: behaviour } }), endpoint());
    await expect(failed).rejects.toThrow(message);
    await expect(failed).rejects.toThrow(
      /^network "web" \(\/etc\/cni\/net\.d\/10-web\.conflist\): plugin "first"/,
    );
    expect(called()).toEqual(['ADD first', 'DEL first']);
  });

  it.each(['hang', 'stubborn'])('does not wait for ever: %s', async (behaviour) => {
    const impatient = { ...place, timeoutMs: 700 };
    const startedAt = performance.now();
    const failed = addList(impatient, list({}, {}, { behave: { ADD: behaviour } }), endpoint());
    await expect(failed).rejects.toThrow(
      /"second" failed on ADD: it did not end within 0.7 s and was killed/,
    );
    expect(performance.now() - startedAt).toBeLessThan(behaviour === 'hang' ? 2500 : 5500);
    expect(called()).toEqual(['ADD first', 'ADD second', 'DEL second', 'DEL first']);
  });

  it('halts a DEL at the first failure: what comes after frees the address', async () => {
    const chain = list({}, {}, { behave: { DEL: 'fail' } });
    await expect(deleteList(place, chain, endpoint(), undefined)).rejects.toThrow(/"second" failed on DEL/);
    expect(called()).toEqual(['DEL third', 'DEL second']);
  });

  it('knows which commands a version has', async () => {
    const old = list({ cniVersion: '0.3.1' });
    const result = await addList(place, old, endpoint());
    await checkList(place, old, endpoint(), result);
    await statusList(place, list());
    await collectList(place, list(), []);
    await deleteList(place, old, endpoint(), result);
    expect(called().filter((call) => !/^(ADD|DEL)/.test(call))).toEqual([]);
    expect(readCalls(log).at(-1)?.config).not.toHaveProperty('prevResult');
    await checkList(place, list({ disableCheck: true }), endpoint(), result);
    await collectList(place, list({ cniVersion: '1.1.0', disableGC: true }), []);
    expect(called()).toHaveLength(6);
  });

  it('is asked for its STATUS, and told at GC what lives', async () => {
    const chain = list({ cniVersion: '1.1.0' });
    await statusList(place, chain);
    await collectList(place, chain, [{ containerId: id, ifname: 'eth0' }]);
    expect(called().slice(0, 3).sort()).toEqual(['STATUS first', 'STATUS second', 'STATUS third']);
    expect(called().slice(3)).toEqual(['GC first', 'GC second', 'GC third']);
    expect(readCalls(log).at(-1)?.config).toMatchObject({
      'cni.dev/valid-attachments': [{ containerID: id, ifname: 'eth0' }],
    });
    const unready = list({ cniVersion: '1.1.0' }, { behave: { STATUS: 'fail' } });
    await expect(statusList(place, unready)).rejects.toThrow(
      /"first" failed on STATUS: the switch is on fire/,
    );
  });

  it('is spoken to in the newest version that the file offers and all plugins know', async () => {
    const offered = list({ cniVersion: '0.4.0', cniVersions: ['0.3.1', '1.0.0', '1.1.0', '9.0.0'] });
    expect((await negotiate(place, offered)).cniVersion).toBe('1.1.0');
    installPlugins(join(directory, 'bin'), ['second'], ['0.3.1', '0.4.0']);
    const agreed = await negotiate(place, offered);
    expect(agreed.cniVersion).toBe('0.4.0');
    expect(readPluginList(parseConfList('x', agreed.text)).cniVersion).toBe('0.4.0');
    await expect(agree(place, list())).rejects.toMatchObject({
      code: 'NETWORK_CONFIG',
      message: expect.stringMatching(/plugin "second" does not know cniVersion 1.0.0, only 0.3.1, 0.4.0$/),
    });
  });

  it('needs its plugins, and the IPAM plugins behind them', async () => {
    const missing = (text: RegExp) => ({ code: 'TOOL_MISSING', message: expect.stringMatching(text) });
    const foreign = list({}, {}, { type: 'cilium-cni' });
    await expect(agree(place, foreign)).rejects.toMatchObject(
      missing(
        /\(\/etc\/cni\/net\.d\/10-web\.conflist\): plugin "cilium-cni": there is no "cilium-cni" in .*bin/,
      ),
    );
    await expect(addList(place, foreign, endpoint())).rejects.toMatchObject(missing(/cilium-cni/));
    expect(called()).toEqual(['ADD first', 'DEL first']);
    await expect(agree(place, list({}, { ipam: { type: 'whereabouts' } }))).rejects.toMatchObject(
      missing(/there is no "whereabouts"/),
    );
    expect(() => list({}, { ipam: { type: '../../bin/sh' } })).toThrow(/plugins\[0\]\.ipam\.type/);
  });

  it('is looked for in CNI_PATH first', () => {
    expect(pluginDirectories({ CNI_PATH: '/a:relative::/usr/lib/cni' })).toEqual([
      ...[
        '/a',
        '/usr/lib/cni',
        '/opt/cni/bin',
        '/usr/local/libexec/cni',
        '/usr/libexec/cni',
        '/usr/local/lib/cni',
      ],
    ]);
  });
});
