import { expect, it } from 'vitest';
import { eventually } from '../support/command.ts';
import { describeForBoth } from '../support/host.ts';

describeForBoth('options of a container', (makeHost) => {
  it('the first process: ulimits, umask, groups, badness, personality, init, time zone', async () => {
    await using host = await makeHost();
    const run = (flags: string, script: string) =>
      host.ok('run', '--rm', '--network', 'none', ...flags.split(' '), 'host', 'sh', '-c', script);
    const flags = '--ulimit nofile=100:200 --ulimit core=-1 --umask 77 --group-add 55 --oom-score-adj 100';
    const script =
      'ulimit -n; ulimit -Hn; ulimit -c; umask; id -G; cat /proc/self/oom_score_adj; date +%Z; cat /proc/1/comm';
    expect(await run(`${flags} --tz Asia/Tokyo`, script)).toBe(
      '100\n200\nunlimited\n0077\n0 55\n100\nJST\nsh',
    );
    expect(await run('--init --personality LINUX32', 'cat /proc/1/comm; uname -m')).toMatch(
      /^peapod-init\n(i.86|armv.*)$/,
    );
    const outcome = await host.peapod('run', '--ulimit', 'nofile=1:99999999', 'host', 'true');
    expect(outcome.stderr).toMatch(
      /^Error: ulimit nofile: the hard limit 99999999 is above the caller's own/,
    );
  });

  it('devices, /dev/shm, kernel settings, hidden paths', async () => {
    await using host = await makeHost();
    const flags =
      '--device /dev/fuse:/dev/mine:r --shm-size 1m --sysctl net.core.somaxconn=77 --security-opt mask=/usr/share --security-opt unmask=/proc/sys --security-opt proc-opts=hidepid=2';
    const script =
      'test -c /dev/mine && stat -c %t:%T /dev/mine; df --output=size /dev/shm | tail -1; cat /proc/sys/net/core/somaxconn; ls /usr/share | wc -l; grep "^proc /proc " /proc/mounts';
    const lines = (
      await host.ok('run', '--rm', '--network', 'none', ...flags.split(' '), 'host', 'sh', '-c', script)
    ).split('\n');
    expect(lines.slice(0, 4).map((line) => line.trim())).toEqual(['a:e5', '1024', '77', '0']);
    expect(lines[4]).toMatch(/hidepid=(2|invisible)/);
    const outcome = await host.peapod(
      'run',
      '--network',
      'host',
      '--sysctl',
      'net.core.somaxconn=7',
      'host',
      'true',
    );
    expect(outcome.stderr).toMatch(/^Error: sysctl 'net.core.somaxconn' is not allowed: .* that of the host/);
  });

  it('E2: a read-only root has places to write unless they are not wanted', async () => {
    await using host = await makeHost();
    const touch = (...flags: string[]) =>
      host.peapod('run', '--rm', '--network', 'none', '--read-only', ...flags, 'host', 'touch', '/tmp/x');
    expect((await touch()).exitCode).toBe(0);
    expect((await touch('--read-only-tmpfs=false')).stderr).toMatch(/Read-only file system/);
  });

  it('namespaces of the host and of another container, with its /dev/shm', async () => {
    await using host = await makeHost();
    const run = (flags: string, script: string) =>
      host.ok('run', '--rm', '--network', 'none', ...flags.split(' '), 'host', 'sh', '-c', script);
    const mine = await host.sh('readlink /proc/self/ns/ipc /proc/self/ns/uts; hostname');
    const look = 'readlink /proc/self/ns/ipc /proc/self/ns/uts; hostname';
    expect(await run('--ipc host --uts host --pid host', look)).toBe(mine);
    const script = 'echo there > /dev/shm/x; exec sleep 1000';
    const donor = ['--name', 'donor', '--network', 'none', '--ipc', 'shareable'];
    const id = await host.ok('run', '-d', ...donor, 'host', 'sh', '-c', script);
    const joined = '--ipc container:donor --pid container:donor --uts container:donor';
    expect(await run(joined, 'until cat /dev/shm/x; do :; done; hostname; cat /proc/1/comm')).toBe(
      `there\n${id.slice(0, 12)}\nsleep`,
    );
    expect(await run('--ipc none', 'ls /dev/shm 2>&1 || true')).toMatch(/No such file/);
    await host.ok('run', '-d', '--name', 'closed', '--network', 'none', 'host', 'sleep', '1000');
    expect((await host.peapod('run', '--ipc', 'container:closed', 'host', 'true')).stderr).toMatch(
      /^Error: container closed does not share its IPC namespace/,
    );
    expect((await host.peapod('run', '--uts', 'host', '-h', 'x', 'host', 'true')).stderr).toMatch(
      /^Error: cannot set hostname when running in the host UTS namespace/,
    );
  });

  it('inspect shows them under podman’s names', async () => {
    await using host = await makeHost();
    const words =
      '--ulimit nofile=100:200 --device /dev/fuse:/dev/x:r --shm-size 1m --security-opt no-new-privileges --init --group-add 55 --umask 77 --tz UTC';
    const flags = words.split(' ');
    await host.ok('create', '--name', 'one', '--network', 'none', ...flags, 'host', 'true');
    type Inspected = { Path: string; Config: object; HostConfig: Record<string, unknown> };
    const [one] = await host.json<[Inspected]>('inspect', 'one');
    expect(one.Path).toBe('/run/peapod-init');
    expect(one.Config).toMatchObject({ Umask: '0077', Timezone: 'UTC' });
    expect(one.HostConfig).toMatchObject({
      ShmSize: 1_048_576,
      SecurityOpt: ['no-new-privileges'],
      Init: true,
      GroupAdd: ['55'],
      PidMode: 'private',
      IpcMode: 'private',
      Devices: [{ PathOnHost: '/dev/fuse', PathInContainer: '/dev/x', CgroupPermissions: 'r' }],
    });
    expect(one.HostConfig.Ulimits).toContainEqual({ Name: 'RLIMIT_NOFILE', Soft: 100, Hard: 200 });
    const both = await host.peapod('create', '--init', '--pid', 'host', 'host', 'true');
    expect(both.stderr).toMatch(/^Error: cannot add init binary as PID 1/);
  });

  it('B5: --mount of each type, and --volumes-from', async () => {
    await using host = await makeHost();
    await host.sh('mkdir ~/data; echo given > ~/data/file');
    const data = `${host.env.HOME}/data`;
    const mounts = [
      `type=bind,src=${data},dst=/fixed,ro`,
      'type=volume,src=kept,dst=/kept',
      'type=tmpfs,dst=/scratch,tmpfs-size=1m,tmpfs-mode=700',
      'type=devpts,dst=/dev/pts,mode=600',
    ].flatMap((mount) => ['--mount', mount]);
    const script =
      'cat /fixed/file; touch /fixed/x 2>/dev/null || echo refused; touch /kept/a; stat -c %a /scratch; grep -c "^devpts /dev/pts .*mode=600" /proc/mounts';
    const flags = ['--network', 'none', ...mounts];
    expect(await host.ok('run', '--name', 'donor', ...flags, 'host', 'sh', '-c', script)).toBe(
      'given\nrefused\n700\n1',
    );
    const inherit = ['--rm', '--network', 'none', '--volumes-from', 'donor:ro'];
    const look =
      'cat /fixed/file; ls /kept; touch /kept/b 2>/dev/null || echo refused; ls -d /scratch 2>/dev/null || echo none';
    expect(await host.ok('run', ...inherit, 'host', 'sh', '-c', look)).toBe('given\na\nrefused\nnone');
    await host.ok('rm', 'donor');
    await host.ok('volume', 'rm', 'kept');
  });

  it('B7: a log elsewhere, one that begins anew at its size, and none', async () => {
    await using host = await makeHost();
    const path = `${host.env.HOME}/log`;
    const script = 'for i in $(seq 1000); do echo "line $i"; done';
    const options = ['--log-opt', `path=${path}`, '--log-opt', 'max-size=10kb'];
    await host.ok('run', '--name', 'kept', '--network', 'none', ...options, 'host', 'sh', '-c', script);
    expect(await host.ok('logs', '--tail', '1', 'kept')).toBe('line 1000');
    expect(Number(await host.sh(`stat -c %s ${path}`))).toBeLessThan(10_500);
    await host.ok('run', '--name', 'silent', '--network', 'none', '--log-driver', 'none', 'host', 'true');
    expect((await host.peapod('logs', 'silent')).stderr).toMatch(
      /^Error: this container is using the 'none' log driver/,
    );
  });

  it('the files of the image stay where ours are not wanted; a time limit ends a container', async () => {
    await using host = await makeHost();
    const flags = ['--rm', '--network', 'none', '--no-hosts', '--no-hostname'];
    expect(await host.ok('run', ...flags, 'host', 'cat', '/etc/hosts', '/etc/hostname')).toBe('');
    const ended = await host.peapod('run', '--network', 'none', '--timeout', '1', 'host', 'sleep', '1000');
    expect(ended.exitCode).not.toBe(0);
  });

  it('pid files are written and hold the pids that inspect shows', async () => {
    await using host = await makeHost();
    await host.sh(
      'cd && peapod run -d --name one --network none --pidfile a --conmon-pidfile b host sleep 1000',
    );
    const pids = await host.ok('inspect', 'one', '--format', '{{.State.Pid}} {{.State.ConmonPid}}');
    expect(await host.sh('cd && echo $(cat a) $(cat b)')).toBe(pids);
  });

  it('B1: inspect tells where a container has its files and its cgroup, and what it was asked for', async () => {
    await using host = await makeHost();
    const dir = await host.sh('mkdir ~/tree; echo ~');
    const create = [
      '--name',
      'c',
      '--network',
      'none',
      '--cidfile',
      `${dir}/id`,
      '--volumes-from',
      'donor:ro',
      '-P',
    ];
    await host.ok('create', '--name', 'donor', '-v', 'v:/v', 'host', 'true');
    const rootfs = [
      '--rootfs',
      '-v',
      '/usr:/usr:ro',
      '-v',
      '/bin:/bin:ro',
      '-v',
      '/lib:/lib:ro',
      '-v',
      '/lib64:/lib64:ro',
    ];
    await host.ok(
      'run',
      '-d',
      ...create,
      ...rootfs,
      `${dir}/tree:O`,
      'sh',
      '-c',
      'echo x >/mark; sleep 1000',
    );
    const fields = async (...names: string[]) =>
      JSON.parse(
        await host.ok('inspect', 'c', '-f', `[${names.map((name) => `{{json .${name}}}`).join(',')}]`),
      );
    expect(
      await fields(
        'HostConfig.ContainerIDFile',
        'HostConfig.VolumesFrom',
        'HostConfig.PublishAllPorts',
        'ImageDigest',
      ),
    ).toEqual([`${dir}/id`, ['donor:ro'], true, '']);
    const [{ Data: data }] = await fields('GraphDriver');
    expect(data.LowerDir).toBe(`${dir}/tree`);
    await eventually(() => host.sh(`cat ${data.UpperDir}/mark`));
    expect(await host.sh(`ls -d ${data.WorkDir}`)).toBe(data.WorkDir);
    if (!host.rootless) {
      expect(await host.rootSh(`cat ${data.MergedDir}/mark`)).toBe('x');
      const [path, pid] = await fields('State.CgroupPath', 'State.Pid');
      expect(await host.rootSh(`cat /sys/fs/cgroup/memory${path}/cgroup.procs`)).toContain(String(pid));
    }
    await host.ok('stop', '-t', '0', 'c');
    expect(await host.ok('inspect', 'c', '-f', '{{json .GraphDriver.Data}} {{json .State}}')).not.toMatch(
      /MergedDir|CgroupPath/,
    );
  });
});
