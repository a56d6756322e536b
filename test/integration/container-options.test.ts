import { expect, it } from 'vitest';
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

  it('pid files are written and hold the pids that inspect shows', async () => {
    await using host = await makeHost();
    await host.sh(
      'cd && peapod run -d --name one --network none --pidfile a --conmon-pidfile b host sleep 1000',
    );
    const pids = await host.ok('inspect', 'one', '--format', '{{.State.Pid}} {{.State.ConmonPid}}');
    expect(await host.sh('cd && echo $(cat a) $(cat b)')).toBe(pids);
  });
});
