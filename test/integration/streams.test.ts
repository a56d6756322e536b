import { expect, it } from 'vitest';
import { busyboxImage, dockerArchive } from '../fixtures/images.ts';
import { eventually } from '../support/command.ts';
import { describeForBoth } from '../support/host.ts';

const talk = 'echo out; echo err >&2; cat';

describeForBoth('streams of run', (makeHost) => {
  it('B1: --attach shows the outputs that it names; without any, run prints the id and still waits', async () => {
    await using host = await makeHost();
    const run = (...flags: string[]) =>
      host.exec(
        ['peapod', 'run', '--rm', '--network', 'none', ...flags, 'host', 'sh', '-c', `${talk}; exit 3`],
        {
          input: 'in\n',
        },
      );
    const of = async (...flags: string[]) => {
      const { exitCode, stdout, stderr } = await run(...flags);
      return [exitCode, stdout, stderr];
    };
    expect(await of('-a', 'stdout')).toEqual([3, 'out\n', '']);
    expect(await of('-a', 'STDERR')).toEqual([3, '', 'err\n']);
    expect(await of('-a', 'stdout,stderr')).toEqual([3, 'out\n', 'err\n']);
    expect(await of('-i', '--attach', 'stdin', '--attach', 'stdout')).toEqual([3, 'out\nin\n', '']);
    expect(await of('-d', '-a', 'stdout')).toEqual([0, expect.stringMatching(/^[0-9a-f]{64}\n$/), '']);
    expect(await of('-a', 'nonsense')).toEqual([
      125,
      '',
      'Error: invalid stream "nonsense" for --attach - must be one of stdin, stdout, or stderr: invalid argument\n' +
        "hint: See 'peapod run --help'\n",
    ]);
    const script = 'cat; sleep 0.1; exit 4';
    const quiet = await host.exec(
      ['peapod', 'run', '--network', 'none', '--name', 'quiet', '-ia', 'stdin', 'host', 'sh', '-c', script],
      { input: 'input\n' },
    );
    expect(quiet).toMatchObject({
      exitCode: 4,
      stdout: expect.stringMatching(/^[0-9a-f]{64}\n$/),
      stderr: '',
    });
    expect(await host.ok('logs', 'quiet')).toBe('input');
  });

  it('B1: --preserve-fds hands on descriptors of the caller, also to what goes on by itself', async () => {
    await using host = await makeHost();
    await host.sh('echo data > ~/file');
    const script = `'cat <&4; test -e /proc/self/fd/3'`;
    const words = `--network none --preserve-fds 2 host sh -c ${script}`;
    expect(await host.sh(`peapod run --rm ${words} 3</dev/null 4<~/file`)).toBe('data');
    await host.sh(`peapod run -d --name later ${words} 3</dev/null 4<~/file`);
    expect(await host.ok('wait', 'later')).toBe('0');
    expect(await host.ok('logs', 'later')).toBe('data');
    const missing = await host.peapod('run', '--preserve-fds', '1', 'host', 'true');
    expect(missing.stderr).toMatch(/^Error: file descriptor 3 is not available/);
    expect(await host.ok('ps', '-aq', '--no-trunc')).toMatch(/^[0-9a-f]{64}$/);
  });

  it('B7: --log-driver passthrough: the container has the streams of its caller, which nothing keeps', async () => {
    await using host = await makeHost();
    const flags = '--network none --log-driver passthrough';
    const readsItself = `sh -c 'readlink /proc/self/fd/1; ${talk}; exit 5'`;
    await host.sh(
      `peapod run --name self ${flags} host ${readsItself} <<<in >~/out 2>~/err || test $? = 5; cat ~/err`,
    );
    expect(await host.sh('cat ~/out')).toMatch(/\/out\nout\nin$/);
    expect(await host.sh('cat ~/err')).toBe('err');
    const again = await host.exec(['peapod', 'start', '-a', 'self'], { input: 'more\n' });
    expect(again).toMatchObject({
      exitCode: 5,
      stdout: expect.stringMatching(/\nout\nmore\n$/),
      stderr: 'err\n',
    });
    expect((await host.peapod('logs', 'self')).stderr).toMatch(
      /^Error: this container is using the 'passthrough' log driver, cannot read logs: /,
    );
    expect(await host.ok('inspect', '-f', '{{json .HostConfig.LogConfig}}', 'self')).toMatch(
      /"Type":"passthrough",.*"Path":""/,
    );

    const up = host.spawn([
      'sh',
      '-c',
      `peapod run --name up ${flags} host sh -c 'trap "exit 9" TERM; echo up; while :; do sleep 0.02; done'`,
    ]);
    await up.seen(/^up$/m);
    expect((await host.peapod('attach', 'up')).stderr).toMatch(
      /^Error: attaching to container [0-9a-f]{64}: this container is using the 'passthrough' log driver, cannot attach/,
    );
    expect(await host.ok('exec', 'up', 'echo', 'inside')).toBe('inside');
    await host.ok('stop', 'up');
    expect((await up.outcome).exitCode).toBe(9);

    const detached = await host.peapod(
      'run',
      '-d',
      ...flags.split(' '),
      '--name',
      'apart',
      'host',
      'echo',
      'apart',
    );
    expect(detached.stdout).toBe('apart\n');
    const bad = await host.peapod('run', '--rm', ...flags.split(' '), 'host', 'no-such-command');
    expect(bad.exitCode).toBe(127);
    expect(bad.stderr).toMatch(/^Error: crun: executable file `no-such-command` not found/m);
    for (const words of [['-t'], ['-a', 'stdout']]) {
      expect((await host.peapod('run', ...flags.split(' '), ...words, 'host', 'true')).exitCode).toBe(125);
    }
    const terminal = await host.terminal(['peapod', 'run', ...flags.split(' '), 'host', 'true']);
    expect((await terminal.outcome).exitCode).toBe(125);
    expect(terminal.screen).toMatch(/the '--log-driver passthrough' option cannot be used on a TTY/);
    await eventually(async () => (await host.ok('ps', '-a', '--format', '{{.Names}}')) === 'self\nup\napart');
  });

  it('B2: run --rmi and container cleanup --rmi take the image along, unless another container has it', async () => {
    await using host = await makeHost();
    host.write('/images.tar', dockerArchive({ image: busyboxImage(), names: ['localhost/once:latest'] }));
    const load = () => host.ok('load', '-q', '-i', '/images.tar');
    const images = () => host.ok('images', '--format', '{{.Repository}}');
    const words = ['--network', 'none', 'localhost/once', 'echo', 'done'];
    await load();
    expect(await host.ok('run', '--rmi', ...words)).toBe('done');
    expect(await images()).toBe('');
    await load();
    await host.ok('create', '--name', 'holder', ...words);
    expect(await host.ok('run', '--rmi', ...words)).toBe('done');
    expect(await images()).toBe('localhost/once');
    expect(await host.ok('ps', '-a', '--format', '{{.Names}}')).toBe('holder');
    const used = await host.peapod('container', 'cleanup', '--rmi', 'holder');
    expect(used.stderr).toMatch(/^Error: image used by [0-9a-f]{64}: image is in use by a container/);
    await host.ok('container', 'cleanup', '--rm', '--rmi', 'holder');
    expect(await images()).toBe('');
    await load();
    await host.ok('run', '-d', '--rmi', '--name', 'apart', ...words.slice(0, 3), 'sleep', '1000');
    await host.ok('stop', '-t', '0', 'apart');
    expect(await images()).toBe('');
    for (const wrong of [
      ['--rmi', '--rm=false', 'host', 'true'],
      ['--rmi', 'host', 'true'],
    ]) {
      expect((await host.peapod('run', ...wrong)).exitCode).toBe(125);
    }
  });
});
