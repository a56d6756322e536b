import { expect, it } from 'vitest';
import { describeForBoth } from '../support/host.ts';
import { getPage, webServer } from '../support/servers.ts';
import type { TestHost } from '../support/test-host.ts';

async function namespaceOf(host: TestHost, name: string, words: readonly string[]): Promise<string> {
  return host.ok(...words, 'readlink', `/proc/self/ns/${name}`);
}

describeForBoth('a program of the host in the namespaces of a pod', (makeHost) => {
  it('A13: reaches a server of a container on 127.0.0.1, and a container reaches it there', async () => {
    await using host = await makeHost();
    await host.ok('pod', 'create', '--name', 'web');
    await host.ok(
      'run',
      '-d',
      '--pod',
      'web',
      '--name',
      'server',
      'host',
      ...webServer('of the container', 80),
    );
    await host.fetchFrom('server', '127.0.0.1');
    expect(await host.ok('pod', 'nsenter', 'web', ...getPage('127.0.0.1'))).toContain('of the container');
    expect(await host.reachable(80)).toBe(false);

    await host.sh('mkdir -p /tmp/page; echo of the host > /tmp/page/index.html');
    const words = ['busybox', 'httpd', '-f', '-p', '8081', '-h', '/tmp/page'];
    const serving = host.spawn(['peapod', 'pod', 'nsenter', 'web', ...words]);
    expect(await host.fetchFrom('server', '127.0.0.1', 8081)).toBe('of the host');
    expect(await host.reachable(8081)).toBe(false);
    serving.signal('SIGTERM');
    expect((await serving.outcome).exitCode).toBe(143);
    expect((await host.peapod('exec', 'server', ...getPage('127.0.0.1', 8081))).exitCode).not.toBe(0);
  });

  it('A13: shares net, ipc and uts with the containers, and files and processes with the host', async () => {
    await using host = await makeHost();
    await host.ok('pod', 'create', '--name', 'shared', '--share', '+pid');
    await host.ok('run', '-d', '--pod', 'shared', '--name', 'one', 'host', 'sleep', '1000');
    const container = ['exec', 'one'];
    for (const name of ['net', 'ipc', 'uts']) {
      const inside = await namespaceOf(host, name, container);
      expect(await namespaceOf(host, name, ['pod', 'nsenter', 'shared']), name).toBe(inside);
    }
    expect(await host.ok('pod', 'nsenter', 'shared', 'uname', '-n')).toBe('shared');
    const ofHost = await host.sh('readlink /proc/self/ns/mnt');
    expect(await namespaceOf(host, 'mnt', ['pod', 'nsenter', 'shared'])).toBe(ofHost);
    expect(await host.sh('cd /tmp && peapod pod nsenter shared pwd')).toBe('/tmp');
    const asked = ['pod', 'nsenter', '--uts', 'shared'];
    expect(await namespaceOf(host, 'net', asked)).toBe(await host.sh('readlink /proc/self/ns/net'));

    // The pid namespace counts the pause process and the container before it.
    expect(await host.ok('pod', 'nsenter', '--pid', 'shared', 'sh', '-c', 'echo $$')).toMatch(/^\d{1,2}$/);
  });

  it('A13: has the standard streams, the exit code and the environment of the caller', async () => {
    await using host = await makeHost();
    await host.ok('pod', 'create', '--name', 'web');
    const script = 'cat; echo to stderr >&2; exit 7';
    const outcome = await host.exec(['peapod', 'pod', 'nsenter', 'web', 'sh', '-c', script], {
      input: 'typed',
    });
    expect(outcome).toEqual({ exitCode: 7, stdout: 'typed', stderr: 'to stderr\n' });
    expect((await host.peapod('pod', 'nsenter', 'web', 'sh', '-c', 'kill -SEGV $$')).exitCode).toBe(139);
    expect((await host.peapod('pod', 'nsenter', 'web', 'no-such-program')).exitCode).toBe(127);
    expect((await host.peapod('pod', 'nsenter', 'web', '/etc')).exitCode).toBe(126);
    // With the marks of the keeper's own children a peapod in there would take other pods for dead.
    const environment = await host.ok('pod', 'nsenter', 'web', 'env');
    expect(environment).toMatch(/^PATH=/m);
    expect(environment).not.toContain('PEAPOD_ROOTLESS');
  });

  it('A13: brings up the network of a pod that has none yet, and one without any stays so', async () => {
    await using host = await makeHost();
    await host.ok('pod', 'create', '--name', 'fresh');
    expect(await host.ok('pod', 'nsenter', 'fresh', 'sh', '-c', 'ls /sys/class/net; ip route')).toContain(
      'default',
    );
    await host.ok('pod', 'create', '--name', 'offline', '--network', 'none');
    expect(await host.ok('pod', 'nsenter', 'offline', 'ip', '-oneline', 'link')).toMatch(
      /^1: lo:.*UP[^\n]*$/,
    );
  });

  it('A13: a namespace that the pod does not share, and no pod at all, are errors', async () => {
    await using host = await makeHost();
    await host.ok('pod', 'create', '--name', 'netonly', '--share', 'net');
    const foreign = await host.peapod('pod', 'nsenter', '--pid', 'netonly', 'true');
    expect(foreign.exitCode).toBe(125);
    expect(foreign.stderr).toMatch(/^Error: pod netonly has no pid namespace to enter\n.*share net/);
    await host.ok('pod', 'create', '--name', 'apart', '--share', 'none');
    expect((await host.peapod('pod', 'nsenter', 'apart', 'true')).stderr).toMatch(/share no namespaces/);
    expect((await host.peapod('pod', 'nsenter', 'missing', 'true')).stderr).toMatch(
      /no pod with name or ID missing/,
    );
    expect((await host.peapod('pod', 'nsenter', 'netonly')).stderr).toMatch(
      /^Error: must provide a command to run/,
    );
  });
});
