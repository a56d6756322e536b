import { describe, expect, it } from 'vitest';
import { describeForBoth, describeForRoot, rootHost, userHost } from '../support/host.ts';
import { alone, firstId, map, owners, prepare, words } from '../support/mapped-image.ts';

describeForBoth('a user namespace of its own', (makeHost) => {
  it('E2: --userns auto: image, volumes, cp, commit, diff, export, secrets and exec know the container’s own ids', async () => {
    await using host = await makeHost();
    await prepare(host);
    await host.sh('mkdir /tmp/given /tmp/src; touch /tmp/src/x; echo hidden > /tmp/secret');
    await host.ok('secret', 'create', 'pass', '/tmp/secret');
    const more = ['-v', 'kept:/home/app', '-v', '/tmp/given:/given:U', '--secret', 'pass,uid=5,mode=0400'];
    const script = 'touch /new /given/y; chown 7:8 /new; echo out > /dev/stdout; exec sleep 1000';
    await host.ok(
      'run',
      '-d',
      '--name',
      'one',
      ...alone,
      '--userns',
      'auto',
      ...more,
      'box',
      'sh',
      '-c',
      script,
    );
    const inside = (command: string) => host.ok('exec', 'one', 'sh', '-c', command);
    await host.ok('exec', 'one', 'sh', '-c', 'until [ -e /given/y ]; do :; done');
    expect(await host.ok('logs', 'one')).toBe('out');
    expect(words(await inside(map))).toBe(`0 ${firstId(host)} 1024`);
    expect(
      await inside(owners('/ /etc /bin/busybox /home/app /home/app/file /given /new /run/secrets/pass')),
    ).toBe(['0:0', '0:0', '0:0', '1000:1000', '1000:1000', '0:0', '7:8', '5:0'].join('\n'));
    expect(await inside('cat /proc/self/uid_map | wc -l; touch /etc/y; echo $?')).toBe('1\n0');
    expect(
      await host.ok('exec', '-u', '1000', 'one', 'sh', '-c', 'id -u; touch /home/app/z && echo ok'),
    ).toBe('1000\nok');
    const tar = (command: string) =>
      host.sh(`${command} | tar --numeric-owner -tvf - | awk '{print $2, $6}'`);
    for (const state of ['running', 'stopped']) {
      await host.ok('cp', '/tmp/src/x', `one:/${state}`);
      await host.sh(`tar --owner=3 --group=4 -C /tmp/src -cf - x | peapod cp -a=false - one:/home`);
      expect(await tar('peapod cp one:/new -')).toBe('7/8 new');
      expect(await tar('peapod cp one:/home/app/file -')).toBe('1000/1000 file');
      expect(await tar('peapod cp one:/home/x -')).toBe('3/4 x');
      const whole = await tar('peapod export one');
      for (const line of ['7/8 new', '0/0 bin/busybox', `0/0 ${state}`, '3/4 home/x'])
        expect(whole.split('\n')).toContain(line);
      await host.ok('commit', '-q', 'one', `image-${state}`);
      expect(
        await host.ok(
          'run',
          '--rm',
          ...alone,
          `image-${state}`,
          'sh',
          '-c',
          owners('/new /home/x /etc/y /bin/busybox'),
        ),
      ).toBe('7:8\n3:4\n0:0\n0:0');
      expect(await host.ok('diff', 'one')).toContain('A /new');
      if (state === 'running') await host.ok('stop', '-t', '0', 'one');
    }
    await host.ok('start', 'one');
    expect(await inside(owners('/new /running /stopped /home/app/z'))).toBe('7:8\n0:0\n0:0\n1000:1000');
    const inspect = (format: string) => host.ok('inspect', 'one', '--format', format);
    expect(await inspect('{{.HostConfig.UsernsMode}}')).toBe('private');
    expect(JSON.parse(await inspect('{{json .HostConfig.IDMappings}}'))).toEqual({
      UidMap: [`0:${firstId(host)}:1024`],
      GidMap: [`0:${firstId(host)}:1024`],
    });
    await host.ok('rm', '-f', '-t', '0', '-v', 'one');
    await host.ok('rmi', '-fa');
    expect(await host.ok('system', 'check')).toBe('Nothing is leaked.');
    const root = host.rootless ? `${host.env.HOME}/.local/share/peapod` : '/var/lib/peapod';
    expect(
      await host.rootSh(`ls ${root}/layers ${root}/mapped-layers 2>/dev/null | grep -E '^[0-9]' || :`),
    ).toBe('');
  });

  it('E2: ranges of auto meet no others, come back with rm, and none is lost with a command that is killed', async () => {
    await using host = await makeHost();
    await prepare(host);
    const first = firstId(host);
    const create = (name: string, ...flags: string[]) =>
      host.peapod('create', '--name', name, ...alone, ...flags, 'box', 'sh', '-c', map);
    const uids = async (name: string) =>
      JSON.parse(await host.ok('inspect', name, '--format', '{{json .HostConfig.IDMappings.UidMap}}'));
    const made = await Promise.all(
      ['a', 'b', 'c', 'd'].map((name) => create(name, '--userns', 'auto:size=10000')),
    );
    expect(made.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
    const all = (await Promise.all(['a', 'b', 'c', 'd'].map(uids))).flat().sort();
    expect(all).toEqual([0, 1, 2, 3].map((n) => `0:${first + n * 10_000}:10000`).sort());
    await create('e', '--uidmap', `0:${first + 40_000}:10`);
    expect(await uids('e')).toEqual([`0:${first + 40_000}:10`]);
    const refused = await create('f', '--userns', 'auto:size=30000');
    expect(refused.stderr).toMatch(
      /^Error: could not find enough available IDs\nhint: 30000 are needed and 25526 are free: /,
    );
    expect(refused.exitCode).toBe(125);
    const gone = all[1];
    const name = (await Promise.all(['a', 'b', 'c', 'd'].map(async (each) => [each, await uids(each)]))).find(
      ([, ids]) => ids[0] === gone,
    )?.[0] as string;
    await host.ok('rm', name);
    await create(
      'f',
      '--userns',
      'auto:size=10000,uidmapping=5:70000:1'.replace('70000', host.rootless ? '65536' : '70000'),
    );
    expect((await uids('f'))[0]).toBe(`0:${gone.split(':')[1]}:5`);
    expect(words(await host.ok('start', '-a', 'f'))).toMatch(/^0 \d+ 5 5 \d+ 1 6 \d+ 9994$/);
    await host.ok('rm', '-a');
    const run = 'peapod run --rm --network none --userns auto:size=60000 box sleep 1000';
    for (const seconds of ['0.03', '0.1', '0.3']) {
      await host.sh(`timeout -s KILL ${seconds} ${run} || :; peapod ps -aq | xargs -r peapod rm -f -t 0`);
      expect(await host.ok('run', '--rm', ...alone, '--userns', 'auto:size=60000', 'box', 'echo', 'ok')).toBe(
        'ok',
      );
    }
    expect(await host.ok('system', 'check')).toBe('Nothing is leaked.');
  });

  it('E2: maps, names of /etc/subuid, another container’s user namespace, and what is wrong with them', async () => {
    await using host = await makeHost();
    await prepare(host);
    const run = (...flags: string[]) =>
      host.peapod('run', '--rm', ...alone, ...flags, 'box', 'sh', '-c', map);
    const uids = async (...flags: string[]) => words((await run(...flags)).stdout);
    expect(await uids('--uidmap', '0:0:1', '--uidmap', '1:5000:99', '--gidmap', '0:7:50')).toBe(
      '0 0 1 1 5000 99',
    );
    const [account, start] = host.rootless ? [host.user.name, 1] : ['containers', 200_000];
    expect(await uids('--subuidname', account)).toBe(`0 ${start} 65536`);
    await host.ok('run', '-d', '--name', 'donor', ...alone, '--userns', 'auto', 'box', 'sleep', '1000');
    const pid = await host.ok('inspect', 'donor', '--format', '{{.State.Pid}}');
    const joined = `${firstId(host)} 1024`;
    expect(await uids('--userns', 'container:donor')).toBe(`0 ${joined}`);
    expect(await uids('--userns', `ns:/proc/${pid}/ns/user`)).toBe(`0 ${joined}`);
    const both = ['--userns', 'container:donor', '--network', 'container:donor'];
    expect(
      await host.ok(
        'run',
        '--rm',
        ...both,
        'box',
        'sh',
        '-c',
        'readlink /proc/self/ns/user; ls /sys/class/net',
      ),
    ).toBe(`${await host.ok('exec', 'donor', 'readlink', '/proc/self/ns/user')}\nlo`);
    await host.ok('create', '--name', 'guest', ...alone, '--userns', 'container:donor', 'box', 'true');
    expect((await host.peapod('rm', '-f', '-t', '0', 'donor')).stderr).toContain('has dependent containers');
    await host.ok('stop', '-t', '0', 'donor');
    expect((await host.peapod('start', 'guest')).stderr).toMatch(
      /whose user namespace is to be joined does not run/,
    );
    for (const [flags, message] of [
      [['--userns', 'foo'], /^Error: unrecognized namespace mode foo passed\nhint: choose from host, auto/],
      [['--userns', 'private'], /^Error: must provide at least one UID or GID mapping/],
      [['--userns', 'auto', '--uidmap', '0:1:1'], /^Error: --userns and --uidmap\/.* are mutually exclusive/],
      [['--uidmap', '5:1000:10'], /^Error: container ID 0 cannot be mapped to a host ID/],
      [
        ['--subuidname', 'nobodyhere'],
        /^Error: no subuid ranges found for user "nobodyhere" in \/etc\/subuid\nhint: .*echo nobodyhere:\d+:65536 \| tee -a/,
      ],
      [['--userns', 'ns:/nowhere'], /^Error: cannot find specified user namespace path: /],
      [['--userns', 'ns:/proc/self/ns/net'], /not a user namespace/],
      [['--userns', 'container:nobody'], /no container with name or ID "nobody" found/],
      [['--userns', 'auto:size=70000'], /^Error: could not find enough available IDs/],
      ...(host.rootless
        ? [[['--uidmap', '0:100000:10'], /^Error: potentially insufficient UIDs or GIDs available/] as const]
        : []),
    ] as const) {
      const { stderr, exitCode } = await run(...flags);
      expect(stderr, flags.join(' ')).toMatch(message);
      expect(exitCode, flags.join(' ')).toBe(125);
    }
    const unknown = await run('--uidmap', '0:1000:2000', '-u', '5000');
    expect(unknown.stderr).toMatch(/^Error: the container's user namespace doesn't map UID 5000/);
    expect(unknown.exitCode).toBe(126);
    await host.ok('rm', '-f', '--depend', 'donor');
    expect(await host.ok('ps', '-aq')).toBe('');
    expect(await host.ok('system', 'check')).toBe('Nothing is leaked.');
  });
});

describeForRoot('a file system that maps no ids', () => {
  it('E2: gets copies of the layers, which go with the image', async () => {
    await using host = await rootHost();
    await host.rootSh('mkdir /var/lib/peapod && mount -t ramfs ramfs /var/lib/peapod');
    await prepare(host);
    const script = `${owners('/ /bin/busybox /home/app/file')}; touch /new`;
    const run = ['run', '--rm', ...alone, '--uidmap', '0:3000:2000', 'box', 'sh', '-c', script];
    expect(await host.ok(...run)).toBe('0:0\n0:0\n1000:1000');
    expect(await host.rootSh('ls /var/lib/peapod/mapped-layers')).toBe('0-3000-2000');
    await host.ok('rmi', 'box');
    expect(await host.rootSh('ls /var/lib/peapod/mapped-layers')).toBe('');
    await host.rootSh('umount -l /var/lib/peapod');
  });

  it('E2: root without a range for auto is told how to make one', async () => {
    await using host = await rootHost();
    const { stderr } = await host.peapod('run', '--userns', 'auto', 'host', 'true');
    expect(stderr).toMatch(
      /^Error: no subuid ranges found for user "containers" in \/etc\/subuid\nhint: run as root: echo containers:\d+:65536 \| tee -a \/etc\/subuid \/etc\/subgid$/m,
    );
    for (const mode of ['keep-id', 'nomap'])
      expect((await host.peapod('run', '--userns', mode, 'host', 'true')).stderr).toMatch(
        `Error: ${mode} is only supported in rootless mode`,
      );
  });
});

describe('--userns nomap', () => {
  it('E2: is everybody’s but the caller’s', async () => {
    await using host = await userHost();
    await prepare(host);
    await host.sh('mkdir ~/mine && touch ~/mine/file');
    const flags = ['--rm', ...alone, '--userns', 'nomap', '-v', `${host.env.HOME}/mine:/mine`];
    const script = `${map}; ${owners('/ /home/app/file /mine/file')}; touch /mine/x 2>/dev/null || echo no`;
    expect(words(await host.ok('run', ...flags, 'box', 'sh', '-c', script))).toBe(
      '0 1 65536 0:0 1000:1000 65534:65534 no',
    );
    const usual = (flags: string) => host.sh(`PODMAN_USERNS=nomap peapod run --rm ${flags} box ${map}`);
    expect(words(await usual('--network none'))).toBe('0 1 65536');
    expect(words(await usual('--network none --uidmap 0:5:10'))).toBe('0 5 10');
    expect(words(await usual('--pod new:p'))).toBe('0 1 65536');
    await host.ok('system', 'reset', '-f');
    expect(await host.sh('ls ~/.local/share/peapod 2>/dev/null || :')).toBe('');
  });
});

describe('--userns keep-id', () => {
  it('E2: its user is the caller inside and outside; others are others; the network is its pod’s', async () => {
    await using host = await userHost();
    const { uid } = host.user;
    await host.sh('mkdir ~/data');
    const data = `${host.env.HOME}/data`;
    const flags = ['--rm', '--network', 'none', '--userns', 'keep-id', '-v', `${data}:/data`];
    const script = 'id -u; touch /data/mine; stat -c %u /data/mine; cat /sys/class/net/lo/ifindex';
    expect(await host.ok('run', ...flags, 'host', 'sh', '-c', script)).toBe(`${uid}\n${uid}\n1`);
    expect(await host.sh(`stat -c %U ${data}/mine`)).toBe(host.env.USER);
    expect(
      await host.ok(
        'run',
        ...flags,
        '-u',
        '0',
        'host',
        'sh',
        '-c',
        'id -u; touch /usr/new; stat -c %u /usr/new',
      ),
    ).toBe('0\n0');
    const other = ['--rm', '--network', 'none', '--userns', 'keep-id:uid=200,gid=210'];
    expect(await host.ok('run', ...other, 'host', 'sh', '-c', 'id -u; id -g')).toBe('200\n210');
    expect(await host.ok('run', '--rm', '--userns', 'keep-id', 'host', 'cat', '/proc/net/dev')).toContain(
      'tap0:',
    );
  });

  it('E2: exec, stop, start, a volume of its own', async () => {
    await using host = await userHost();
    const flags = ['--network', 'none', '--userns', 'keep-id', '-v', 'kept:/kept:U'];
    await host.ok(
      'run',
      '-d',
      '--name',
      'one',
      ...flags,
      'host',
      'sh',
      '-c',
      'touch /kept/x && exec sleep 1000',
    );
    expect(await host.ok('exec', 'one', 'id', '-u')).toBe(String(host.user.uid));
    expect(await host.ok('exec', '-u', '0', 'one', 'id', '-u')).toBe('0');
    expect(await host.ok('inspect', 'one', '--format', '{{.HostConfig.UsernsMode}}')).toBe('private');
    await host.ok('stop', '-t', '1', 'one');
    await host.ok('start', 'one');
    expect(await host.ok('exec', 'one', 'stat', '-c', '%u', '/kept/x')).toBe(String(host.user.uid));
    await host.ok('rm', '-f', '-t', '0', '-v', 'one');
    await host.ok('volume', 'rm', 'kept');
  });
});
