import { existsSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { describeForBoth } from '../support/host.ts';
import { addressOf, run, writeConflist } from '../support/networks.ts';
import { webServer } from '../support/servers.ts';
import type { TestHost } from '../support/test-host.ts';

const hostLocal = { type: 'host-local', subnet: '10.66.0.0/24', routes: [{ dst: '0.0.0.0/0' }] };
const ptp = { type: 'ptp', ipMasq: true, ipam: hostLocal };
const portmap = { type: 'portmap', capabilities: { portMappings: true } };

function writeNetwork(host: TestHost, ...plugins: Record<string, unknown>[]): Promise<string> {
  const list = { cniVersion: '1.0.0', name: 'odd', plugins };
  return writeConflist(host, 'odd.conflist', JSON.stringify(list));
}

/** What plugins have made and peapod has to undo. */
async function remembered(host: TestHost): Promise<string[]> {
  const root = host.path(host.rootless ? `${host.env.HOME}/.local/share/peapod` : '/var/lib/peapod');
  return existsSync(`${root}/cni/results`) ? readdirSync(`${root}/cni/results`) : [];
}

/** iptables' own tables stay when the last rule of the plugins has gone. */
async function removeTables(host: TestHost): Promise<void> {
  if (!host.rootless) await host.rootSh('! nft list ruleset | grep 10.66; nft flush ruleset');
}

describeForBoth('networks of CNI plugins', (makeHost) => {
  it('C6: a plugin that peapod does not know makes a network, with addresses and published ports', async () => {
    await using host = await makeHost();
    await writeNetwork(host, ptp, portmap);
    await host.ok(
      'run',
      '-d',
      '--name',
      'web',
      '--network',
      'odd',
      '-p',
      '18080:80',
      'host',
      ...webServer('odd', 80),
    );
    await run(host, 'odd', 'other');
    expect(await addressOf(host, 'web')).toBe('10.66.0.2');
    expect(await host.fetch(18080)).toBe('odd');
    expect(await host.fetchFrom('web', await addressOf(host, 'other'))).toBe('other');
    expect(await remembered(host)).toHaveLength(2);
    await host.ok('stop', '-t', '0', 'web');
    await host.ok('start', 'web');
    expect(await host.fetch(18080)).toBe('odd');
    await host.ok('rm', '-f', '-t', '0', 'web', 'other');
    expect(await remembered(host)).toEqual([]);
    await removeTables(host);
  });

  it('C6: PEAPOD_CNI=exec has the default network made by the plugins of its list', async () => {
    await using host = await makeHost();
    const command = [
      'run',
      '-d',
      '--name',
      'web',
      '--network',
      'podman',
      'host',
      ...webServer('by plugins', 80),
    ];
    const { exitCode, stderr } = await host.exec(['env', 'PEAPOD_CNI=exec', 'peapod', ...command]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    await run(host, 'podman', 'native');
    expect(await host.fetchFrom('native', await addressOf(host, 'web'))).toBe('by plugins');
    expect(await remembered(host)).toHaveLength(1);
    await host.ok('rm', '-f', '-t', '0', 'web', 'native');
    expect(await remembered(host)).toEqual([]);
    if (!host.rootless)
      await host.rootSh('ip link delete cni-podman0; ! nft list ruleset | grep 10.88; nft flush ruleset');
  });

  it('C6: a plugin that is missing, or refuses, is named with the network and the file; nothing is left', async () => {
    await using host = await makeHost();
    const file = await writeNetwork(host, ptp, { type: 'no-such-plugin' });
    const missing = await host.peapod('pod', 'create', '--name', 'p', '--network', 'odd');
    expect(missing.exitCode).toBe(125);
    expect(missing.stderr).toContain(
      `network "odd" (${file}): plugin "no-such-plugin": there is no "no-such-plugin"`,
    );
    expect(await host.ok('pod', 'ps', '-q')).toBe('');

    await writeNetwork(host, ptp, { type: 'tuning', sysctl: { 'net.ipv4.no_such_key': '1' } });
    const refused = await host.peapod('run', '--name', 'c', '--network', 'odd', 'host', 'true');
    expect(refused.exitCode).toBe(125);
    expect(refused.stderr).toContain(`network "odd" (${file}): plugin "tuning" failed on ADD: `);
    expect(refused.stderr).toContain('no_such_key');
    expect(await remembered(host)).toEqual([]);
    await host.ok('rm', '-f', 'c');
    await removeTables(host);
  });

  it('C6, E5: what plugins made for a container that is gone is told by check, and freed', async () => {
    await using host = await makeHost();
    await writeNetwork(host, ptp, portmap);
    await run(host, 'odd', 'lost');
    const [file = ''] = await remembered(host);
    const root = host.rootless ? '$HOME/.local/share/peapod' : '/var/lib/peapod';
    const leases = host.rootless ? `${root}/leases/odd` : '/var/lib/cni/networks/odd';
    await host.sh(`cp ${root}/cni/results/${file} ${leases}/10.66.0.2 /tmp`);
    await host.ok('rm', '-f', '-t', '0', 'lost');
    await host.sh(`cp /tmp/${file} ${root}/cni/results; cp /tmp/10.66.0.2 ${leases}`);
    await run(host, 'odd', 'lives');
    expect(await addressOf(host, 'lives')).toBe('10.66.0.3');
    const found = await host.peapod('system', 'check');
    expect(found.exitCode).toBe(1);
    expect(found.stdout).toMatch(/^leaked network: eth0 of [0-9a-f]{12} on odd: no pod or container/m);
    await host.ok('system', 'check', '--repair');
    expect(await host.sh(`ls ${leases}`)).toMatch(/^10\.66\.0\.3\n/);
    expect(await remembered(host)).toEqual([expect.not.stringContaining(file)]);
    expect(await host.ok('system', 'check')).toBe('Nothing is leaked.');
    expect(await host.ok('exec', 'lives', 'ip', 'route')).toContain('default via 10.66.0.1');
    await host.ok('rm', '-f', '-t', '0', 'lives');
    await removeTables(host);
  });
});
