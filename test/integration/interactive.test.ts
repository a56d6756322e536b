import { expect, it } from 'vitest';
import { eventually } from '../support/command.ts';
import { describeForBoth } from '../support/host.ts';

const detach = '\x10\x11';
const interrupt = '\x03';

describeForBoth('a terminal', (makeHost) => {
  it('B1: detach from run -it, come back by attach at another size, and end with the exit code of the shell', async () => {
    await using host = await makeHost();
    const first = await host.terminal([
      ...[
        'peapod',
        'run',
        '-it',
        '--name',
        'shell',
        'host',
        'sh',
        '-c',
        "until stty size | grep '24 80'; do sleep 0.02; done; exec sh",
      ],
    ]);
    await first.seen(/24 80/);
    first.type('here=$((40 + 2)); echo here-$here\n');
    await first.seen(/here-42/);
    first.type(detach);
    expect((await first.outcome).exitCode).toBe(0);
    expect(await host.ok('ps', '--format', '{{.Names}} {{.State}}')).toBe('shell running');

    const again = await host.terminal(['peapod', 'attach', 'shell'], { columns: 97, rows: 29 });
    again.type('\necho still-$here; stty size\n');
    await again.seen(/still-42/);
    await again.seen(/29 97/);
    await again.resize(111, 33);
    await eventually(() => {
      again.type('stty size\n');
      return /33 111/.test(again.screen);
    });
    again.type('sleep 1000 # a while\n');
    await again.seen(/a while/);
    again.type(interrupt);
    again.type('echo back-$((1 + 1))\n');
    await again.seen(/back-2/);
    again.type('exit 6\n');
    expect((await again.outcome).exitCode).toBe(6);
    expect(await host.ok('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'shell')).toBe('exited 6');
  });

  it('B1: exec -it can be left by keys of choice, and goes on; its size follows the window', async () => {
    await using host = await makeHost();
    await host.ok('run', '-d', '--name', 'up', 'host', 'sleep', '1000');
    const script = 'trap "" HUP; until test -e /usr/go; do sleep 0.05; done; echo went > /usr/went';
    const left = await host.terminal([
      ...['peapod', 'exec', '-it', '--detach-keys', 'ctrl-a,d', 'up'],
      ...['sh', '-c', `until stty size | grep '24 80'; do sleep 0.02; done; ${script}`],
    ]);
    await left.seen(/24 80/);
    left.type('\x01d');
    expect((await left.outcome).exitCode).toBe(0);
    await host.ok('exec', 'up', 'touch', '/usr/go');
    await eventually(async () => (await host.ok('exec', 'up', 'cat', '/usr/went')) === 'went');

    const shell = await host.terminal(['peapod', 'exec', '-it', 'up', 'sh'], { columns: 90, rows: 20 });
    await shell.resize(120, 40);
    await eventually(() => {
      shell.type('stty size\n');
      return /40 120/.test(shell.screen);
    });
    shell.type('exit 11\n');
    expect((await shell.outcome).exitCode).toBe(11);
    for (const [words, exitCode] of [
      [['no-such-command'], 127],
      [['/etc/passwd'], 126],
      [['sh', '-c', 'exit 9'], 9],
    ] as const) {
      expect((await host.peapod('exec', '-t', 'up', ...words)).exitCode).toBe(exitCode);
    }
    const bad = await host.peapod('exec', '-it', '--detach-keys', 'ctrl-!', 'up', 'true');
    expect(bad.exitCode).toBe(255);
    expect(bad.stderr).toMatch(/invalid detach keys/);
    const runtimeDir = `${host.runRoot}/containers/*`;
    await eventually(async () => (await host.sh(`ls -d ${runtimeDir}/exec-* 2>/dev/null || true`)) === '');
  });

  it('B1: exec -d goes on by itself, with and without a terminal, and prints the id of its session', async () => {
    await using host = await makeHost();
    await host.ok('run', '-d', '--name', 'up', 'host', 'sleep', '1000');
    expect(await host.ok('exec', '-d', 'up', 'sleep', '1001')).toMatch(/^[0-9a-f]{64}$/);
    expect(await host.ok('exec', '-dt', 'up', 'sleep', '1002')).toMatch(/^[0-9a-f]{64}$/);
    const processes = await host.ok('top', 'up', 'tty', 'args');
    expect(processes).toMatch(/\n\? +sleep 1001\npts\/0 +sleep 1002$/);
    expect((await host.peapod('exec', '-d', 'up', 'no-such-command')).exitCode).toBe(125);
    await host.sh('echo passed > ~/file');
    expect(await host.sh('peapod exec --preserve-fds 2 up cat /proc/self/fd/4 3< /dev/null 4< ~/file')).toBe(
      'passed',
    );
    expect((await host.peapod('exec', '--preserve-fds', '1', 'up', 'true')).stderr).toMatch(
      /^Error: file descriptor 3 is not available/,
    );
  });

  it('B1: signals go through attach to the container, and with --sig-proxy=false end attach alone', async () => {
    await using host = await makeHost();
    const script = 'trap "echo got-it" INT; echo ready; while :; do sleep 0.02; done';
    await host.ok('run', '-d', '--name', 'heard', 'host', 'sh', '-c', script);
    await eventually(async () => (await host.ok('logs', 'heard')) === 'ready');
    // What attach shows says that it is there.
    const beat = async () => host.ok('kill', '--signal', 'INT', 'heard');
    const through = host.spawn(['peapod', 'attach', '--no-stdin', 'heard']);
    await eventually(async () => {
      await beat();
      return through.stdout.includes('got-it');
    });
    const before = through.stdout.length;
    through.signal('SIGINT');
    await eventually(() => through.stdout.length > before);
    const alone = host.spawn(['peapod', 'attach', '--no-stdin', '--sig-proxy=false', 'heard']);
    await eventually(async () => {
      await beat();
      return alone.stdout.includes('got-it');
    });
    alone.signal('SIGTERM');
    expect((await alone.outcome).exitCode).toBe(143);
    expect(await host.ok('ps', '--format', '{{.Names}}')).toBe('heard');
    await host.ok('kill', 'heard');
    expect((await through.outcome).exitCode).toBe(137);
  });

  it('B1: run -i and exec -i pipe bytes through unchanged, both ways at once, with exit codes', async () => {
    await using host = await makeHost();
    await host.ok('run', '-d', '--name', 'up', 'host', 'sleep', '1000');
    const megabytes = host.rootless ? 100 : 20;
    await host.sh(`head -c ${megabytes}M /dev/urandom > ~/bytes`);
    const sum = (command: string) => host.sh(`set -o pipefail; ${command} | sha256sum`);
    const [bytes, run, exec] = await Promise.all([
      sum('cat ~/bytes'),
      sum('peapod run --rm -i host cat < ~/bytes'),
      sum('cat ~/bytes | peapod exec -i up cat'),
    ]);
    expect(run).toBe(bytes);
    expect(exec).toBe(bytes);
    // A command that has had enough ends the pipe, not hangs in it.
    const enough = await host.sh(
      'head -c 20M ~/bytes | peapod run --rm -i host sh -c "head -c 3 > /dev/null; exit 5" || echo $?',
    );
    expect(enough).toBe('5');
    const both = await host.exec(
      ['peapod', 'exec', '-i', 'up', 'sh', '-c', 'cat; cat /etc/hostname >&2; exit 8'],
      {
        input: 'in',
      },
    );
    expect(both).toMatchObject({ exitCode: 8, stdout: 'in' });
  });
});
