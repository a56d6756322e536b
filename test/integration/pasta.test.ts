import { describe, expect, it } from 'vitest';
import { eventually } from '../support/command.ts';
import { describeForBoth, describeForRoot, userHost } from '../support/host.ts';
import { internetAddresses, makeInternet } from '../support/internet.ts';
import { runContext } from '../support/run-context.ts';
import { inPodNetwork } from '../support/sandbox.ts';
import { askByUdp, clientAddressServer, getPage, webServer } from '../support/servers.ts';
import type { TestHost } from '../support/test-host.ts';

/** The first host of an internet has this address there, the second the next. */
const hostAddress = '203.0.113.11';
const secondAddress = '203.0.113.12';
const ipv6WayOut = 'ip addr add 2001:db8::1/64 dev eth0 nodad; ip -6 route add default via 2001:db8::2';

/** A pod on pasta with web servers on ports 80 and 81; returns its id. */
async function podOnPasta(host: TestHost, name: string, ...flags: readonly string[]): Promise<string> {
  const id = await host.ok('pod', 'create', '--name', name, '--network', 'pasta', ...flags);
  await host.ok('run', '-d', '--pod', name, '--name', `${name}-web`, 'host', ...webServer(name, 80, 81));
  return id;
}

/** A pod that answers with its clients' addresses, on TCP and UDP. */
async function podThatSeesClients(host: TestHost, ...publish: readonly string[]): Promise<void> {
  const { flags, command } = clientAddressServer(runContext().binDir, 8053);
  const ports = publish.flatMap((port) => ['-p', port]);
  await host.ok('pod', 'create', '--name', 'seer', '--network', 'pasta', ...ports);
  await host.ok('run', '-d', '--pod', 'seer', '--name', 'server', ...flags, 'host', ...command);
  await eventually(async () => (await host.ok('logs', 'server')).includes('ready'));
}

async function missingHelpers(host: TestHost, pod: string): Promise<string[]> {
  const { Network } = await host.json<{ Network: { Missing: string[] } }>('pod', 'inspect', pod);
  return Network.Missing;
}

/** The pids of pasta on this host, as the host's root sees them. */
function pastaPids(host: TestHost): Promise<string> {
  return host.rootSh('pgrep "^pas(ta|st)" | tr "\\n" " "');
}

/** Connects once, then says what comes for each line that it is told. */
function conversation(host: TestHost, port: number) {
  const script = `exec 3<>/dev/tcp/127.0.0.1/${port}; echo connected; while read -r line; do echo "$line" >&3; head -n 1 <&3; done`;
  return host.spawn(['bash', '-c', script]);
}

describeForRoot('pasta', () => {
  describeForBoth('a pod', (makeHost) => {
    it('C10: serves its published ports on IPv4 and IPv6, through stop and start', async () => {
      await using host = await makeHost({ internet: true });
      await host.rootSh(ipv6WayOut);
      await podOnPasta(host, 'web', '-p', '18080:80', '-p', '127.0.0.1:18081:81', '-p', '[::1]:18082:80');
      for (const url of [
        '127.0.0.1:18080',
        '[::1]:18080',
        `${hostAddress}:18080`,
        '127.0.0.1:18081',
        '[::1]:18082',
      ]) {
        expect(await host.fetch(`http://${url}/`), url).toBe('web');
      }
      for (const url of [`${hostAddress}:18081`, '[::1]:18081', '127.0.0.1:18082']) {
        expect(await host.reachable(`http://${url}/`), url).toBe(false);
      }
      const [pod] = await host.json<Record<string, unknown>[]>('pod', 'ps', '--format', 'json');
      expect(pod).toMatchObject({
        Backend: 'pasta',
        Networks: ['pasta'],
        Addresses: ['10.0.2.100', 'fd00::100'],
      });
      // All of this by pasta alone.
      expect(await host.rootSh('pgrep -f "internal relay" | grep -vx $$ || true')).toBe('');

      await host.ok('pod', 'stop', '--time', '0', 'web');
      expect(await host.reachable(18080)).toBe(false);
      expect(await pastaPids(host)).toBe('');
      await host.ok('pod', 'start', 'web');
      expect(await host.fetch(18080)).toBe('web');
    });

    it('C10: reaches the internet by name, and the host by its address but not its loopback', async () => {
      await using host = await makeHost({ internet: true });
      host.spawn(['busybox', 'httpd', '-f', '-p', '127.0.0.1:7001', '-h', '/etc']);
      await eventually(async () => (await host.sh('busybox netstat -ltn')).includes('127.0.0.1:7001'));
      const id = await podOnPasta(host, 'web', '-p', '18080:80');
      expect(await host.fetchFrom('web-web', internetAddresses.web)).toBe(`internet, you are ${hostAddress}`);
      expect(await host.ok('exec', 'web-web', 'cat', '/etc/resolv.conf')).toMatch(
        /^nameserver 10\.0\.2\.3$/m,
      );
      const lookUp = ['busybox', 'nslookup', '-type=a', 'web.example', '10.0.2.3'];
      expect(await host.ok('exec', 'web-web', ...lookUp)).toContain(internetAddresses.web);
      expect(await host.fetchFrom('web-web', hostAddress, 18080)).toBe('web');
      const echo = askByUdp(internetAddresses.web, 7, 'ping');
      expect(await host.ok('exec', 'web-web', 'bash', '-c', echo)).toBe(`${hostAddress} ping`);
      const hostLoopback = getPage('10.0.2.2', 7001);
      expect((await host.peapod('exec', 'web-web', ...hostLoopback)).stdout).not.toContain('HTTP/');

      const open = ['--network', 'pasta:--map-gw,--mtu,1400,-I,net7', '--name', 'open'];
      await host.ok('run', '-d', ...open, 'host', 'sleep', '1000');
      expect((await host.peapod('exec', 'open', ...hostLoopback)).stdout).toContain('HTTP/');
      expect(await host.ok('exec', 'open', 'cat', '/sys/class/net/net7/mtu')).toBe('1400');
      expect(await inPodNetwork(host, id, 'ip route show default')).toMatch(
        /^default via 10\.0\.2\.2 dev tap0/,
      );
    });

    it('C10: publishes on an IPv6 address of a host that has no way out by IPv6', async () => {
      await using host = await makeHost({ internet: true });
      await podOnPasta(host, 'web', '-p', '[::1]:18080:80', '-p', '127.0.0.1:18081:80');
      expect(await host.fetch('http://[::1]:18080/')).toBe('web');
      expect(await host.fetch(18081)).toBe('web');
    });

    it('C11: shows the address of a client on another host, for tcp and udp', async () => {
      await using internet = await makeInternet();
      await using host = await makeHost({ internet });
      await using other = await makeHost({ internet });
      await podThatSeesClients(host, '18080:8053', '8053:8053/udp', '18081:8053/udp');
      expect(await other.fetch(`http://${hostAddress}:18080/`)).toBe(`you are ${secondAddress}`);
      const answer = await eventually(() => other.sh(askByUdp(hostAddress, 8053, 'ping')));
      expect(answer).toBe(`you are ${secondAddress} and said ping`);
      // By pasta and by the relay, which takes udp ports whose numbers differ.
      for (const port of [8053, 18081]) {
        const own = await eventually(() => host.sh(askByUdp('127.0.0.1', port, 'ping')));
        expect(own).toMatch(/ and said ping$/);
      }
    });

    it('C10: has IPv6 where the host has', async () => {
      await using host = await makeHost({ internet: true });
      await host.rootSh(ipv6WayOut);
      const id = await podOnPasta(host, 'six', '-p', '18080:80');
      expect(await host.fetch('http://[2001:db8::1]:18080/')).toBe('six');
      expect(await host.fetchFrom('six-web', '2001:db8::1', 18080)).toBe('six');
      expect(await inPodNetwork(host, id, 'ip -6 -oneline address show scope global')).toMatch(
        / fd00::100\/64 /,
      );
      expect(await inPodNetwork(host, id, 'ip -6 route show default')).toMatch(
        /^default via fd00::2 dev tap0/,
      );
    });

    it('C10: pasta that was killed is seen, and comes back with the next command that needs the pod', async () => {
      await using host = await makeHost({ internet: true });
      await podOnPasta(host, 'hurt', '-p', '18080:80');
      expect(await host.fetch(18080)).toBe('hurt');
      await host.rootSh(`kill -KILL ${await pastaPids(host)}`);
      expect(await host.ok('pod', 'ps')).toContain('Running (no pasta)');
      expect(await missingHelpers(host, 'hurt')).toEqual(['pasta']);
      const page = await host.ok('run', '--rm', '--pod', 'hurt', 'host', ...getPage(internetAddresses.web));
      expect(page).toContain(`internet, you are ${hostAddress}`);
      expect(await host.fetch(18080)).toBe('hurt');
      expect(await missingHelpers(host, 'hurt')).toEqual([]);
    });

    it('A17: runs beside pods on slirp4netns and on a bridge, and goes without a trace', async () => {
      await using host = await makeHost({ internet: true });
      const networks = ['pasta', 'slirp4netns', 'bridge'];
      for (const [index, network] of networks.entries()) {
        const flags = ['--network', network, '-p', `${18080 + index}:80`];
        await host.ok('pod', 'create', '--name', network, ...flags);
        await host.ok(
          'run',
          '-d',
          '--pod',
          network,
          '--name',
          `${network}-web`,
          'host',
          ...webServer(network, 80),
        );
      }
      for (const [index, network] of networks.entries()) {
        expect(await host.fetch(18080 + index)).toBe(network);
        // Each reaches the others through the address of the host.
        const next = (index + 1) % networks.length;
        expect(await host.fetchFrom(`${network}-web`, hostAddress, 18080 + next)).toBe(networks[next]);
      }
      await host.ok('pod', 'rm', '--force', '--time', '0', 'pasta');
      expect(await pastaPids(host)).toBe('');
      expect(await host.fetch(18081)).toBe('slirp4netns');
      expect(await host.fetch(18082)).toBe('bridge');
      await host.ok('pod', 'rm', '--all', '--force', '--time', '0');
      if (host.rootless) await host.ok('system', 'migrate');
      expect(await host.leftovers()).toEqual([]);
    });

    it('C7: takes ports while it runs, and gives back both its own and the later ones', async () => {
      await using host = await makeHost({ internet: true });
      await podOnPasta(host, 'live', '-p', '18080:80', '-p', '18081:81');
      const echo = 'while :; do busybox nc -l -p 90 -e cat; done';
      await host.ok('run', '-d', '--pod', 'live', 'host', 'sh', '-c', echo);
      await host.ok('pod', 'publish', 'live', '18090:90', '18082:80');
      const talk = conversation(host, 18090);
      await talk.seen(/connected/);
      expect(await host.fetch(18082)).toBe('live');
      const first = await pastaPids(host);

      await host.ok('pod', 'unpublish', 'live', '18082:80');
      expect(await host.reachable(18082)).toBe(false);
      expect(await pastaPids(host)).toBe(first);
      // The relay's connections pass by pasta, so that not even a new pasta ends them.
      await host.ok('pod', 'unpublish', 'live', '18080:80');
      expect(await host.reachable(18080)).toBe(false);
      expect(await host.fetch(18081)).toBe('live');
      expect(await pastaPids(host)).not.toBe(first);
      talk.write('still there?\n');
      await talk.seen(/still there\?/);
      expect(await host.fetchFrom('live-web', internetAddresses.web)).toContain('internet, you are');
      await host.ok('pod', 'create', '--name', 'next', '-p', '18080:80', '-p', '18082:80');
    });

    it('C10: a port that another program takes before the start is an error that names it, and nothing is left', async () => {
      await using host = await makeHost({ internet: true });
      await host.ok(
        'pod',
        'create',
        '--name',
        'late',
        '--network',
        'pasta',
        '-p',
        '18080:80',
        '-p',
        '18081:81',
      );
      // On IPv4 alone: pasta would be content with IPv6.
      const holder = host.spawn(['busybox', 'httpd', '-f', '-p', '0.0.0.0:18081', '-h', '/tmp']);
      await eventually(() => host.reachable(18081));
      const refused = await host.peapod('pod', 'start', 'late');
      expect(refused.exitCode).not.toBe(0);
      expect(refused.stderr).toMatch(/18081.* in use by .*busybox/);
      expect(await pastaPids(host)).toBe('');
      expect(await host.reachable(18080)).toBe(false);
      await holder.stop();
    });

    it('C10: says what is missing where the host has no way out, or pasta does not know a flag', async () => {
      await using host = await makeHost();
      const lost = await host.peapod('run', '--rm', '--network', 'pasta', 'host', 'true');
      expect(lost.exitCode).toBe(125);
      expect(lost.stderr).toMatch(/^Error: pasta .*default route/);
      for (const [flag, why] of [
        ['--runas,0', /--runas/],
        ['-t,8080', /publish ports with -p|-t is not for --network/],
        ['--mtu,70000', /--mtu takes a number/],
      ] as const) {
        const refused = await host.peapod('pod', 'create', '--network', `pasta:${flag}`);
        expect(refused.exitCode, flag).toBe(125);
        expect(refused.stderr, flag).toMatch(why);
      }
      const fixed = await host.peapod('pod', 'create', '--network', 'pasta', '--ip', '10.0.2.9');
      expect(fixed.stderr).toMatch(/^Error: .*pasta/);
      expect(await host.ok('pod', 'ps', '-q')).toBe('');
    });
  });

  describe('killed in the middle', () => {
    it.each([10, 30, 50, 70, 90, 120])(
      'E5: SIGKILL %d ms into the start of a pod leaves no pasta that the next command does not know',
      async (delayMs) => {
        await using host = await userHost({ internet: true });
        await host.ok('pod', 'create', '--name', 'cut', '--network', 'pasta', '-p', '18080:80');
        const started = host.spawn(['peapod', 'run', '-d', '--pod', 'cut', 'host', ...webServer('cut', 80)]);
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        try {
          started.signal('SIGKILL');
        } catch {
          // it had ended before
        }
        await started.outcome;
        await host.ok('run', '-d', '--pod', 'cut', '--name', 'again', 'host', ...webServer('again', 81));
        // The process that left it in the background may be just ending.
        await eventually(async () => (await pastaPids(host)).trim().split(' ').length === 1);
      },
    );
  });
});
