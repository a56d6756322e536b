import { describe, expect, it } from 'vitest';
import { describeForBoth, describeForRoot, rootHost, userHost } from '../support/host.ts';
import { inPodNetwork, podInterfaces, sandboxIds } from '../support/sandbox.ts';
import { getPage, webServer } from '../support/servers.ts';
import type { TestHost } from '../support/test-host.ts';

const namespaces = ['net', 'ipc', 'uts', 'pid', 'mnt'] as const;

/** The namespaces of a container's processes, by kind. */
async function namespacesOf(host: TestHost, container: string): Promise<Record<string, string>> {
  const links = namespaces.map((name) => `/proc/self/ns/${name}`);
  const output = await host.ok('exec', container, 'readlink', ...links);
  return Object.fromEntries(output.split('\n').map((link, index) => [namespaces[index], link]));
}

describeForBoth('pods', (makeHost) => {
  it('A1: pod create makes a network namespace with only lo, up; with --network none it stays so', async () => {
    await using host = await makeHost();
    const id = await host.ok('pod', 'create', '--name', 'fresh');
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(await podInterfaces(host, id)).toEqual(['lo']);
    expect(await inPodNetwork(host, id, 'ip -oneline -4 address show up')).toMatch(/127\.0\.0\.1\/8 .* lo/);

    const offline = await host.ok('pod', 'create', '--name', 'offline', '--network', 'none');
    await host.ok('pod', 'start', 'offline');
    await host.ok('run', '-d', '--pod', 'offline', 'host', 'sleep', '1000');
    expect(await podInterfaces(host, offline)).toEqual(['lo']);
    await host.ok('pod', 'start', 'fresh');
    expect(await podInterfaces(host, id)).toHaveLength(2);
  });

  it('A2: containers of a pod reach each other on 127.0.0.1 and share net, ipc and uts, not pid and mount', async () => {
    await using host = await makeHost();
    await host.ok('pod', 'create', '--name', 'shared');
    await host.ok('run', '-d', '--pod', 'shared', '--name', 'web', 'host', ...webServer('from the web', 80));
    await host.ok('run', '-d', '--pod', 'shared', '--name', 'client', 'host', 'sleep', '1000');
    expect(await host.fetchFrom('client', '127.0.0.1')).toBe('from the web');

    const [web, client] = await Promise.all([namespacesOf(host, 'web'), namespacesOf(host, 'client')]);
    for (const name of ['net', 'ipc', 'uts']) expect(client[name], name).toBe(web[name]);
    for (const name of ['pid', 'mnt']) expect(client[name], name).not.toBe(web[name]);
    expect(await host.ok('exec', 'client', 'uname', '-n')).toBe('shared');
    expect(await host.ok('exec', 'client', 'sh', '-c', 'tr "\\0" " " < /proc/1/cmdline')).toBe('sleep 1000 ');
  });

  it('A2: --share pid shares pids through a pause process', async () => {
    await using host = await makeHost();
    await host.ok('pod', 'create', '--name', 'shared', '--share', 'net,ipc,uts,pid');
    await host.ok('run', '-d', '--pod', 'shared', '--name', 'one', 'host', 'sleep', '1111');
    await host.ok('run', '-d', '--pod', 'shared', '--name', 'two', 'host', 'sleep', '2222');
    const [one, two] = await Promise.all([namespacesOf(host, 'one'), namespacesOf(host, 'two')]);
    expect(two.pid).toBe(one.pid);
    const seen = await host.ok('exec', 'two', 'sh', '-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" " "');
    expect(seen).toContain('sleep 1111');
    expect(seen).toMatch(/^catatonit -P/);
  });

  it('A2: --share without a namespace leaves each container its own', async () => {
    await using host = await makeHost();
    await host.ok('pod', 'create', '--name', 'apart', '--share', 'net');
    await host.ok('run', '-d', '--pod', 'apart', '--name', 'one', 'host', 'sleep', '1000');
    await host.ok('run', '-d', '--pod', 'apart', '--name', 'two', 'host', 'sleep', '1000');
    const [one, two] = await Promise.all([namespacesOf(host, 'one'), namespacesOf(host, 'two')]);
    expect(two.net).toBe(one.net);
    for (const name of ['ipc', 'uts']) expect(two[name], name).not.toBe(one[name]);
  });

  it('A2: a pod that shares no network starts and gets none; what would need one is refused', async () => {
    await using host = await makeHost();
    const id = await host.ok('pod', 'create', '--name', 'apart', '--share', 'ipc,pid');
    expect(await host.ok('pod', 'start', 'apart')).toBe(id);
    expect(await host.ok('pod', 'ps', '--format', '{{.Status}}|{{.Networks}}')).toBe('Running|');
    await host.ok('run', '-d', '--pod', 'apart', '--name', 'one', 'host', 'sleep', '1000');
    await host.ok('run', '-d', '--pod', 'apart', '--name', 'two', '-p', '8080:80', 'host', 'sleep', '1000');
    const [one, two] = await Promise.all([namespacesOf(host, 'one'), namespacesOf(host, 'two')]);
    expect([two.ipc, two.pid]).toEqual([one.ipc, one.pid]);
    expect(two.net).not.toBe(one.net);
    expect(await host.ok('port', 'two')).toBe('80/tcp -> 0.0.0.0:8080');

    for (const [command, message] of [
      [
        ['pod', 'create', '--share', 'ipc', '-p', '8081:80'],
        /^Error: -p does nothing.*\nhint: add net to --share/,
      ],
      [['pod', 'create', '--share', 'none', '--network', 'bridge'], /^Error: --network does nothing/],
      [['network', 'connect', 'podman', 'apart'], /^Error: pod apart shares no network/],
      [['pod', 'publish', 'apart', '8082:80'], /^Error: pod apart has no network of its own/],
    ] as [string[], RegExp][]) {
      const outcome = await host.peapod(...command);
      expect(outcome.exitCode, command.join(' ')).toBe(125);
      expect(outcome.stderr).toMatch(message);
    }
    const member = ['run', '-d', '--pod', 'new:loose', '--share', 'ipc', '--name', 'three', '-p', '8083:80'];
    await host.ok(...member, 'host', 'sleep', '1000');
    expect(await host.ok('port', 'three')).toBe('80/tcp -> 0.0.0.0:8083');
  });

  it('A3: the network namespace outlives every container of the pod', async () => {
    await using host = await makeHost();
    await host.ok('pod', 'create', '--name', 'lasting');
    const look = () => host.ok('run', '--rm', '--pod', 'lasting', 'host', 'readlink', '/proc/self/ns/net');
    const first = await look();
    expect(await host.ok('ps', '-aq')).toBe('');
    expect(await look()).toBe(first);
  });

  it('A4: a duplicate name fails with a clear error and leaves nothing behind', async () => {
    await using host = await makeHost();
    const id = await host.ok('pod', 'create', '--name', 'twin');
    await host.ok('create', '--name', 'solo', 'host', 'true');
    const before = sandboxIds(host);
    for (const command of [
      ['pod', 'create', '--name', 'twin'],
      ['pod', 'create', '--name', 'solo'],
      ['create', '--name', 'solo', 'host', 'true'],
      ['run', '-d', '--name', 'twin', 'host', 'sleep', '1000'],
    ]) {
      const outcome = await host.peapod(...command);
      expect(outcome.exitCode, command.join(' ')).toBe(125);
      expect(outcome.stderr).toMatch(/^Error: .*(twin|solo).* in use/);
    }
    expect(await host.ok('pod', 'ps', '-q', '--no-trunc')).toBe(id);
    expect((await host.ok('ps', '-aq')).split('\n')).toHaveLength(1);
    expect(sandboxIds(host)).toBe(before);
  });

  it.each([
    ['-x'],
    ['.x'],
    ['a b'],
    ['a/b'],
    ['../up'],
    ['ä'],
    ['$(id)'],
    ['one of 300 letters', 'x'.repeat(300)],
  ])('A4: the name %s is refused before anything is made', async (title, name = title) => {
    await using host = await makeHost();
    for (const command of [
      ['pod', 'create', `--name=${name}`],
      ['run', `--name=${name}`, 'host', 'true'],
      ['run', `--pod=new:${name}`, 'host', 'true'],
    ]) {
      const outcome = await host.peapod(...command);
      expect(outcome.exitCode, command.join(' ')).toBe(125);
      expect(outcome.stderr).toMatch(/^Error: .*name/i);
    }
    expect(await host.ok('pod', 'ps', '-q')).toBe('');
    expect(await host.ok('ps', '-aq')).toBe('');
    expect(sandboxIds(host)).toBe('');
  });

  it('A4: a name may hold underscores, dots and capitals, and so may the one that peapod chooses', async () => {
    await using host = await makeHost();
    for (const name of ['with_underscore', 'With.Dots-and_All', '9']) {
      await host.ok('pod', 'create', '--name', name);
      expect(await host.ok('run', '--rm', '--pod', name, 'host', 'uname', '-n')).toBe(name);
    }
    for (const _ of [1, 2, 3]) await host.ok('pod', 'create');
    expect((await host.ok('pod', 'ps', '-q')).split('\n')).toHaveLength(6);
  });

  it('A4: long names with a common prefix never collide', async () => {
    await using host = await makeHost();
    const names = ['one', 'two', 'three'].map((end) => `${'long-prefix-'.repeat(15)}${end}`);
    await Promise.all(names.map((name) => host.ok('pod', 'create', '--name', name)));
    await Promise.all(names.map((name) => host.ok('run', '-d', '--pod', name, 'host', 'sleep', '1000')));
    const networks = await Promise.all(
      names.map(async (name) => inPodNetwork(host, await idOf(host, name), 'readlink /proc/self/ns/net')),
    );
    expect(new Set(networks).size).toBe(3);
    expect((await host.ok('pod', 'ps', '--format', '{{.Name}} {{.Status}}')).split('\n').toSorted()).toEqual(
      names.map((name) => `${name} Running`).toSorted(),
    );
  });

  it('A15: pod rm refuses a pod with running members, and removes it with --force', async () => {
    await using host = await makeHost();
    await host.ok('pod', 'create', '--name', 'busy');
    await host.ok('run', '-d', '--pod', 'busy', '--name', 'worker', 'host', 'sleep', '1000');
    const refused = await host.peapod('pod', 'rm', 'busy');
    expect(refused.exitCode).toBe(125);
    expect(refused.stderr).toMatch(/^Error: .*busy.*running.*worker/);
    expect(await host.ok('ps', '--format', '{{.Names}}')).toBe('worker');
    await host.ok('pod', 'rm', '--force', '--time', '0', 'busy');
    expect(await host.ok('ps', '-aq')).toBe('');
    expect((await host.peapod('pod', 'exists', 'busy')).exitCode).toBe(1);
  });

  it('A15: pod rm --all keeps what runs; with --force nothing stays, and nothing leaks', async () => {
    await using host = await makeHost();
    await host.ok('pod', 'create', '--name', 'empty');
    await host.ok('pod', 'create', '--name', 'busy', '-p', '18080:80');
    await host.ok('run', '-d', '--pod', 'busy', 'host', ...webServer('here', 80));
    expect(await host.fetch(18080)).toBe('here');
    expect((await host.peapod('pod', 'rm', '--all')).exitCode).not.toBe(0);
    expect(await host.ok('pod', 'ps', '--format', '{{.Name}}')).toBe('busy');
    await host.ok('pod', 'rm', '--all', '--force', '--time', '0');
    expect(await host.ok('pod', 'ps', '-q')).toBe('');
    expect(await host.reachable(18080)).toBe(false);
    // The user's keeper stays for a while after the last pod.
    if (host.rootless) await host.ok('system', 'migrate');
    expect(await host.leftovers()).toEqual([]);
  });
});

async function dnsOf(host: TestHost, pod: string): Promise<string[]> {
  const { Network } = await host.json<{ Network: { DNS: string[] } }>('pod', 'inspect', pod);
  return Network.DNS;
}

async function idOf(host: TestHost, pod: string): Promise<string> {
  return host.ok('pod', 'inspect', '--format', '{{.Id}}', pod);
}

describe('a pod of an unprivileged user', () => {
  it('A14: is listed as table, by --format and as JSON', async () => {
    await using host = await userHost();
    const id = await host.ok('pod', 'create', '--name', 'listed', '-p', '18080:80', '--label', 'tier=web');
    await host.ok('run', '-d', '--pod', 'listed', '--name', 'web', 'host', ...webServer('listed', 80));
    const table = (await host.ok('pod', 'ps')).split('\n');
    expect(table[0]).toMatch(/^POD ID +NAME +STATUS +CREATED/);
    expect(table[1]).toMatch(new RegExp(`^${id.slice(0, 12)} +listed +Running +`));
    const timeless = (text: string) =>
      text.replace(/Less than a second ago|\d+ seconds? ago/g, '').replace(/ +/g, ' ');
    expect(timeless(await host.ok('pod', 'ls'))).toBe(timeless(table.join('\n')));

    const format = '{{.Name}} {{.Status}} {{.NumberOfContainers}} {{.Labels}}';
    expect(await host.ok('pod', 'ps', '--format', format)).toMatch(/^listed Running 1 .*tier.*web/);

    const [pod] = await host.json<Record<string, unknown>[]>('pod', 'ps', '--format', 'json');
    expect(pod).toMatchObject({ Id: id, Name: 'listed', Status: 'Running', Backend: 'slirp4netns' });
    expect(pod?.Networks).toEqual(['slirp4netns']);
    expect(pod?.Addresses).toEqual(['10.0.2.100']);
    expect(pod?.Containers).toEqual([expect.objectContaining({ Names: 'web', Status: 'running' })]);
  });

  it('A14: ps --pod shows the pod, and pod inspect the DNS servers', async () => {
    await using host = await userHost();
    const id = await host.ok('pod', 'create', '--name', 'listed', '--dns', '198.51.100.53');
    await host.ok('run', '-d', '--pod', 'listed', '--name', 'web', 'host', 'sleep', '1000');
    const [head, row] = (await host.ok('ps', '--pod')).split('\n');
    expect(head).toMatch(/NAMES +POD ID +PODNAME$/);
    expect(row).toMatch(new RegExp(`web +${id.slice(0, 12)} +listed$`));
    expect(await dnsOf(host, 'listed')).toEqual(['198.51.100.53']);
    expect(await host.ok('exec', 'web', 'cat', '/etc/resolv.conf')).toMatch(/^nameserver 198\.51\.100\.53$/m);
    await host.ok('pod', 'create', '--name', 'plain');
    await host.ok('pod', 'start', 'plain');
    expect(await dnsOf(host, 'plain')).toEqual(['10.0.2.3']);
  });
});

describeForRoot('both backends', () => {
  it('A17: root chooses slirp4netns for a pod, and it runs beside one on a bridge', async () => {
    await using host = await rootHost();
    await host.ok('pod', 'create', '--name', 'slirp', '--network', 'slirp4netns', '-p', '18080:80');
    await host.ok('pod', 'create', '--name', 'bridged', '-p', '18081:80');
    await host.ok('run', '-d', '--pod', 'slirp', 'host', ...webServer('by slirp4netns', 80));
    await host.ok('run', '-d', '--pod', 'bridged', 'host', ...webServer('by bridge', 80));
    expect(await host.fetch(18080)).toBe('by slirp4netns');
    expect(await host.fetch(18081)).toBe('by bridge');
    const pods = await host.json<{ Name: string; Backend: string }[]>('pod', 'ps', '--format', 'json');
    expect(Object.fromEntries(pods.map(({ Name, Backend }) => [Name, Backend]))).toEqual({
      slirp: 'slirp4netns',
      bridged: 'bridge',
    });
  });

  it('A17: an unprivileged user chooses a bridge network for a pod, and it runs beside one on slirp4netns', async () => {
    await using host = await userHost();
    await host.ok('pod', 'create', '--name', 'bridged', '--network', 'bridge', '-p', '18081:80');
    await host.ok('pod', 'create', '--name', 'slirp', '-p', '18080:80');
    await host.ok('run', '-d', '--pod', 'bridged', '--name', 'web', 'host', ...webServer('by bridge', 80));
    await host.ok('run', '-d', '--pod', 'slirp', 'host', ...webServer('by slirp4netns', 80));
    expect(await host.fetch(18081)).toBe('by bridge');
    expect(await host.fetch(18080)).toBe('by slirp4netns');
    await host.ok('run', '-d', '--network', 'bridge', '--name', 'client', 'host', 'sleep', '1000');
    const address = await host.ok('inspect', '--format', '{{.NetworkSettings.IPAddress}}', 'web');
    expect(await host.ok('exec', 'client', ...getPage(address))).toContain('by bridge');
  });
});
