import { expect, it } from 'vitest';
import { describeForRoot, rootHost, userHost } from '../support/host.ts';

const cgroup = '/sys/fs/cgroup';

describeForRoot('limits', () => {
  it('B8: memory with swap, CPUs, shares, pids and block I/O are set in the cgroup', async () => {
    await using host = await rootHost();
    const flags = '-m 64m --memory-reservation 32m --cpus 1.5 -c 512 --pids-limit 100 --cpuset-cpus 0'.split(
      ' ',
    );
    const files = [
      'memory/memory.limit_in_bytes',
      'memory/memory.memsw.limit_in_bytes',
      'memory/memory.soft_limit_in_bytes',
      'cpu/cpu.cfs_quota_us',
      'cpu/cpu.shares',
      'pids/pids.max',
      'cpuset/cpuset.cpus',
    ].map((file) => `${cgroup}/${file}`);
    const said = await host.ok('run', '--rm', '--network', 'none', ...flags, 'host', 'cat', ...files);
    expect(said.split('\n')).toEqual(['67108864', '134217728', '33554432', '150000', '512', '100', '0']);
  });

  it('B8: over-allocation is killed for want of memory and shown as such', async () => {
    await using host = await rootHost();
    const flags = ['--name', 'greedy', '--network', 'none', '-m', '16m', '--memory-swap', '16m'];
    const outcome = await host.peapod('run', ...flags, 'host', 'tail', '/dev/zero');
    expect(outcome.exitCode).toBe(137);
    const state = await host.ok('inspect', 'greedy', '--format', '{{.State.OOMKilled}} {{.State.ExitCode}}');
    expect(state).toBe('true 137');
  });

  it('B8: update changes limits of a running container and of a later start; what is refused changes nothing', async () => {
    await using host = await rootHost();
    const read = () =>
      host.ok(
        'exec',
        'up',
        'cat',
        ...['memory/memory.limit_in_bytes', 'cpu/cpu.cfs_quota_us', 'pids/pids.max'].map(
          (file) => `${cgroup}/${file}`,
        ),
      );
    const id = await host.ok(
      'run',
      '-d',
      '--name',
      'up',
      '--network',
      'none',
      '-m',
      '64m',
      'host',
      'sleep',
      '1000',
    );
    expect(await host.ok('update', '-m', '32m', '--cpus', '0.5', '--pids-limit', '50', 'up')).toBe(id);
    expect(await read()).toBe('33554432\n50000\n50');
    const refused = await host.peapod('update', '-m', '4k', 'up');
    expect(refused.exitCode).toBe(125);
    expect(refused.stderr).toMatch(/^Error: .*memory.limit_in_bytes/);
    expect((await host.peapod('update', '--memory-swap', '1m', 'up')).stderr).toMatch(
      /^Error: minimum memoryswap/,
    );
    const format =
      '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}}';
    expect(await host.ok('inspect', 'up', '--format', format)).toBe('33554432 67108864 500000000 50');
    await host.ok('stop', '-t', '0', 'up');
    await host.ok('update', '--pids-limit', '60', 'up');
    await host.ok('start', 'up');
    expect(await read()).toBe('33554432\n50000\n60');
  });

  it('B1: stats of containers and pods, once and again and again', async () => {
    await using host = await rootHost();
    await host.ok('pod', 'create', 'front');
    await host.ok('run', '-d', '--name', 'alone', '--network', 'none', '-m', '64m', 'host', 'sleep', '1000');
    await host.ok('run', '-d', '--name', 'member', '--pod', 'front', 'host', 'sleep', '1000');
    await host.ok('create', '--name', 'idle', 'host', 'true');
    const rows = await host.ok('stats', '--no-stream', '--format', '{{.Name}} {{.PIDS}} {{.MemUsage}}');
    expect(rows).toMatch(/^alone 1 [\d.]+[kM]B \/ 67.11MB\nmember 1 [\d.]+[kM]B \/ [\d.]+GB$/);
    expect(await host.ok('stats', '-a', '--no-stream', '--format', '{{.Name}} {{.CPUPerc}}')).toMatch(
      /^idle 0.00%$/m,
    );
    expect(await host.ok('pod', 'stats', '--no-stream', '--format', '{{.Name}} {{.PIDS}}')).toBe('member 1');
    const watching = host.spawn(['peapod', 'stats', '-i', '1', '--no-reset', 'alone']);
    await watching.seen(/alone[\s\S]*alone/);
    watching.signal('SIGINT');
    await watching.outcome;
    expect((await host.peapod('stats', '--no-stream', 'nobody')).stderr).toMatch(
      /^Error: no container with name/,
    );
  });

  it('B8: limits of a pod hold for all its members together, and its cgroup goes with it', async () => {
    await using host = await rootHost();
    const id = await host.ok(
      'pod',
      'create',
      '--name',
      'front',
      '-m',
      '32m',
      '--memory-swap',
      '32m',
      '--cpus',
      '0.5',
    );
    await host.ok('run', '-d', '--pod', 'front', '--name', 'calm', 'host', 'sleep', '1000');
    const parent = await host.ok('pod', 'inspect', 'front', '--format', '{{.CgroupPath}}');
    expect(parent).toBe(`/peapod-pod-${id}`);
    expect(await host.ok('exec', 'calm', 'grep', ':memory:', '/proc/self/cgroup')).toContain(
      `:memory:${parent}/peapod-`,
    );
    const files = ['memory/PARENT/memory.limit_in_bytes', 'cpu/PARENT/cpu.cfs_quota_us'];
    const paths = files.map((file) => `${cgroup}/${file.replace('/PARENT', parent)}`);
    expect(await host.sh(`cat ${paths.join(' ')}`)).toBe('33554432\n50000');
    const greedy = await host.peapod(
      'run',
      '--pod',
      'front',
      '--name',
      'greedy',
      'host',
      'tail',
      '/dev/zero',
    );
    expect(greedy.exitCode).toBe(137);
    expect(await host.ok('inspect', 'greedy', '--format', '{{.State.OOMKilled}}')).toBe('true');
    expect(await host.ok('ps', '--format', '{{.Names}}')).toBe('calm');
    await host.ok('pod', 'rm', '-f', '-t', '0', 'front');
    const shared = await host.ok('pod', 'create', '--share-parent', '--network', 'none');
    const member = await host.ok('run', '-d', '--pod', shared, 'host', 'sleep', '1000');
    const pid = await host.ok('inspect', '-f', '{{.State.Pid}}', member);
    expect(await host.rootSh(`cat /proc/${pid}/cgroup`)).toContain(`:memory:/peapod-pod-${shared}/`);
    expect(await host.sh(`ls -d ${cgroup}/*${parent} 2>/dev/null || true`)).toBe('');
  });

  it('a rule of the device cgroup opens what is closed otherwise', async () => {
    await using host = await rootHost();
    const open = (...flags: string[]) =>
      host.peapod(
        ...['run', '--rm', '--network', 'none', '--cap-add', 'MKNOD', ...flags],
        ...['host', 'sh', '-c', 'mknod /dev/mine c 10 229 && : < /dev/mine && echo open'],
      );
    expect((await open('--device-cgroup-rule', 'c 10:229 rwm')).stdout).toBe('open\n');
    expect((await open('--device-cgroup-rule', 'c 10:* r')).stdout).toBe('open\n');
    expect((await open()).stderr).toMatch(/Operation not permitted/);
  });

  it('a cgroup parent, none at all, and a private cgroup namespace', async () => {
    await using host = await rootHost();
    const read = (...flags: string[]) =>
      host.ok(
        'run',
        '--rm',
        '--network',
        'none',
        ...flags,
        'host',
        'sh',
        '-c',
        'grep :memory: /proc/self/cgroup',
      );
    const parent = `/peapod-parent-${process.pid}`;
    expect(await read('--cgroup-parent', parent)).toContain(`:memory:${parent}/peapod-`);
    expect(await read('--cgroups', 'disabled')).toBe(await host.sh('grep :memory: /proc/self/cgroup'));
    expect(await read('--cgroupns', 'private')).toMatch(/:memory:\/$/);
    await host.rootSh(`rmdir ${cgroup}/*${parent}`);
  });

  it('B8: without a cgroup of one’s own limits are warned about, and the container runs', async () => {
    await using host = await userHost();
    const outcome = await host.peapod('run', '--rm', '--network', 'none', '-m', '64m', 'host', 'echo', 'up');
    expect(outcome).toEqual({
      exitCode: 0,
      stdout: 'up\n',
      stderr: 'Warning: Resource limits are not supported and ignored on cgroups V1 rootless systems\n',
    });
    expect((await host.peapod('run', '--cgroup-parent', '/x', 'host', 'true')).stderr).toMatch(
      /^Error: --cgroup-parent: no cgroup is delegated to this user/,
    );
    expect(await host.ok('ps', '-aq')).toBe('');
    await host.ok('run', '-d', '--name', 'up', '--network', 'none', 'host', 'sleep', '1000');
    expect((await host.peapod('update', '-m', '64m', 'up')).stderr).toMatch(
      /^Error: container up has no cgroup whose limits could be changed/,
    );
    expect((await host.peapod('pod', 'create', '-m', '64m')).stderr).toMatch(
      /^Error: limits of a whole pod are not supported/,
    );
    expect((await host.peapod('stats', '--no-stream')).stderr).toMatch(
      /^Error: stats is not supported in rootless mode without cgroups v2/,
    );
  });
});
