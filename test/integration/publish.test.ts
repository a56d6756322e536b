import { expect, it } from 'vitest';
import { eventually } from '../support/command.ts';
import { describeForBoth, describeForRoot, userHost } from '../support/host.ts';
import { runContext } from '../support/run-context.ts';
import { askByUdp, bigPageServer, clientAddressServer, fetchHundred, webServer } from '../support/servers.ts';
import type { TestHost } from '../support/test-host.ts';

/** A pod with a web server on each of the ports. */
async function podWithPorts(
  host: TestHost,
  name: string,
  publish: readonly string[],
  ports: readonly number[],
) {
  const flags = publish.flatMap((spec) => ['-p', spec]);
  await host.ok('pod', 'create', '--name', name, ...flags);
  await host.ok('run', '-d', '--pod', name, '--name', `${name}-web`, 'host', ...webServer(name, ...ports));
}

describeForBoth('published ports', (makeHost) => {
  it('A5: pod create -p 8080:80, a web server in the pod: reachable on localhost:8080', async () => {
    await using host = await makeHost();
    await host.ok('pod', 'create', '--name', 'webservice', '-p', '8080:80');
    const server = ['host', ...webServer('Welcome', 80)];
    await host.ok('run', '-dt', '--name', 'webserver', '--pod', 'webservice', ...server);
    expect(await host.fetch('http://127.0.0.1:8080/')).toBe('Welcome');
    // The default bridge network is IPv4, and so are the ports published on it.
    if (host.rootless) expect(await host.fetch('http://[::1]:8080/')).toBe('Welcome');
    expect(await host.ok('port', 'webserver')).toBe('80/tcp -> 0.0.0.0:8080');
    await host.ok('pod', 'stop', '--time', '0', 'webservice');
    expect(await host.reachable(8080)).toBe(false);
    await host.ok('pod', 'start', 'webservice');
    expect(await host.fetch(8080)).toBe('Welcome');
  });

  it('A5: a port that another pod holds is refused at create, running or not, by the name of the holder', async () => {
    await using host = await makeHost();
    await host.ok('pod', 'create', '--name', 'first', '-p', '8080:80');
    for (const command of [
      ['pod', 'create', '--name', 'second', '-p', '8080:81'],
      ['pod', 'create', '--name', 'second', '-p', '127.0.0.1:8080:81'],
      ['create', '--name', 'second', '-p', '8000-8090:8000-8090', 'host', 'true'],
    ]) {
      const outcome = await host.peapod(...command);
      expect(outcome.exitCode, command.join(' ')).toBe(125);
      expect(outcome.stderr).toMatch(/^Error: .*8080.*first/);
    }
    expect(await host.ok('pod', 'ps', '--format', '{{.Name}}')).toBe('first');
    expect(await host.ok('ps', '-aq')).toBe('');
    await host.ok('pod', 'create', '--name', 'other-protocol', '-p', '8080:80/udp');
    await host.ok('pod', 'rm', 'first');
    await host.ok('pod', 'create', '--name', 'second', '-p', '8080:80');
  });

  it('A5: a port that another program holds is an error that names it', async () => {
    await using host = await makeHost();
    const holder = host.spawn(['busybox', 'httpd', '-f', '-p', '8080', '-h', '/tmp']);
    await eventually(() => host.reachable(8080));
    const refused = await host.peapod(
      'run',
      '-d',
      '--name',
      'late',
      '-p',
      '8080:80',
      'host',
      'sleep',
      '1000',
    );
    expect(refused.exitCode).toBe(125);
    expect(refused.stderr).toMatch(/^Error: .*8080.*busybox/);
    expect(await host.ok('ps', '-aq')).toBe('');
    await holder.stop();
  });

  it('A5: -p 80 picks a free port, and port prints it', async () => {
    await using host = await makeHost();
    await host.ok('run', '-d', '--name', 'one', '-p', '80', 'host', ...webServer('one', 80));
    await host.ok('run', '-d', '--name', 'two', '-p', '80', 'host', ...webServer('two', 80));
    const ports = await Promise.all(['one', 'two'].map((name) => host.ok('port', name, '80')));
    expect(ports[0]).toMatch(/^0\.0\.0\.0:\d+$/);
    expect(ports[0]).not.toBe(ports[1]);
    expect(await host.fetch(Number(ports[0]?.split(':')[1]))).toBe('one');
    expect(await host.fetch(Number(ports[1]?.split(':')[1]))).toBe('two');
  });

  it('A6: a port with an address, one without a host port, a range, and /tcp', async () => {
    await using host = await makeHost();
    const specs = ['127.0.0.1:8081:81', '127.0.0.1::82', '9000-9002:9000-9002', '8083:83/tcp'];
    await podWithPorts(host, 'forms', specs, [81, 82, 83, 9000, 9001, 9002]);
    const picked = await host.ok('port', 'forms-web', '82/tcp');
    expect(picked).toMatch(/^127\.0\.0\.1:\d+$/);
    const urls = [
      'http://127.0.0.1:8081/',
      `http://${picked}/`,
      'http://127.0.0.1:9000/',
      'http://127.0.0.1:9001/',
      'http://127.0.0.1:9002/',
      'http://127.0.0.1:8083/',
    ];
    for (const url of urls) expect(await host.fetch(url), url).toBe('forms');
    for (const url of ['http://[::1]:8081/', 'http://127.0.0.1:9003/']) {
      expect(await host.reachable(url), url).toBe(false);
    }
    const ports = await host.ok('pod', 'inspect', '--format', '{{json .InfraConfig.PortBindings}}', 'forms');
    expect(JSON.parse(ports)['81/tcp']).toEqual([{ HostIp: '127.0.0.1', HostPort: '8081' }]);
  });

  it('A6: an IPv6 address, or a clear error where the network has no IPv6', async () => {
    await using host = await makeHost();
    const create = ['pod', 'create', '--name', 'six', '-p', '[::1]:8084:84'];
    if (!host.rootless) {
      const refused = await host.peapod(...create);
      expect(refused.exitCode).toBe(125);
      expect(refused.stderr).toMatch(/^Error: .*IPv6.*8084/);
      expect(await host.ok('pod', 'ps', '-q')).toBe('');
      return;
    }
    await host.ok(...create);
    await host.ok('run', '-d', '--pod', 'six', '--name', 'web', 'host', ...webServer('six', 84));
    expect(await host.fetch('http://[::1]:8084/')).toBe('six');
    expect(await host.reachable('http://127.0.0.1:8084/')).toBe(false);
    expect(await host.ok('port', 'web')).toBe('84/tcp -> [::1]:8084');
  });

  it('A6: UDP', async () => {
    await using host = await makeHost();
    const { flags, command } = clientAddressServer(runContext().binDir);
    await host.ok('pod', 'create', '--name', 'echo', '-p', '8053:80/udp');
    await host.ok('run', '-d', '--pod', 'echo', '--name', 'server', ...flags, 'host', ...command);
    await eventually(async () => (await host.ok('logs', 'server')).includes('ready'));
    const answer = await eventually(() => host.sh(askByUdp('127.0.0.1', 8053, 'ping')));
    expect(answer).toMatch(/^you are .* and said ping$/);
    expect(await host.ok('port', 'server')).toBe('80/udp -> 0.0.0.0:8053');
  });

  it.each([
    '80:',
    'a:80',
    '80:b',
    '0:80',
    '8080:0',
    '65536:80',
    '8080:65536',
    '-1:80',
    '8080:80:90:100',
    '999.1.1.1:8080:80',
    '8080:80/xyz',
    '8080:80/tcp/udp',
    '8000-8010:80-85',
    '8010-8000:80-90',
    '::1:8080:80',
    '[::1:8080:80',
  ])('A6: -p %j is rejected before anything is made', async (spec) => {
    await using host = await makeHost();
    for (const command of [
      ['pod', 'create', '-p', spec],
      ['run', '-d', '-p', spec, 'host', 'sleep', '1000'],
    ]) {
      const outcome = await host.peapod(...command);
      expect(outcome.exitCode).toBe(125);
      expect(outcome.stderr).toMatch(/^Error: .*port/i);
      expect(outcome.stdout).toBe('');
    }
    expect(await host.ok('pod', 'ps', '-q')).toBe('');
    expect(await host.ok('ps', '-aq')).toBe('');
  });

  it('A6: two mappings of one command that want the same host port are rejected', async () => {
    await using host = await makeHost();
    const outcome = await host.peapod('pod', 'create', '-p', '8080:80', '-p', '8080:81');
    expect(outcome.exitCode).toBe(125);
    expect(outcome.stderr).toMatch(/^Error: .*8080/);
    expect(await host.ok('pod', 'ps', '-q')).toBe('');
  });

  it('A6: a hundred connections at once, each with its answer whole', async () => {
    await using host = await makeHost();
    const size = 300_000;
    const { flags, command } = bigPageServer(runContext().binDir, size);
    await host.ok('run', '-d', '-p', '8080:80', ...flags, 'host', ...command);
    await host.fetch(8080);
    const sizes = await host.sh(fetchHundred('127.0.0.1', 8080));
    expect(sizes.split('\n')).toEqual(Array.from({ length: 100 }, () => String(size)));
  });
});

describeForRoot('published ports of an unprivileged user', () => {
  it('A7: two pods reach each other through the address of the host and the published port', async () => {
    await using host = await userHost({ internet: true });
    await podWithPorts(host, 'webservice', ['8080:80'], [80]);
    await podWithPorts(host, 'db', ['3306:3306'], [3306]);
    const address = '203.0.113.11';
    expect(await host.fetchFrom('webservice-web', address, 3306)).toBe('db');
    expect(await host.fetchFrom('db-web', address, 8080)).toBe('webservice');
  });

  it('A6: a port below the limit for users is refused with the sysctl that mends it', async () => {
    await using host = await userHost();
    await host.rootSh('sysctl -qw net.ipv4.ip_unprivileged_port_start=1024');
    const refused = await host.peapod('run', '-d', '-p', '80:80', 'host', 'sleep', '1000');
    expect(refused.exitCode).toBe(125);
    expect(refused.stderr).toMatch(/^Error: .*80/);
    expect(refused.stderr).toMatch(/sysctl.*net\.ipv4\.ip_unprivileged_port_start=80/);
    expect(await host.ok('ps', '-aq')).toBe('');
  });
});
