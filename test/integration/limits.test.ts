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
  });
});
