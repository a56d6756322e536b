import { expect, it } from 'vitest';
import { eventually } from '../support/command.ts';
import { describeForBoth } from '../support/host.ts';

describeForBoth('containers', (makeHost) => {
  it('B1: run gives the exit code, the output and the input of the command', async () => {
    await using host = await makeHost();
    const outcome = await host.peapod('run', '--rm', 'host', 'sh', '-c', 'echo out; echo err >&2; exit 7');
    expect(outcome).toEqual({ exitCode: 7, stdout: 'out\n', stderr: 'err\n' });
    const input = 'a line\nand a last one without an end';
    const echoed = await host.exec(['peapod', 'run', '--rm', '-i', 'host', 'cat'], { input });
    expect(echoed).toEqual({ exitCode: 0, stdout: input, stderr: '' });
    expect(await host.ok('ps', '-aq')).toBe('');
  });

  it('B1: a command that does not exist exits 127, one that cannot be executed 126', async () => {
    await using host = await makeHost();
    for (const [command, exitCode] of [
      ['no-such-command', 127],
      ['/etc/passwd', 126],
    ] as const) {
      const outcome = await host.peapod('run', '--rm', 'host', command);
      expect(outcome.exitCode, command).toBe(exitCode);
      expect(outcome.stderr).toMatch(/^Error: /);
      expect(outcome.stderr).toContain(command);
    }
    await host.ok('run', '-d', '--name', 'up', 'host', 'sleep', '1000');
    expect((await host.peapod('exec', 'up', 'no-such-command')).exitCode).toBe(127);
    expect((await host.peapod('exec', 'up', '/etc/passwd')).exitCode).toBe(126);
    expect((await host.peapod('exec', 'up', 'sh', '-c', 'exit 9')).exitCode).toBe(9);
    expect(await host.ok('ps', '-a', '--format', '{{.Names}}')).toBe('up');
  });

  it('B1: a user whom the container does not know exits 126', async () => {
    await using host = await makeHost();
    const outcome = await host.peapod('run', '--rm', '-u', 'nobody-knows', 'host', 'true');
    expect(outcome.exitCode).toBe(126);
    expect(outcome.stderr).toMatch(/^Error: .*nobody-knows/);
    expect(await host.ok('ps', '-aq')).toBe('');
  });

  it('B1: create, start, stop, kill, wait, restart by start, rm', async () => {
    await using host = await makeHost();
    const id = await host.ok(
      'create',
      '--name',
      'steps',
      'host',
      'sh',
      '-c',
      'trap "exit 3" TERM; sleep 1000 & wait',
    );
    expect(await host.ok('ps', '-a', '--format', '{{.Names}} {{.Status}}')).toMatch(/^steps Created/);
    expect(await host.ok('start', 'steps')).toBe('steps');
    const waiting = host.spawn(['peapod', 'wait', 'steps']);
    await host.ok('exec', 'steps', 'true');
    expect(await host.ok('stop', id.slice(0, 12))).toBe(id.slice(0, 12));
    expect((await waiting.outcome).stdout).toBe('3\n');
    expect(await host.ok('ps', '-a', '--format', '{{.Status}}')).toMatch(/^Exited \(3\)/);
    await host.ok('start', 'steps');
    await host.ok('kill', 'steps');
    expect(await host.ok('wait', 'steps')).toBe('137');
    expect(await host.ok('rm', 'steps')).toBe('steps');
    expect((await host.peapod('start', 'steps')).stderr).toMatch(
      /^Error: no container with name or ID "?steps"? found/,
    );
  });

  it('B1: -it gives a terminal of the right size that follows the window, and the exit code', async () => {
    await using host = await makeHost();
    const terminal = await host.terminal(['peapod', 'run', '--rm', '-it', 'host', 'sh'], {
      columns: 91,
      rows: 27,
    });
    terminal.type('stty size\n');
    await terminal.seen(/27 91/);
    await terminal.resize(101, 31);
    await eventually(() => {
      terminal.type('stty size\n');
      return /31 101/.test(terminal.screen);
    });
    terminal.type('tty; exit 5\n');
    expect((await terminal.outcome).exitCode).toBe(5);
    expect(terminal.screen).toMatch(/\/dev\/pts\/\d+|\/dev\/console/);
  });

  it('B1: exec -it, user, workdir and environment', async () => {
    await using host = await makeHost();
    await host.ok('run', '-d', '--name', 'up', '-e', 'A=from run', '-w', '/usr', 'host', 'sleep', '1000');
    expect(await host.ok('exec', 'up', 'sh', '-c', 'echo "$A"; pwd; id -u')).toBe('from run\n/usr\n0');
    const flags = ['-e', 'A=x:y,z=1', '-w', '/etc', '-u', 'nobody'];
    expect(await host.ok('exec', ...flags, 'up', 'sh', '-c', 'echo "$A"; pwd; id -un')).toBe(
      'x:y,z=1\n/etc\nnobody',
    );
    const terminal = await host.terminal(['peapod', 'exec', '-it', 'up', 'sh']);
    terminal.type('test -t 0 && echo on-a-$((40 + 2))-terminal; exit\n');
    await terminal.seen(/on-a-42-terminal/);
    expect((await terminal.outcome).exitCode).toBe(0);
  });

  it('B3: what a container writes persists across stop and start by name until rm, and the source stays untouched', async () => {
    await using host = await makeHost();
    const script =
      'echo "run $$" >> /usr/log; echo changed > /etc/hostname-of-old; cat /usr/log | wc -l; sleep 1000';
    await host.ok('run', '-d', '--name', 'keeper', 'host', 'sh', '-c', script);
    await eventually(async () => (await host.ok('logs', 'keeper')) === '1');
    await host.ok('stop', '--time', '0', 'keeper');
    await host.ok('start', 'keeper');
    await eventually(async () => (await host.ok('logs', 'keeper')).endsWith('2'));
    expect(
      await host.ok('run', '--rm', 'host', 'sh', '-c', 'ls /usr/log /etc/hostname-of-old 2>&1 || true'),
    ).toMatch(/No such file/);
    expect(await host.rootSh('ls /usr/log /etc/hostname-of-old 2>&1 || true')).toMatch(/No such file/);
    await host.ok('rm', '--force', '--time', '0', 'keeper');
    await host.ok('run', '-d', '--name', 'keeper', 'host', 'sh', '-c', script);
    await eventually(async () => (await host.ok('logs', 'keeper')) === '1');
  });

  it('B7: logs of one container: all, the tail, since, after its end, and no byte that it did not write', async () => {
    await using host = await makeHost();
    const lines = Array.from({ length: 200 }, (_, index) => `line ${index}`);
    const script = 'for i in $(seq 0 199); do echo "line $i"; done; printf "no end"; echo oops >&2; exit 4';
    await host.peapod('run', '--name', 'chatty', 'host', 'sh', '-c', script);
    const logs = await host.peapod('logs', 'chatty');
    expect(logs.stdout).toBe(`${lines.join('\n')}\nno end`);
    expect(logs.stderr).toBe('oops\n');
    expect((await host.peapod('logs', '--tail', '3', 'chatty')).stdout).toMatch(/^(line 19[89]\n)+no end$/);
    expect((await host.peapod('logs', '--tail', '0', 'chatty')).stdout).toBe('');
    expect((await host.peapod('logs', '--since', '1h', 'chatty')).stdout).toContain('line 0\n');
    expect((await host.peapod('logs', '--since', '2999-01-01T00:00:00Z', 'chatty')).stdout).toBe('');
    expect((await host.peapod('logs', '-t', '--tail', '2', 'chatty')).stdout).toMatch(
      /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-](?!00:00)\d\d:\d\d) /,
    );
  });

  it('B7: logs -f shows what comes and ends with the container; pod logs shows all members', async () => {
    await using host = await makeHost();
    await host.ok('pod', 'create', '--name', 'both');
    const script = (name: string) =>
      `echo ${name} begins; until test -e /go; do sleep 0.05; done; echo ${name} ends`;
    for (const name of ['one', 'two']) {
      await host.ok('run', '-d', '--pod', 'both', '--name', name, 'host', 'sh', '-c', script(name));
    }
    const following = host.spawn(['peapod', 'logs', '-f', 'one']);
    await following.seen(/one begins/);
    await host.ok('exec', 'one', 'touch', '/go');
    expect(await following.outcome).toEqual({ exitCode: 0, stdout: 'one begins\none ends\n', stderr: '' });
    const all = await host.ok('pod', 'logs', 'both');
    for (const text of ['one begins', 'one ends', 'two begins']) expect(all).toContain(text);
    expect(await host.ok('pod', 'logs', '-c', 'two', 'both')).toMatch(/^(\S+ )?two begins$/);
  });

  it('A12: on the network of the host a container has its interfaces and its name', async () => {
    await using host = await makeHost();
    const [name, links] = [await host.sh('hostname'), await host.sh('ls /sys/class/net')];
    expect(await host.ok('run', '--rm', '--network', 'host', 'host', 'hostname')).toBe(name);
    expect(await host.ok('run', '--rm', '--network', 'host', 'host', 'ls', '/sys/class/net')).toBe(links);
  });

  it('B5: bind mounts, read-only ones, and tmpfs', async () => {
    await using host = await makeHost();
    await host.sh('mkdir -p ~/data; echo given > ~/data/file');
    const data = `${host.env.HOME}/data`;
    const flags = ['-v', `${data}:/data`, '-v', `${data}:/fixed:ro`, '--tmpfs', '/scratch:size=1m'];
    const script =
      'cat /data/file; echo back > /data/answer; touch /fixed/x || echo refused; grep -c " /scratch tmpfs" /proc/mounts';
    const outcome = await host.peapod('run', '--rm', ...flags, 'host', 'sh', '-c', script);
    expect(outcome.stdout).toBe('given\nrefused\n1\n');
    expect(await host.sh('cat ~/data/answer; stat -c %U ~/data/answer')).toBe(`back\n${host.env.USER}`);
  });
});
