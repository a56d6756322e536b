import { expect, it } from 'vitest';
import { busyboxImage, dockerArchive } from '../fixtures/images.ts';
import { eventually } from '../support/command.ts';
import { describeForBoth } from '../support/host.ts';
import type { TestHost } from '../support/test-host.ts';

const health = (host: TestHost, name: string, format = '{{.State.Health.Status}}') =>
  host.ok('inspect', '-f', format, name);

const becomes = (host: TestHost, name: string, wanted: string, format?: string) =>
  eventually(async () => {
    const found = await health(host, name, format);
    if (found === wanted) return true;
    throw new Error(`${name} is ${found}, not ${wanted}`);
  });

/** Runs until it is told not to. */
const sleeps = ['host', 'sleep', '1000'];

/** Processes that have the health of a container checked. */
const timers = (host: TestHost, id: string) =>
  host.rootSh(`pgrep -f '^sh -c interval=.* healthcheck run ${id}' | tr '\\n' ' '`);

describeForBoth('health checks', (makeHost) => {
  it('B1: healthcheck run checks at once; ps, inspect, filters and events show what came of it', async () => {
    await using host = await makeHost();
    const flags = ['--health-cmd', 'ls /tmp/up', '--health-interval', 'disable', '--health-retries', '2'];
    await host.ok('run', '-d', '--name', 'h', ...flags, ...sleeps);
    expect(await host.ok('ps', '--format', '{{.Status}}')).toMatch(/^Up .* \(starting\)$/);
    expect(await host.peapod('healthcheck', 'run', 'h')).toMatchObject({
      exitCode: 1,
      stdout: 'unhealthy\n',
    });
    expect(await health(host, 'h')).toBe('starting');
    expect((await host.peapod('healthcheck', 'run', 'h')).exitCode).toBe(1);
    const state = JSON.parse(await health(host, 'h', '{{json .State.Health}}'));
    expect(state).toMatchObject({ Status: 'unhealthy', FailingStreak: 2 });
    expect(state.Log).toHaveLength(2);
    expect(state.Log[0]).toMatchObject({ ExitCode: 2, Output: expect.stringMatching(/No such file/) });
    expect(await host.ok('ps', '--format', '{{.Names}}', '--filter', 'health=unhealthy')).toBe('h');

    await host.ok('exec', 'h', 'touch', '/tmp/up');
    expect(await host.peapod('healthcheck', 'run', 'h')).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect(await host.ok('ps', '--format', '{{.Status}}')).toMatch(/^Up .* \(healthy\)$/);
    const shown = [
      'events',
      '--stream=false',
      '--filter',
      'event=health_status',
      '--format',
      '{{.HealthStatus}}',
    ];
    expect(await host.ok(...shown)).toBe('starting\nunhealthy\nhealthy');

    await host.ok('run', '-d', '--name', 'none', ...sleeps);
    await host.ok('stop', '-t', '0', 'h');
    for (const [name, message] of [
      ['none', /^Error: container [0-9a-f]{64} has no defined healthcheck/],
      ['h', /^Error: container [0-9a-f]{64} is not running/],
      [
        'nope',
        /^Error: unable to look up nope to perform a health check: no container with name or ID "nope"/,
      ],
    ] as const) {
      const { exitCode, stderr } = await host.peapod('healthcheck', 'run', name);
      expect(exitCode).toBe(125);
      expect(stderr).toMatch(message);
    }
  });

  it('B1: it is checked at intervals for as long as the container runs, by a process that is replaced where it is killed', async () => {
    await using host = await makeHost();
    const flags = [
      '--health-cmd',
      '["test","-e","/tmp/up"]',
      '--health-interval',
      '100ms',
      '--health-retries',
      '1',
    ];
    const id = await host.ok('run', '-d', '--name', 'h', ...flags, ...sleeps);
    await becomes(host, 'h', 'unhealthy');
    await host.ok('exec', 'h', 'touch', '/tmp/up');
    await becomes(host, 'h', 'healthy');
    const first = await timers(host, id);
    await host.rootSh(`kill -KILL ${first}`);
    await host.ok('exec', 'h', 'rm', '/tmp/up');
    await becomes(host, 'h', 'unhealthy');
    const second = await timers(host, id);
    expect(second).not.toBe(first);
    expect(second.trim().split(' ')).toHaveLength(1);

    await host.ok('stop', '-t', '0', 'h');
    expect(await timers(host, id)).toBe('');
    await host.ok('start', 'h');
    await becomes(host, 'h', 'unhealthy');
    await host.rootSh(`kill -KILL ${await health(host, 'h', '{{.State.Pid}}')}`);
    await eventually(async () => (await timers(host, id)) === '');
  });

  it('B1: --health-on-failure kills, stops or restarts an unhealthy container; a restart policy goes on from a kill', async () => {
    await using host = await makeHost();
    const flags = [
      '--health-cmd',
      'test ! -e /tmp/bad',
      '--health-interval',
      '100ms',
      '--health-retries',
      '1',
    ];
    const action = (name: string) => [...flags, '--health-on-failure', name];
    await host.ok('run', '-d', '--name', 'killed', ...action('kill'), ...sleeps);
    await host.ok('run', '-d', '--name', 'again', '--restart', 'always', ...action('kill'), ...sleeps);
    await host.ok('run', '-d', '--name', 'stopped', ...action('stop'), '--stop-timeout', '0', ...sleeps);
    const once = ['sh', '-c', '[ -e /tmp/was ] && rm -f /tmp/bad; touch /tmp/was; exec sleep 1000'];
    await host.ok(
      'run',
      '-d',
      '--name',
      'restarted',
      ...action('restart'),
      '--stop-timeout',
      '0',
      'host',
      ...once,
    );
    const names = ['killed', 'again', 'stopped', 'restarted'];
    for (const name of names) await becomes(host, name, 'healthy');
    const before = await health(host, 'restarted', '{{.State.Pid}}');
    for (const name of names) await host.ok('exec', name, 'touch', '/tmp/bad');
    await becomes(host, 'killed', 'exited 137', '{{.State.Status}} {{.State.ExitCode}}');
    await becomes(host, 'stopped', 'exited', '{{.State.Status}}');
    await eventually(async () => Number(await health(host, 'again', '{{.RestartCount}}')) >= 1);
    await eventually(async () => (await health(host, 'restarted', '{{.State.Pid}}')) !== before);
    await becomes(host, 'restarted', 'healthy');
  });

  it('B1: a check that does not end in time has failed, and is ended', async () => {
    await using host = await makeHost();
    const flags = ['--health-cmd', 'sleep 987', '--health-timeout', '200ms', '--health-interval', 'disable'];
    await host.ok('run', '-d', '--name', 'h', ...flags, ...sleeps);
    expect((await host.peapod('healthcheck', 'run', 'h')).exitCode).toBe(1);
    const [result] = JSON.parse(await health(host, 'h', '{{json .State.Health.Log}}'));
    expect(result).toMatchObject({ ExitCode: -1, Output: 'Health check exceeded timeout (0.2s)' });
    expect(await host.rootSh("pgrep -fx 'sleep 987' || :")).toBe('');
  });

  it('B2: the HEALTHCHECK of an image holds, unless a flag says otherwise', async () => {
    await using host = await makeHost();
    const Healthcheck = { Test: ['CMD-SHELL', 'test -e /tmp/up'], Interval: 1e8, Retries: 1 };
    const image = busyboxImage({ Healthcheck, Cmd: ['sleep', '1000'] });
    host.write('/tmp/image.tar', dockerArchive({ image, names: ['localhost/checked:1'] }));
    await host.ok('load', '-q', '-i', '/tmp/image.tar');
    await host.ok('run', '-d', '--name', 'h', 'localhost/checked:1');
    await becomes(host, 'h', 'unhealthy');
    expect(await health(host, 'h', '{{json .Config.Healthcheck}}')).toBe(
      '{"Test":["CMD-SHELL","test -e /tmp/up"],"Interval":100000000,"Timeout":30000000000,"Retries":1}',
    );
    await host.ok('run', '-d', '--name', 'off', '--no-healthcheck', 'localhost/checked:1');
    expect(await host.ok('ps', '--format', '{{.Status}}', '--filter', 'name=off')).not.toMatch(/\(/);
  });
});
