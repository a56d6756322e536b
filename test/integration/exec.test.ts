import { expect, it } from 'vitest';
import { eventually } from '../support/command.ts';
import { describeForBoth } from '../support/host.ts';

describeForBoth('exec', (makeHost) => {
  it('B1: says in one line, and by podman’s exit code, what kept it from running a command', async () => {
    await using host = await makeHost();
    await host.ok('run', '-d', '--network', 'none', '--name', 'up', 'host', 'sleep', '1000');
    await host.ok('create', '--network', 'none', '--name', 'made', 'host', 'true');
    await host.sh(
      `peapod exec up sh -c 'cd /usr; echo data > data; printf "#!/nowhere\n" > script; chmod +x script; echo echo bare > bare; chmod 755 bare'`,
    );
    const missing = 'OCI runtime attempted to invoke a command that was not found';
    for (const [line, exitCode, message] of [
      ['up no-such-command', 127, `crun: executable file .*: ${missing}`],
      ['-w /not/there up true', 127, `crun: chdir ./not/there.: No such file or directory: ${missing}`],
      ['-w /usr/data up true', 255, 'OCI runtime error: crun: chdir .*: Not a directory'],
      ['up /usr/data', 126, 'crun: open executable: Permission denied: OCI permission denied'],
      ['up /usr', 126, 'crun: open executable: .*: OCI permission denied'],
      ['-u 1 up /usr/data', 126, 'crun: open executable: Permission denied: OCI permission denied'],
      ['up /usr/script', 127, `crun: exec.*: No such file or directory: ${missing}`],
      ['up /usr/bare', 126, 'OCI runtime error: crun: exec.*: Exec format error'],
      ['-u nobody-knows up true', 255, 'unable to find user nobody-knows: no matching entries.*'],
      ['made true', 255, 'can only create exec sessions on running containers: .*'],
      ['up', 255, 'must provide a non-empty command to start an exec session: invalid argument'],
      ['nobody true', 125, 'no container with name or ID "nobody" found: no such container'],
      ['-d made true', 125, 'can only create exec sessions on running containers: .*'],
      ['-d up no-such-command', 125, `crun: executable file .*: ${missing}`],
    ] as const) {
      const outcome = await host.peapod('exec', ...line.split(' '));
      expect({ line, ...outcome }).toMatchObject({ line, exitCode, stdout: '' });
      expect(outcome.stderr).toMatch(new RegExp(`^Error: ${message}\n(hint: .*\n)?$`));
    }
  });

  it('B1: leaves standard error to the command: its own where that will surely start, byte for byte where not', async () => {
    await using host = await makeHost();
    await host.ok('run', '-d', '--network', 'none', '--name', 'up', 'host', 'sleep', '1000');
    const own = await host.sh('peapod exec up readlink /proc/self/fd/2 2>~/error');
    expect(own).toMatch(/\/error$/);
    // Whether another user may execute what is closed to others, only an attempt can tell.
    await host.ok(
      'exec',
      'up',
      'sh',
      '-c',
      'cp /bin/sh /usr/closed; chmod 750 /usr/closed; chgrp 1 /usr/closed',
    );
    const script = 'head -c 300000 /dev/zero >&2; sleep 1000 >&2 & exit 3';
    const outcome = await host.exec(['peapod', 'exec', '-u', '1:1', 'up', '/usr/closed', '-c', script]);
    expect(outcome).toMatchObject({ exitCode: 3, stderr: '\0'.repeat(300_000) });
    const early = host.spawn(['peapod', 'exec', '-u', '1:1', 'up', '/usr/closed', '-c', 'echo now >&2; cat']);
    await early.seen(/^now$/m);
    await early.stop();
  });

  it('B1: a working directory that was asked for must exist: run tells 126, start 125', async () => {
    await using host = await makeHost();
    const run = (...words: string[]) => host.peapod('run', '--rm', '--network', 'none', ...words);
    const missing = await run('-w', '/not/there', 'host', 'pwd');
    expect(missing).toMatchObject({ exitCode: 126, stdout: '' });
    expect(missing.stderr).toMatch(
      /^Error: workdir "\/not\/there" does not exist on container [0-9a-f]{64}\n/,
    );
    expect((await run('-w', '/etc/passwd', 'host', 'pwd')).stderr).toMatch(
      /^Error: workdir "\/etc\/passwd" exists on container [0-9a-f]{64}, but is not a directory\n/,
    );
    for (const path of ['/srv', '/usr/bin', '/dev/shm', '/tmp']) {
      expect((await run('-w', path, 'host', 'pwd')).stdout).toBe(`${path}\n`);
    }
    for (const path of ['/new/place', '/new/place/below', '/new']) {
      const { stdout } = await run('--tmpfs', '/new/place', '-w', path, 'host', 'pwd');
      expect(stdout).toBe(`${path}\n`);
    }
    await host.ok('create', '--network', 'none', '--name', 'made', '-w', '/not/there', 'host', 'pwd');
    for (const words of [['start'], ['start', '-a']]) {
      const outcome = await host.peapod(...words, 'made');
      expect(outcome).toMatchObject({ exitCode: 125, stdout: '' });
      expect(outcome.stderr).toMatch(
        /^Error: unable to start container "[0-9a-f]{64}": workdir "\/not\/there"/,
      );
    }
  });

  it('B1: inspect shows the sessions that run; container cleanup --exec removes what a killed one has left', async () => {
    await using host = await makeHost();
    await host.ok('run', '-d', '--network', 'none', '--name', 'up', 'host', 'sleep', '1000');
    const sessions = async () => {
      const text = await host.ok('inspect', '-f', '{{join .ExecIDs " "}}', 'up');
      return text.split(' ').filter(Boolean);
    };
    expect(await sessions()).toEqual([]);
    const apart = await host.ok('exec', '-d', 'up', 'sleep', '1001');
    expect(await sessions()).toEqual([apart]);
    const refused = await host.peapod('container', 'cleanup', '--exec', apart, 'up');
    expect(refused.stderr).toMatch(
      new RegExp(`^Error: cannot clean up container [0-9a-f]{64} exec session ${apart} as it is running: `),
    );
    const beside = host.spawn([
      'peapod',
      'exec',
      '-iu',
      '1',
      'up',
      'sh',
      '-c',
      'echo ready; cat; sleep 0.05',
    ]);
    await beside.seen(/ready/);
    const [attended] = (await sessions()).filter((id) => id !== apart);
    expect(attended).toMatch(/^[0-9a-f]{64}$/);
    await beside.stop();
    await eventually(async () => (await sessions()).length === 1);
    await host.ok('container', 'cleanup', '--exec', attended as string, 'up');
    const gone = await host.peapod('container', 'cleanup', '--exec', attended as string, 'up');
    expect(gone.stderr).toMatch(/^Error: container [0-9a-f]{64} has no exec session with ID /);
    await host.ok('exec', 'up', 'true');
    expect(await sessions()).toEqual([apart]);
    expect(await host.sh(`ls -d ${host.runRoot}/containers/*/exec-*`)).not.toMatch(/\n/);
    for (const [words, message] of [
      [['--all'], 'exec and all options conflict'],
      [['--rmi', 'up'], 'exec and rmi options conflict'],
      [['up', 'up'], 'cannot use exec option when more than one container is given'],
    ] as const) {
      const { stderr } = await host.peapod('container', 'cleanup', '--exec', apart, ...words);
      expect(stderr).toMatch(`Error: ${message}\n`);
    }
  });
});
