import { expect, it } from 'vitest';
import { eventually } from '../support/command.ts';
import { describeForBoth } from '../support/host.ts';
import { webServer } from '../support/servers.ts';
import type { TestHost } from '../support/test-host.ts';

const status = '{{.State.Status}} {{.RestartCount}} {{.State.ExitCode}}';
const inspect = (host: TestHost, name: string, format = status) => host.ok('inspect', '-f', format, name);

const becomes = (host: TestHost, name: string, wanted: string | RegExp) =>
  eventually(async () => {
    const found = await inspect(host, name);
    if (typeof wanted === 'string' ? found === wanted : wanted.test(found)) return found;
    throw new Error(`${name} is ${found}, not ${wanted}`);
  });

/** Ends the first process of a container as a crash does: nobody has asked for it. */
async function crash(host: TestHost, name: string): Promise<string> {
  const pid = await inspect(host, name, '{{.State.Pid}}');
  await host.rootSh(`kill -KILL ${pid}`);
  return pid;
}

/** The process that waits to start a container again. */
const restarter = (host: TestHost, id: string) =>
  eventually(
    async () => (await host.rootSh(`pgrep -f '^[^ ]*peapod .*container cleanup ${id}' || :`)) || false,
  );

describeForBoth('restart policies', (makeHost) => {
  it('B6: on-failure:n starts again n times, keeps the log, and a foreground run ends with the first exit code', async () => {
    await using host = await makeHost();
    const fails = ['sh', '-c', 'echo ran; exit 3'];
    const outcome = await host.peapod('run', '--name', 'fg', '--restart', 'on-failure:2', 'host', ...fails);
    expect(outcome).toEqual({ exitCode: 3, stdout: 'ran\n', stderr: '' });
    await becomes(host, 'fg', 'exited 2 3');
    expect(await host.ok('logs', 'fg')).toBe('ran\nran\nran');
    expect(await inspect(host, 'fg', '{{json .HostConfig.RestartPolicy}}')).toBe(
      '{"Name":"on-failure","MaximumRetryCount":2}',
    );
    await host.ok('run', '-d', '--name', 'good', '--restart', 'on-failure', 'host', 'true');
    await host.ok('wait', 'good');
    await becomes(host, 'good', 'exited 0 0');
  });

  it('B6: start --attach to one that runs ends with the run that it joined, however late it comes to see that', async () => {
    await using host = await makeHost();
    const script = 'while echo tick; do if rm /usr/go 2>/dev/null; then exit 7; fi; sleep 0.1; done';
    await host.ok(
      'run',
      '-d',
      '--network',
      'none',
      '--name',
      'c',
      '--restart',
      'always',
      'host',
      'sh',
      '-c',
      script,
    );
    const pid = () => inspect(host, 'c', '{{.State.Pid}}');
    const first = await pid();
    const joined = host.spawn(['sh', '-c', 'peapod start --attach c; echo ended $?']);
    // More than one: by then it waits for nothing but the end.
    await joined.seen(/tick\s+tick\s+tick/);
    // Not the shell: what enters the test host stops with its child.
    const late = await host.rootSh("pgrep -xf 'peapod start --attach c'");
    await host.rootSh(`kill -STOP ${late}`);
    await host.ok('exec', 'c', 'touch', '/usr/go');
    await eventually(async () => (await pid()) !== first);
    // Where it did not keep the next run waiting, that would be up by now.
    const soon = performance.now() + 500;
    await eventually(async () => Number(await pid()) > 0 || performance.now() > soon);
    await host.rootSh(`kill -CONT ${late}`);
    await joined.seen(/ended 7$/m);
    await becomes(host, 'c', 'running 1 0');
  });

  it('B6: always starts a crashed container again, ports and all; what the user stops or kills stays so', async () => {
    await using host = await makeHost();
    const page = webServer('still here', 80);
    await host.ok('run', '-d', '--name', 'web', '--restart', 'always', '-p', '18080:80', 'host', ...page);
    expect(await host.fetch(18080)).toBe('still here');
    const before = await crash(host, 'web');
    await becomes(host, 'web', 'running 1 0');
    expect(await inspect(host, 'web', '{{.State.Pid}}')).not.toBe(before);
    expect(await host.fetch(18080)).toBe('still here');

    await host.ok('stop', '-t', '0', 'web');
    expect(await inspect(host, 'web', '{{.State.Status}}')).toBe('exited');
    await host.ok('start', '--all', '--filter', 'restart-policy=always');
    await becomes(host, 'web', 'running 0 0');
    await host.ok('kill', 'web');
    await becomes(host, 'web', 'exited 0 137');
    expect(await host.ok('ps', '-aq', '--filter', 'should-start-on-boot=true')).not.toBe('');
  });

  it('B6: a signal that did not end it changes nothing; one that did is not undone', async () => {
    await using host = await makeHost();
    const script = 'trap "echo hup" HUP; echo up; while :; do sleep 0.05; done';
    await host.ok('run', '-d', '--name', 'hup', '--restart', 'unless-stopped', 'host', 'bash', '-c', script);
    await eventually(async () => (await host.ok('logs', 'hup')) === 'up');
    await host.ok('kill', '-s', 'HUP', 'hup');
    await eventually(async () => (await host.ok('logs', 'hup')).includes('hup'));
    await crash(host, 'hup');
    await becomes(host, 'hup', 'running 1 0');
    expect(await host.ok('ps', '-q', '--filter', 'should-start-on-boot=true')).not.toBe('');
    await host.ok('stop', '-t', '0', 'hup');
    expect(await host.ok('ps', '-aq', '--filter', 'should-start-on-boot=true')).toBe('');
  });

  it('B6: between two starts it is shown as restarting; stop, and rm by force, end that', async () => {
    await using host = await makeHost();
    const id = await host.ok('run', '-d', '--name', 'loop', '--restart', 'always', 'host', 'false');
    await becomes(host, 'loop', /^restarting [3-9] 1$/);
    // Each look may meet one of its short lives.
    await eventually(async () =>
      /^loop Restarting \(1\) /.test(await host.ok('ps', '--format', '{{.Names}} {{.Status}}')),
    );
    await eventually(
      async () => (await inspect(host, 'loop', '{{.State.Restarting}} {{.State.Running}}')) === 'true false',
    );
    const refused = await host.peapod('rm', 'loop');
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toMatch(/cannot remove container .* as it is (restarting|running)/);
    await restarter(host, id);
    await host.ok('stop', 'loop');
    expect(await inspect(host, 'loop', '{{.State.Status}}')).toBe('exited');
    await eventually(
      async () => (await host.rootSh(`pgrep -f 'container cleanup ${id}' | grep -vx $$ || :`)) === '',
    );

    await host.ok('start', 'loop');
    await becomes(host, 'loop', /^restarting [2-9] 1$/);
    await host.ok('rm', '-f', 'loop');
    expect(await host.ok('ps', '-aq')).toBe('');
  });

  it('B6: a member of a pod starts again in its pod, and pod stop ends that too', async () => {
    await using host = await makeHost();
    await host.ok('pod', 'create', '--name', 'p', '-p', '18080:80');
    await host.ok(
      'run',
      '-d',
      '--pod',
      'p',
      '--name',
      'web',
      '--restart',
      'always',
      'host',
      ...webServer('pod', 80),
    );
    await host.ok('run', '-d', '--pod', 'p', '--name', 'loop', '--restart', 'always', 'host', 'false');
    await crash(host, 'web');
    await becomes(host, 'web', 'running 1 0');
    expect(await host.fetch(18080)).toBe('pod');
    await becomes(host, 'loop', /^restarting [2-9] 1$/);
    expect((await host.peapod('pod', 'rm', 'p')).stderr).toMatch(/running containers \(web/);
    await host.ok('pod', 'kill', 'p');
    await eventually(async () => (await host.ok('ps', '-q')) === '');
    await host.ok('pod', 'start', 'p');
    await becomes(host, 'loop', /^restarting [1-9] 1$/);
    await host.ok('pod', 'stop', '-t', '0', 'p');
    expect(await host.ok('ps', '-a', '--format', '{{.Names}} {{.State}}')).toBe('web exited\nloop exited');
  });

  it('B6: update changes the policy of what runs, waits or rests; a wrong one changes nothing', async () => {
    await using host = await makeHost();
    const id = await host.ok('run', '-d', '--name', 'up', '--network', 'none', 'host', 'sleep', '1000');
    expect(await host.ok('update', '--restart', 'on-failure:7', 'up')).toBe(id);
    const policy = '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}';
    expect(await inspect(host, 'up', policy)).toBe('on-failure 7');
    await crash(host, 'up');
    await becomes(host, 'up', 'running 1 0');
    const refused = await host.peapod('update', '--restart', 'often', 'up');
    expect(refused.exitCode).toBe(125);
    expect(refused.stderr).toMatch(/^Error: "often" is not a valid restart policy/);
    expect(await inspect(host, 'up', policy)).toBe('on-failure 7');
    await host.ok('update', '--restart', 'no', 'up');
    await crash(host, 'up');
    expect(await host.ok('wait', 'up')).toBe('137');
    await becomes(host, 'up', /^exited \d 137$/);

    const loop = await host.ok('run', '-d', '--name', 'loop', '--restart', 'always', 'host', 'false');
    await becomes(host, 'loop', /^restarting [2-9] 1$/);
    await host.ok('update', '--restart', 'no', 'loop');
    expect(await inspect(host, 'loop', '{{.State.Status}}')).toBe('exited');
    await eventually(
      async () => (await host.rootSh(`pgrep -f 'container cleanup ${loop}' | grep -vx $$ || :`)) === '',
    );
    await host.ok('create', '--rm', '--name', 'gone', 'host', 'true');
    expect((await host.peapod('update', '--restart', 'always', 'gone')).stderr).toMatch(
      /--rm option conflicts/,
    );
  });

  it('B6: where the process that waits was killed, the next command has another wait', async () => {
    await using host = await makeHost();
    const id = await host.ok('run', '-d', '--name', 'loop', '--restart', 'always', 'host', 'false');
    await becomes(host, 'loop', /^restarting [4-9] 1$/);
    const pid = await restarter(host, id);
    await host.rootSh(`kill -KILL ${pid.split('\n').join(' ')}`);
    const [, count] = (await inspect(host, 'loop')).split(' ');
    await eventually(async () => Number((await inspect(host, 'loop')).split(' ')[1]) > Number(count));

    await host.ok('run', '-d', '--name', 'orphan', '--restart', 'always', 'host', 'sleep', '1000');
    await host.rootSh(`kill -KILL ${await inspect(host, 'orphan', '{{.State.ConmonPid}}')}`);
    await crash(host, 'orphan');
    await becomes(host, 'orphan', 'running 1 0');
  });

  it('B6: survives the killed command that started it', async () => {
    await using host = await makeHost();
    const started = host.spawn([
      ...[
        'peapod',
        'run',
        '--name',
        'fg',
        '--restart',
        'on-failure',
        'host',
        'bash',
        '-c',
        'echo up; sleep 1000',
      ],
    ]);
    await started.seen(/up/);
    await started.stop();
    await crash(host, 'fg');
    await becomes(host, 'fg', 'running 1 0');
  });

  it('B6: a policy that there is none of, or that does not go with --rm, is refused', async () => {
    await using host = await makeHost();
    for (const [flags, message] of [
      [['--restart', 'sometimes'], '"sometimes" is not a valid restart policy: invalid argument'],
      [
        ['--restart', 'always:3'],
        'restart policy retries can only be specified with on-failure restart policy',
      ],
      [['--restart', 'on-failure:-1'], 'must specify restart policy retry count as a number greater than 0'],
      [['--rm', '--restart', 'always'], 'the --rm option conflicts with --restart'],
    ] as const) {
      const { exitCode, stderr } = await host.peapod('create', ...flags, 'host', 'true');
      expect(exitCode).toBe(125);
      expect(stderr).toContain(`Error: ${message}`);
    }
    expect((await host.peapod('ps', '--filter', 'restart-policy=foo')).stderr).toMatch(
      /foo invalid restart policy/,
    );
    expect(await host.ok('ps', '-aq')).toBe('');
  });
});
