import { expect, it } from 'vitest';
import { eventually } from '../support/command.ts';
import { describeForBoth, type HostMaker } from '../support/host.ts';
import { internetAddresses } from '../support/internet.ts';
import { aardvarks, lookUp } from '../support/names.ts';
import { webServer } from '../support/servers.ts';
import type { TestHost } from '../support/test-host.ts';

/** A network with names as podman 4.3 writes it, dual stack, with podman's own plugin for them. */
function conflist(name: string, third: number, more: Record<string, unknown> = {}): string {
  const bridge = {
    type: 'bridge',
    bridge: `cni-podman${third}`,
    isGateway: true,
    ipMasq: true,
    hairpinMode: true,
    ipam: {
      type: 'host-local',
      routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
      ranges: [
        [{ subnet: `10.89.${third}.0/24`, gateway: `10.89.${third}.1` }],
        [{ subnet: `fd00:${third}::/64`, gateway: `fd00:${third}::1` }],
      ],
    },
    ...more,
  };
  const plugins = [
    bridge,
    { type: 'portmap', capabilities: { portMappings: true } },
    { type: 'firewall', backend: '' },
    { type: 'tuning' },
    { type: 'dnsname', domainName: 'dns.podman', capabilities: { aliases: true } },
  ];
  return JSON.stringify({ cniVersion: '0.4.0', name, plugins });
}

function writeNetwork(host: TestHost, name: string, text: string): void {
  const directory = host.rootless ? `${host.env.HOME}/.config/cni/net.d` : '/etc/cni/net.d';
  host.write(`${directory}/${name}.conflist`, text);
}

/** A host with a network `net`, and a container `asker` on it. */
async function hostWithNetwork(makeHost: HostMaker, internet = false): Promise<TestHost> {
  const host = await makeHost({ internet });
  writeNetwork(host, 'net', conflist('net', 7));
  await host.ok('run', '-d', '--name', 'asker', '--network', 'net', 'host', 'sleep', 'infinity');
  return host;
}

/** The addresses of a pod or container, without prefix lengths. */
async function addressesOf(host: TestHost, name: string): Promise<string[]> {
  const [{ NetworkSettings: settings }] = await host.json<
    [{ NetworkSettings: { IPAddress: string; GlobalIPv6Address: string } }]
  >('inspect', name);
  return [settings.IPAddress, settings.GlobalIPv6Address];
}

describeForBoth('names on a network', (makeHost) => {
  it('C3: pods and a container reach each other by the names of pods, members and aliases, IPv6 too', async () => {
    await using host = await hostWithNetwork(makeHost);
    await host.ok('pod', 'create', '--name', 'shop', '--network', 'net:alias=store,alias=Mall');
    await host.ok('run', '-d', '--pod', 'shop', '--name', 'till', 'host', ...webServer('shop', 80));
    await host.ok('pod', 'create', '--name', 'bank', '--network', 'net');
    await host.ok('run', '-d', '--pod', 'bank', '--name', 'vault', 'host', ...webServer('bank', 80));
    await host.ok('run', '-d', '--name', 'alone', '--network', 'net', 'host', ...webServer('alone', 80));

    const shortId = (await host.ok('inspect', '--format', '{{.Id}}', 'till')).slice(0, 12);
    const [v4 = '', v6 = ''] = await addressesOf(host, 'till');
    for (const name of ['shop', 'till', 'TILL', 'store', 'mall', shortId, 'till.dns.podman']) {
      expect(await lookUp(host, 'asker', name), name).toEqual([v4]);
      expect(await lookUp(host, 'asker', name, 6), name).toEqual([v6]);
    }
    expect(await host.fetchFrom('vault', 'till')).toBe('shop');
    expect(await host.fetchFrom('till', 'vault')).toBe('bank');
    expect(await host.fetchFrom('till', 'alone')).toBe('alone');
    expect(await host.fetchFrom('alone', 'bank')).toBe('bank');
    expect(await host.ok('exec', 'asker', 'cat', '/etc/resolv.conf')).toBe(
      'search dns.podman\nnameserver 10.89.7.1\nnameserver fd00:7::1\noptions timeout:1 attempts:5',
    );
    expect(await aardvarks(host)).toHaveLength(1);
  });

  it('C3: names end at their network, and the default network has none', async () => {
    await using host = await hostWithNetwork(makeHost);
    writeNetwork(host, 'far', conflist('far', 8));
    await host.ok('run', '-d', '--name', 'stranger', '--network', 'far', 'host', 'sleep', 'infinity');
    await host.ok('run', '-d', '--name', 'plain', '--network', 'bridge', 'host', 'sleep', 'infinity');
    expect(await lookUp(host, 'stranger', 'stranger')).toHaveLength(1);
    expect(await lookUp(host, 'asker', 'stranger')).toEqual([]);
    expect(await lookUp(host, 'stranger', 'asker')).toEqual([]);
    expect(await host.ok('exec', 'plain', 'cat', '/etc/resolv.conf')).not.toContain('dns.podman');
    const outcome = await host.peapod('pod', 'create', '--network', 'podman:alias=x');
    expect(outcome.stderr).toMatch(/^Error: .*"podman" serves no names/);
    expect(outcome.exitCode).toBe(125);
    expect(await aardvarks(host)).toHaveLength(1);
  });

  it('C3: a name is there within 100 ms of a start and gone within 100 ms of a stop', async () => {
    await using host = await hostWithNetwork(makeHost);
    // By its own questions, for libc asks again only after a second where a name server was just reading its zones.
    const watch = String.raw`exec 3<>/dev/udp/10.89.7.1/53
    until [ -e /done ]; do
      printf '\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04late\x00\x00\x01\x00\x01' >&3
      case $(timeout 0.05 dd bs=512 count=1 <&3 2>/dev/null | od -An -tx1 -j3 -N1) in
        *0) now=there ;; *3) now=gone ;;
      esac
      [ "$now" = "$last" ] || echo "$(date +%s%3N) $now"; last=$now; sleep 0.01
    done`;
    const watcher = host.spawn(['peapod', 'exec', 'asker', 'bash', '-c', watch]);
    await watcher.seen(/gone/);
    const nth = async (count: number) => {
      await eventually(() => watcher.stdout.trim().split('\n').length >= count);
      return Number(watcher.stdout.trim().split('\n')[count - 1]?.split(' ')[0]);
    };
    await host.ok('pod', 'create', '--name', 'late', '--network', 'net');
    await host.ok('run', '-d', '--pod', 'late', '--name', 'member', 'host', 'sleep', 'infinity');
    const startedAtMs = Date.parse(await host.ok('inspect', '--format', '{{.State.StartedAt}}', 'member'));
    expect((await nth(2)) - startedAtMs).toBeLessThan(100);
    await host.ok('pod', 'stop', '--time', '0', 'late');
    const stoppedAtMs = Date.now();
    expect((await nth(3)) - stoppedAtMs).toBeLessThan(100);
    await host.ok('exec', 'asker', 'touch', '/done');
    await watcher.outcome;
  });

  it('C3: members come and go while their pod lives, and only their own names with them', async () => {
    await using host = await hostWithNetwork(makeHost);
    await host.ok('pod', 'create', '--name', 'p', '--network', 'net');
    await host.ok('run', '-d', '--pod', 'p', '--name', 'first', 'host', 'sleep', 'infinity');
    const address = await lookUp(host, 'asker', 'p');
    expect(address).toHaveLength(1);
    expect(await lookUp(host, 'asker', 'second')).toEqual([]);
    const untilTold = 'until [ -e /end ]; do sleep 0.05; done';
    await host.ok('run', '-d', '--pod', 'p', '--name', 'second', 'host', 'sh', '-c', untilTold);
    expect(await lookUp(host, 'asker', 'second')).toEqual(address);
    // It ends by itself: nobody but its exit command knows.
    await host.ok('exec', 'second', 'touch', '/end');
    await eventually(async () => (await lookUp(host, 'asker', 'second')).length === 0);
    await host.ok('stop', '--time', '0', 'first');
    expect(await lookUp(host, 'asker', 'first')).toEqual([]);
    await host.ok('start', 'first');
    expect(await lookUp(host, 'asker', 'first')).toEqual(await lookUp(host, 'asker', 'p'));
    expect((await host.peapod('run', '--pod', 'p', '--name', 'wrong', 'host', '/none')).exitCode).toBe(127);
    expect(await lookUp(host, 'asker', 'wrong')).toEqual([]);
    await host.ok('pod', 'rm', '--force', '--time', '0', 'p');
    expect(await lookUp(host, 'asker', 'p')).toEqual([]);
  });

  it('C3: a killed name server is seen, and the next command brings it back without touching the pod', async () => {
    await using host = await hostWithNetwork(makeHost);
    await host.ok('pod', 'create', '--name', 'p', '--network', 'net');
    await host.ok('run', '-d', '--pod', 'p', '--name', 'm', 'host', 'sleep', 'infinity');
    const before = await host.json<{ Network: Record<string, unknown> }>('pod', 'inspect', 'p');
    const [pid = ''] = await aardvarks(host);
    await host.rootSh(`kill -9 ${pid}`);
    expect(await lookUp(host, 'asker', 'm')).toEqual([]);
    const inspected = JSON.stringify(await host.json('pod', 'inspect', 'p'));
    expect(inspected).toContain('"Missing":["aardvark-dns"]');
    await host.ok('pod', 'start', 'p');
    expect(await lookUp(host, 'asker', 'm')).toHaveLength(1);
    expect(await lookUp(host, 'm', 'asker')).toHaveLength(1);
    const after = await host.json<{ Network: Record<string, unknown> }>('pod', 'inspect', 'p');
    expect(after.Network).toEqual({ ...before.Network, Missing: [] });
  });

  it('C3: all other names are asked of the host’s name servers, or those of --dns', async () => {
    await using host = await hostWithNetwork(makeHost, true);
    expect(await lookUp(host, 'asker', 'web.example')).toEqual([internetAddresses.web]);
    expect(await lookUp(host, 'asker', 'nobody.example')).toEqual([]);
    expect(await host.fetchFrom('asker', 'web.example')).toContain('internet, you are');
    await host.ok('pod', 'create', '--name', 'p', '--network', 'net', '--dns', '198.51.100.99');
    await host.ok('run', '-d', '--pod', 'p', '--name', 'm', 'host', 'sleep', 'infinity');
    expect(await lookUp(host, 'm', 'asker')).toHaveLength(1);
    const lost = await host.peapod('exec', 'm', 'timeout', '1', 'getent', 'ahostsv4', 'web.example');
    expect(lost.stdout).toBe('');
  });

  it('C3: on a network without a way out names are served, and all others do not exist', async () => {
    await using host = await hostWithNetwork(makeHost, true);
    const internal = JSON.parse(conflist('cave', 9, { isGateway: false, ipMasq: false })) as {
      plugins: { type: string; ipam: { routes?: unknown } }[];
    };
    delete (internal.plugins[0] as { ipam: { routes?: unknown } }).ipam.routes;
    writeNetwork(host, 'cave', JSON.stringify(internal));
    for (const name of ['one', 'two'])
      await host.ok('run', '-d', '--name', name, '--network', 'cave', 'host', ...webServer(name, 80));
    expect(await host.fetchFrom('one', 'two')).toBe('two');
    const startedAtMs = Date.now();
    expect(await lookUp(host, 'one', 'web.example')).toEqual([]);
    expect(Date.now() - startedAtMs).toBeLessThan(2000);
    expect(await lookUp(host, 'asker', 'web.example')).toEqual([internetAddresses.web]);
    await host.ok('rm', '--force', '--time', '0', 'asker', 'one', 'two');
    expect(await aardvarks(host)).toEqual([]);
  });

  it('C3: somebody else’s port 53 on the gateway is an error that names them, and nothing is left', async () => {
    await using host = await makeHost();
    writeNetwork(host, 'net', conflist('net', 7));
    const listen =
      'use IO::Socket::INET; $s = IO::Socket::INET->new(Proto => "udp", LocalPort => 53) or die; sleep';
    await host.rootSh(`perl -e '${listen}' </dev/null >/dev/null 2>&1 & echo $! >/run/squatter`);
    const outcome = await host.peapod(
      'run',
      '--name',
      'one',
      '--network',
      'net',
      'host',
      'getent',
      'ahostsv4',
      'one',
    );
    if (host.rootless) {
      // A user's gateways are not the host's: who listens on the host is no neighbour of theirs.
      expect(outcome).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('10.89.7.') });
    } else {
      expect(outcome.exitCode).toBe(125);
      expect(outcome.stderr).toMatch(/port 53 of "net"'s gateway 10\.89\.7\.1 is in use by perl \(pid \d+\)/);
      expect(outcome.stderr).toMatch(/hint: .*--disable-dns/);
    }
    await host.rootSh('kill $(cat /run/squatter)');
    await host.ok('rm', '--force', '--time', '0', 'one');
    expect(await aardvarks(host)).toEqual([]);
    expect(await host.rootSh(`find ${host.runRoot}/dns -type f`)).toBe(`${host.runRoot}/dns/lock`);
  });

  it('C3: where aardvark-dns is missing, doctor and the network that needs it name its package', async () => {
    await using host = await makeHost();
    writeNetwork(host, 'net', conflist('net', 7));
    const program = await host.rootSh('ls -d /usr/lib*/podman/aardvark-dns | head -n 1');
    await host.rootSh(`mount --bind /etc/passwd ${program}`);
    const outcome = await host.peapod('pod', 'create', '--network', 'net');
    expect(outcome).toMatchObject({
      exitCode: 125,
      stderr: 'Error: aardvark-dns is not installed\nhint: install it with: apt-get install aardvark-dns\n',
    });
    expect((await host.peapod('doctor')).stdout).toContain('apt-get install aardvark-dns');
    await host.ok('pod', 'create', '--network', 'bridge');
    await host.rootSh(`umount ${program}`);
    expect((await host.peapod('doctor')).stdout).not.toContain('aardvark-dns');
  });

  it('C4: what a person writes into resolv.conf stays while the container runs, whatever happens beside it', async () => {
    await using host = await hostWithNetwork(makeHost);
    await host.ok('pod', 'create', '--name', 'p', '--network', 'net');
    await host.ok('run', '-d', '--pod', 'p', '--name', 'm', 'host', 'sleep', 'infinity');
    const read = () => host.ok('exec', 'm', 'cat', '/etc/resolv.conf');
    const original = await read();
    await host.ok('exec', 'm', 'sh', '-c', 'echo "options timeout:1" >> /etc/resolv.conf');
    await host.ok('run', '--rm', '--pod', 'p', '--name', 'other', 'host', 'true');
    await host.rootSh(`kill -9 ${(await aardvarks(host)).join(' ')}`);
    await host.ok('pod', 'start', 'p');
    expect(await read()).toBe(`${original}\noptions timeout:1`);
    await host.ok('stop', '--time', '0', 'm');
    await host.ok('start', 'm');
    expect(await read()).toBe(original);
  });
});
