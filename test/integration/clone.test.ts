import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { busyboxImage, ociArchive } from '../fixtures/images.ts';
import { eventually } from '../support/command.ts';
import { describeForBoth } from '../support/host.ts';
import { webServer } from '../support/servers.ts';
import type { TestHost } from '../support/test-host.ts';

const none = ['--network', 'none'];

async function load(host: TestHost, name: string, config: Record<string, unknown>): Promise<void> {
  const archive = join(host.dir, 'image.tar');
  writeFileSync(archive, ociArchive({ image: busyboxImage(config), name }));
  await host.ok('load', '-q', '-i', archive);
}

describeForBoth('clones', (makeHost) => {
  it('B1: container clone is like the original, but for what was asked for and what the original has written', async () => {
    await using host = await makeHost();
    await host.sh('printf hidden | peapod secret create word -');
    const script =
      'cat /run/secrets/word; echo " $X $(hostname)"; ls /v /written 2>&1; ls /sys/class/net; touch /v/seen /written';
    const flags = ['-e', 'X=1', '-v', 'v:/v', '--secret', 'word', '--hostname', 'chosen', '--label', 'l=1'];
    await host.ok('create', ...none, '--name', 'one', ...flags, 'host', 'sh', '-c', script);
    await host.ok('start', '-a', 'one');
    await host.ok('secret', 'rm', 'word');
    const id = await host.ok('container', 'clone', 'one');
    expect(await host.ok('container', 'clone', 'one')).not.toBe(id);
    expect((await host.peapod('start', '-a', 'one-clone')).stdout).toMatch(
      /^hidden 1 chosen\n(.*No such file.*\n)?\/v:\nseen\n(.*No such file.*\n)?lo\n$/,
    );
    expect(await host.ok('ps', '-a', '--format', '{{.Names}} {{.Status}}', '-f', 'name=clone1')).toBe(
      'one-clone1 Created',
    );
    expect(await host.ok('inspect', '-f', '{{.Config.Labels}}', id)).toBe('map[l:1]');

    // What was typed for the original would replace it.
    expect(await host.ok('inspect', '-f', '{{.Config.CreateCommand}}', id)).toBe(
      '[peapod container clone one]',
    );
    expect((await host.peapod('generate', 'systemd', '--new', id)).stderr).toMatch(
      /not made by a command line of its own/,
    );

    const refused = await host.peapod('container', 'clone', 'one', 'one-clone');
    expect(refused).toMatchObject({ exitCode: 125 });
    expect(refused.stderr).toMatch(/^Error: the container name "one-clone" is already in use/);
    const words = await host.peapod('container', 'clone');
    expect(words.stderr).toMatch(/^Error: accepts between 1 and 3 arg\(s\), received 0/);
    expect((await host.peapod('container', 'clone', '-f', 'one')).stderr).toMatch(
      /^Error: cannot set --force without --destroy/,
    );
    expect(await host.ok('ps', '-aq')).toHaveLength(3 * 13 - 1);
  });

  it('B1: container clone with another image, in a pod, running', async () => {
    await using host = await makeHost();
    await load(host, 'web:1', { Cmd: ['echo', 'first'], Env: ['PATH=/bin', 'V=1'] });
    await load(host, 'web:2', { Cmd: ['sleep', '1000'], Env: ['PATH=/bin', 'V=2'] });
    await host.ok('create', ...none, '--name', 'web', '-e', 'OWN=x', 'web:1');
    await host.ok('container', 'clone', '--run', 'web', 'web2', 'web:2');
    expect(await host.ok('exec', 'web2', 'sh', '-c', 'echo $V $OWN')).toBe('2 x');
    await host.ok(
      'pod',
      'create',
      '--name',
      'p',
      '--security-opt',
      'no-new-privileges',
      '-v',
      'shared:/shared',
    );
    const { stderr } = await host.peapod('container', 'clone', '--run', '--pod', 'p', 'web2', 'member');
    expect(stderr).toBe('Warning: the network of container web2 stays behind: its clone has that of pod p\n');
    const look = 'grep NoNewPrivs /proc/self/status; ls -d /shared; hostname; ls /sys/class/net | wc -l';
    expect((await host.ok('exec', 'member', 'sh', '-c', look)).split(/\s+/)).toEqual([
      'NoNewPrivs:',
      '1',
      '/shared',
      'p',
      '2',
    ]);
    expect((await host.peapod('container', 'clone', '--pod', 'none', 'web')).stderr).toMatch(
      /^Error: no pod with name or ID none/,
    );
    expect(await host.ok('ps', '-a', '--format', '{{.Names}}')).toBe('web\nweb2\nmember');
  });

  it('E2: a clone has ids of its own where the original has, and those of its pod in one', async () => {
    await using host = await makeHost();
    if (!host.rootless)
      await host.rootSh(
        'echo containers:1000000:20000 >>/etc/subuid; echo containers:1000000:20000 >>/etc/subgid',
      );
    const map = ['cat', '/proc/self/uid_map'];
    await host.ok('create', ...none, '--name', 'auto', '--userns', 'auto:size=2000', 'host', ...map);
    await host.ok('container', 'clone', 'auto');
    const maps = await Promise.all(
      ['auto', 'auto-clone'].map(async (name) => (await host.ok('start', '-a', name)).trim().split(/\s+/)),
    );
    expect(maps.map(([inside, , size]) => [inside, size])).toEqual([
      ['0', '2000'],
      ['0', '2000'],
    ]);
    expect(maps[0]?.[1]).not.toBe(maps[1]?.[1]);
    await host.ok('pod', 'create', '--name', 'plain', ...none);
    await host.ok('container', 'clone', '--pod', 'plain', 'auto', 'member');
    const all = await host.ok('run', '--rm', '--pod', 'plain', 'host', ...map);
    expect(await host.ok('start', '-a', 'member')).toBe(all);
    await host.ok('pod', 'clone', '--userns', 'auto:size=3000', 'plain', 'mapped');
    expect(await host.ok('start', '-a', 'member-clone')).toMatch(/^\s+0\s+\d+\s+3000$/);
  });

  it('B1: --destroy gives the ports of the original to the clone; else they are in the way', async () => {
    await using host = await makeHost();
    await host.ok(
      'run',
      '-d',
      '--name',
      'web',
      '--network',
      'slirp4netns',
      '-p',
      '18080:80',
      'host',
      ...webServer('page', 80),
    );
    const refused = await host.peapod('container', 'clone', 'web');
    expect(refused).toMatchObject({ exitCode: 125 });
    expect(refused.stderr).toMatch(
      /^Error: host port 18080\/tcp is already reserved by container "web"\nhint: with --destroy /,
    );
    expect((await host.peapod('container', 'clone', '--destroy', 'web')).stderr).toMatch(/as it is running/);
    expect(await host.ok('ps', '-a', '--format', '{{.Names}}')).toBe('web');
    await host.ok('stop', '-t', '0', 'web');
    await host.ok('container', 'clone', '--destroy', '--run', 'web', 'next');
    expect(await host.fetch(18080)).toBe('page');
    expect(await host.ok('ps', '-a', '--format', '{{.Names}}')).toBe('next');
    expect((await host.peapod('create', '-p', '18080:80', 'host', 'true')).stderr).toMatch(
      /reserved by container "next"/,
    );
  });

  it('B1: pod clone has clones of all containers, which know each other, and takes over what it is told to', async () => {
    await using host = await makeHost();
    const create = ['--name', 'front', '-p', '18080:80', '--label', 'l=1', '--exit-policy', 'stop'];
    await host.ok('pod', 'create', ...create);
    await host.ok('create', '--pod', 'front', '--name', 'web', 'host', ...webServer('page', 80));
    await host.ok('create', '--pod', 'front', '--name', 'late', '--requires', 'web', 'host', 'sleep', '1000');
    expect((await host.peapod('pod', 'clone', 'front')).stderr).toMatch(
      /^Error: host port 18080\/tcp is already reserved by pod "front"/,
    );
    expect(await host.ok('pod', 'ps', '--format', '{{.Name}} {{.NumberOfContainers}}')).toBe('front 2');
    await host.ok('pod', 'clone', '--destroy', '--start', '--label', 'm=2', '-v', 'v:/v', 'front', 'back');
    expect(await host.fetch(18080)).toBe('page');
    expect(await host.ok('ps', '-a', '--format', '{{.Names}} {{.PodName}}', '--pod')).toBe(
      'web-clone back\nlate-clone back',
    );
    const [webId] = (await host.ok('ps', '-aq', '--no-trunc', '-f', 'name=web-clone')).split('\n');
    expect(await host.json('inspect', '-f', '{{json .Dependencies}}', 'late-clone')).toEqual([webId]);
    expect(await host.ok('pod', 'inspect', '-f', '{{.Labels}} {{.ExitPolicy}}', 'back')).toBe(
      'map[l:1 m:2] stop',
    );
    expect(await host.ok('exec', 'late-clone', 'ls', '-d', '/v')).toBe('/v');
  });

  it('E5: a pod clone that is killed leaves the original or the clone, whole', async () => {
    await using host = await makeHost();
    await host.ok('pod', 'create', '--name', 'a', '-p', '18080:80');
    for (const name of ['x', 'y', 'z']) await host.ok('create', '--pod', 'a', '--name', name, 'host', 'true');
    for (const waitMs of [20, 40, 60, 90]) {
      const [pod] = (await host.ok('pod', 'ps', '--format', '{{.Name}}')).split('\n') as [string];
      const next = `b${waitMs}`;
      await host.sh(`timeout -s KILL ${waitMs / 1000} peapod pod clone --destroy ${pod} ${next} || :`);
      await eventually(async () => {
        const pods = await host.ok('pod', 'ps', '--format', '{{.Name}} {{.NumberOfContainers}}');
        return [`${pod} 3`, `${next} 3`].includes(pods) || undefined;
      });
      expect(await host.ok('ps', '-aq')).toHaveLength(3 * 13 - 1);
      const holder = (await host.ok('pod', 'ps', '--format', '{{.Name}}')).trim();
      expect((await host.peapod('create', '-p', '18080:80', 'host', 'true')).stderr).toContain(
        `by pod "${holder}"`,
      );
    }
    expect(await host.ok('system', 'check')).toBe('Nothing is leaked.');
  });
});
