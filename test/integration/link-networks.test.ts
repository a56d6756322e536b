import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { eventually } from '../support/command.ts';
import { describeForBoth, describeForRoot, rootHost, userHost } from '../support/host.ts';
import { makeInternet } from '../support/internet.ts';
import { addressOf, configDirectory, run } from '../support/networks.ts';
import { inPodNetwork } from '../support/sandbox.ts';

describeForRoot('networks on the link of a host interface', () => {
  it('C5: a pod on macvlan has an address of the host’s own network, there and back', async () => {
    await using internet = await makeInternet();
    await using host = await rootHost({ internet });
    await using other = await rootHost({ internet });
    const lan = ['--subnet', '203.0.113.0/24', '--gateway', '203.0.113.1', '--ip-range', '203.0.113.64/26'];
    await host.ok('network', 'create', '-d', 'macvlan', '-o', 'parent=eth0', ...lan, 'lan');
    expect(await host.ok('network', 'ls', '--format', '{{.Name}} {{.Driver}}')).toContain('lan macvlan');
    const [shown] = await host.json<Record<string, unknown>[]>('network', 'inspect', 'lan');
    expect(shown).toMatchObject({
      driver: 'macvlan',
      network_interface: 'eth0',
      dns_enabled: false,
      ipam_options: { driver: 'host-local' },
    });

    await run(host, 'lan', 'web', 'on the lan');
    expect(await addressOf(host, 'web')).toBe('203.0.113.65');
    expect(await other.fetch('http://203.0.113.65/')).toBe('on the lan');
    expect(await host.fetchFrom('web', '198.51.100.80')).toBe('internet, you are 203.0.113.65');
    const published = await host.peapod('run', '--network', 'lan', '-p', '8080:80', 'host', 'true');
    expect(published).toMatchObject({ exitCode: 125, stderr: expect.stringMatching(/^Error: .*lan/) });
    expect((await host.peapod('network', 'rm', 'lan')).exitCode).toBe(2);
    await host.ok('rm', '-f', '-t', '0', 'web');
    await host.ok('network', 'rm', 'lan');
    expect(await host.rootSh('ip -oneline link show type macvlan')).toBe('');
  });

  it('C5: a pod on macvlan without a subnet asks the DHCP server of the link', async () => {
    await using internet = await makeInternet();
    await using host = await rootHost({ internet });
    await host.ok('network', 'create', '-d', 'macvlan', '-o', 'parent=eth0', 'dynamic');
    const early = await host.peapod('run', '--rm', '--network', 'dynamic', 'host', 'true');
    expect(early.exitCode).toBe(125);
    expect(early.stderr).toMatch(
      /^Error: network "dynamic" \(\S+\): plugin "macvlan" needs the daemon of the plugin dhcp.*\nhint: start it as root.*dhcp daemon/,
    );
    expect(await host.ok('ps', '-aq')).toBe('');

    const files = host.dir;
    const settings = ['start 203.0.113.200', 'end 203.0.113.210', 'interface switch'];
    const options = ['option subnet 255.255.255.0', 'option router 203.0.113.1'];
    const paths = [`lease_file ${files}/leases`, `pidfile ${files}/udhcpd.pid`];
    writeFileSync(`${files}/udhcpd.conf`, [...settings, ...options, ...paths, ''].join('\n'));
    await internet.sh(`touch ${files}/leases; busybox udhcpd ${files}/udhcpd.conf`);
    const daemon = host.spawn(['/usr/lib/cni/dhcp', 'daemon']);
    try {
      await eventually(() => host.rootSh('test -S /run/cni/dhcp.sock'));
      await run(host, 'dynamic', 'web', 'by dhcp');
      expect(await addressOf(host, 'web')).toMatch(/^203\.0\.113\.2(0\d|10)$/);
      expect(await host.fetchFrom('web', '198.51.100.80')).toMatch(/^internet, you are 203\.0\.113\.2/);
    } finally {
      await daemon.stop();
      process.kill(Number(readFileSync(`${files}/udhcpd.pid`, 'utf8')));
    }
    // Whoever kept the lease is gone: what is left goes all the same.
    await host.ok('rm', '-f', '-t', '0', 'web');
    await host.rootSh('rm -rf /run/cni');
  });

  it('C5: without root macvlan and ipvlan are refused with the reason, and nothing is written', async () => {
    await using host = await userHost();
    for (const driver of ['macvlan', 'ipvlan']) {
      const refused = await host.peapod('network', 'create', '-d', driver, '-o', 'parent=lo', 'lan');
      expect(refused).toMatchObject({ exitCode: 125, stdout: '' });
      expect(refused.stderr).toMatch(new RegExp(`^Error: ${driver} networks need root\\n.*--driver bridge`));
    }
    expect(await host.sh(`ls ${configDirectory(host)} 2>/dev/null || true`)).not.toContain('lan');
  });
});

describeForBoth('what gives addresses and routes', (makeHost) => {
  it('C5: --ipam-driver none leaves the addresses to the pod, on one link with its neighbours', async () => {
    await using host = await makeHost();
    await host.ok('network', 'create', '--ipam-driver', 'none', 'bare');
    const pods = await Promise.all(
      ['one', 'two'].map(async (name) => {
        const id = await host.ok('pod', 'create', '--name', name, '--network', 'bare');
        await host.ok('run', '-d', '--pod', name, 'host', 'sleep', '1000');
        return id;
      }),
    );
    const [one = '', two = ''] = pods;
    expect(await inPodNetwork(host, one, 'ip -4 -oneline address show dev eth0')).toBe('');
    await inPodNetwork(host, one, 'ip address add 10.99.0.1/24 dev eth0');
    await inPodNetwork(host, two, 'ip address add 10.99.0.2/24 dev eth0');
    await eventually(() => inPodNetwork(host, two, 'busybox ping -c 1 -W 1 10.99.0.1'));
    await host.ok('pod', 'rm', '-f', '-t', '0', '-a');
    // The reference plugin leaves its bridge.
    if (!host.rootless) await host.rootSh('ip link delete cni-podman1');
  });

  it('C5: --route and no_default_route are the routes that pods have', async () => {
    await using host = await makeHost();
    const route = ['--subnet', '10.90.0.0/24', '--route', '10.21.0.0/24,10.90.0.9'];
    await host.ok('network', 'create', ...route, '-o', 'no_default_route=true', 'routed');
    const id = await host.ok('pod', 'create', '--name', 'p', '--network', 'routed');
    await host.ok('pod', 'start', 'p');
    const routes = await inPodNetwork(host, id, 'ip route');
    expect(routes).toContain('10.21.0.0/24 via 10.90.0.9 dev eth0');
    expect(routes).not.toContain('default');
    const [shown] = await host.json<{ routes: unknown; internal: boolean }[]>('network', 'inspect', 'routed');
    expect(shown?.routes).toEqual([{ destination: '10.21.0.0/24', gateway: '10.90.0.9' }]);
    expect(shown?.internal).toBe(false);
  });
});
