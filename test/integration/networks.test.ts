import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { describeForBoth, describeForRoot, rootHost } from '../support/host.ts';
import { addressOf, configDirectory, inspectNetwork, run, subnetsOf } from '../support/networks.ts';
import { inPodNetwork } from '../support/sandbox.ts';
import { getPage, webServer } from '../support/servers.ts';
import type { TestHost } from '../support/test-host.ts';

/** Whether one attempt from a container reaches a web server. */
async function reaches(host: TestHost, container: string, address: string): Promise<boolean> {
  const { stdout } = await host.peapod('exec', container, ...getPage(address));
  return stdout.startsWith('HTTP/');
}

describeForBoth('user-defined networks', (makeHost) => {
  it('C5: a network is created, listed, inspected, used, refused while in use, and removed', async () => {
    await using host = await makeHost();
    expect(await host.ok('network', 'create')).toBe('podman1');
    expect(await host.ok('network', 'create', '--label', 'tier=back', 'back')).toBe('back');
    expect(await host.ok('network', 'ls', '-q')).toBe('back\npodman\npodman1');
    expect(await host.ok('network', 'ls', '-q', '--filter', 'label=tier=back')).toBe('back');
    expect(await subnetsOf(host, 'podman1')).toEqual(['10.89.0.0/24']);
    expect(await subnetsOf(host, 'back')).toEqual(['10.89.1.0/24']);
    expect(existsSync(host.path(`${configDirectory(host)}/back.conflist`))).toBe(true);

    await host.ok('pod', 'create', '--name', 'front', '--network', 'back');
    expect(await host.peapod('network', 'rm', 'back')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('"back" has associated containers with it (pod front)'),
    });
    const id = await host.ok('run', '-d', '--pod', 'front', '--name', 'srv', 'host', 'sleep', '1000');
    await run(host, 'back', 'alone');
    expect(await addressOf(host, 'alone')).toMatch(/^10\.89\.1\.\d+$/);
    const { containers } = await inspectNetwork(host, 'back');
    expect(containers[id]).toMatchObject({ name: 'srv' });
    expect(await host.ok('network', 'prune', '-f')).toBe('podman1');

    expect((await host.peapod('network', 'rm', 'back')).stderr).toContain('(pod front, container alone)');
    expect(await host.ok('network', 'rm', '-f', '-t', '0', 'back')).toBe('back');
    expect(await host.ok('ps', '-aq')).toBe('');
    expect(await host.ok('pod', 'ps', '-q')).toBe('');
    expect((await host.peapod('network', 'exists', 'back')).exitCode).toBe(1);
    expect(existsSync(host.path(`${configDirectory(host)}/back.conflist`))).toBe(false);
    expect((await host.peapod('network', 'rm', 'back')).exitCode).toBe(1);
  });

  it('C5: subnet, gateway, range, bridge name and mtu are as they were asked for', async () => {
    await using host = await makeHost();
    await host.ok(
      ...['network', 'create', '--subnet', '10.90.0.0/24', '--gateway', '10.90.0.254'],
      ...['--ip-range', '10.90.0.128/25', '-o', 'mtu=1400', '--interface-name', 'br-own', 'own'],
    );
    const pod = await host.ok('pod', 'create', '--name', 'p', '--network', 'own');
    await host.ok('pod', 'start', 'p');
    const shown = await inPodNetwork(host, pod, 'ip -oneline address show eth0; ip link show eth0; ip route');
    expect(shown).toContain('inet 10.90.0.129/24');
    expect(shown).toContain('mtu 1400');
    expect(shown).toContain('default via 10.90.0.254');
    expect((await inspectNetwork(host, 'own')).network_interface).toBe('br-own');
  });

  it('C5: of several subnets each gives an address, chosen or not, and the first the default route', async () => {
    await using host = await makeHost();
    const subnets = ['10.90.0.0/24', '10.91.0.0/24', 'fd90::/64'].flatMap((subnet) => ['--subnet', subnet]);
    await host.ok('network', 'create', ...subnets, 'several');
    const shown = (options: string) =>
      host.ok(
        ...['run', '--rm', '--network', `several${options}`, 'host', 'sh', '-c'],
        'ip -oneline address show eth0; ip route',
      );
    const any = await shown('');
    for (const part of ['10.90.0.2/24', '10.91.0.2/24', 'fd90::2/64', 'default via 10.90.0.1 '])
      expect(any).toContain(part);
    const chosen = await shown(':ip=10.90.0.9,ip=10.91.0.8,ip=fd90::7');
    for (const part of ['10.90.0.9/24', '10.91.0.8/24', 'fd90::7/64']) expect(chosen).toContain(part);
  });

  it('C5: --ipv6 gives pods both families, and both reach', async () => {
    await using host = await makeHost();
    await host.ok('network', 'create', '--ipv6', 'dual');
    await run(host, 'dual', 'web', 'by both');
    await host.ok('run', '-d', '--name', 'client', '--network', 'dual', 'host', 'sleep', '1000');
    const [four, six] = [await addressOf(host, 'web'), await addressOf(host, 'web', 'GlobalIPv6Address')];
    expect(six).toMatch(/^fd/);
    expect(await host.fetchFrom('client', four)).toBe('by both');
    expect(await host.fetchFrom('client', six)).toBe('by both');
  });

  it('C3: pods of one network reach each other by address, a container outside pods as well', async () => {
    await using host = await makeHost();
    await host.ok('network', 'create', 'shared');
    await host.ok('pod', 'create', '--name', 'one', '--network', 'shared');
    await host.ok('pod', 'create', '--name', 'two', '--network', 'shared');
    await host.ok('run', '-d', '--pod', 'one', '--name', 'web', 'host', ...webServer('from one', 80));
    await host.ok('run', '-d', '--pod', 'two', '--name', 'client', 'host', 'sleep', '1000');
    await host.ok('run', '-d', '--name', 'alone', '--network', 'shared', 'host', 'sleep', '1000');
    const address = await addressOf(host, 'web');
    expect(await host.fetchFrom('client', address)).toBe('from one');
    expect(await host.fetchFrom('alone', address)).toBe('from one');
  });

  it('C5: host.containers.internal is the host, where its servers answer', async () => {
    await using host = await makeHost({ internet: true });
    await host.ok('network', 'create', 'mine');
    host.spawn(['sh', '-c', 'echo the host >/tmp/index.html; exec busybox httpd -f -p 8000 -h /tmp']);
    await run(host, 'mine', 'client');
    expect(await host.fetchFrom('client', 'host.containers.internal', 8000)).toBe('the host');
  });

  it('C3: networks reach no other network by address, unless both were made open; published ports stay', async () => {
    await using host = await makeHost({ internet: true });
    for (const name of ['red', 'blue']) await host.ok('network', 'create', name);
    await host.ok('network', 'create', '-o', 'isolate=false', 'open');
    const web = (text: string) => ['host', ...webServer(text, 80)];
    await Promise.all([
      run(host, 'red', 'r1'),
      run(host, 'red', 'r2'),
      host.ok('run', '-d', '--name', 'b1', '--network', 'blue', '-p', '8080:80', ...web('b1')),
      run(host, 'open', 'o1'),
      run(host, 'podman', 'd1'),
    ]);
    const names = ['r1', 'r2', 'b1', 'o1', 'd1'];
    const addresses = await Promise.all(names.map((name) => addressOf(host, name)));
    const [red = '', neighbour = '', blue = '', open = '', usual = ''] = addresses;
    expect(await host.fetchFrom('r1', neighbour)).toBe('r2');
    expect(await host.fetchFrom('o1', usual)).toBe('d1');
    expect(await host.fetchFrom('d1', open)).toBe('o1');
    for (const name of ['r1', 'o1', 'd1', 'b1']) {
      expect(await host.fetchFrom(name, '203.0.113.11', 8080), name).toBe('b1');
    }
    const closed = [
      ['r1', blue],
      ['b1', red],
      ['r1', open],
      ['o1', red],
      ['r1', usual],
      ['d1', red],
    ] as const;
    const reached = await Promise.all(closed.map(([from, to]) => reaches(host, from, to)));
    expect(reached).toEqual(closed.map(() => false));
    expect(await host.fetchFrom('r1', '198.51.100.80')).toContain('internet, you are');
  });

  it('C5: an internal network has no way out and publishes nothing', async () => {
    await using host = await makeHost();
    await host.ok('network', 'create', '--internal', '--disable-dns', 'inside');
    await run(host, 'inside', 'web', 'within');
    const pod = await host.ok('pod', 'create', '--name', 'p', '--network', 'inside');
    await host.ok('run', '-d', '--pod', 'p', '--name', 'client', 'host', 'sleep', '1000');
    expect(await host.fetchFrom('client', await addressOf(host, 'web'))).toBe('within');
    expect(await inPodNetwork(host, pod, 'ip route')).not.toContain('default');
    const published = await host.peapod('pod', 'create', '--network', 'inside', '-p', '18080:80', 'q');
    expect(published).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining('network "inside" is internal, so no port can be published'),
    });
  });

  it('A17: a named network and slirp4netns serve pods side by side', async () => {
    await using host = await makeHost();
    await host.ok('network', 'create', 'named');
    await host.ok(
      'run',
      '-d',
      '--name',
      'a',
      '--network',
      'named',
      '-p',
      '18081:80',
      'host',
      ...webServer('bridge', 80),
    );
    await host.ok(
      'run',
      '-d',
      '--name',
      'b',
      '--network',
      'slirp4netns',
      '-p',
      '18082:80',
      'host',
      ...webServer('slirp', 80),
    );
    expect(await host.fetch(18081)).toBe('bridge');
    expect(await host.fetch(18082)).toBe('slirp');
    expect(await host.ok('inspect', '-f', '{{.NetworkSettings.Networks.named.IPAddress}}', 'a')).toMatch(
      /^10\.89\.0\./,
    );
  });
});

describeForRoot('user-defined networks of root', () => {
  it('C5: the bridge comes with the first pod and goes with the last', async () => {
    await using host = await rootHost();
    await host.ok('network', 'create', '--interface-name', 'br-web', 'web');
    const bridge = () => host.rootSh('ip -oneline address show br-web 2>&1 || true');
    expect(await bridge()).toContain('does not exist');
    await run(host, 'web', 'a');
    await run(host, 'web', 'b');
    expect(await bridge()).toContain('inet 10.89.0.1/24');
    await host.ok('rm', '-f', '-t', '0', 'a');
    expect(await bridge()).toContain('inet 10.89.0.1/24');
    await host.ok('rm', '-f', '-t', '0', 'b');
    expect(await bridge()).toContain('does not exist');
    expect(await host.leftovers()).toEqual([]);
    const conflist = JSON.parse(readFileSync(host.path('/etc/cni/net.d/web.conflist'), 'utf8'));
    expect(conflist.plugins.map(({ type }: { type: string }) => type)).toEqual([
      'bridge',
      'portmap',
      'firewall',
      'tuning',
    ]);
  });
});
