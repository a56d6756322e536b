import { expect, it } from 'vitest';
import { eventually } from '../support/command.ts';
import { describeForBoth } from '../support/host.ts';

describeForBoth('init containers', (makeHost) => {
  it('A1: run to their ends, in order, before the others start; those of one time go; a restart leaves them alone', async () => {
    await using host = await makeHost();
    await host.ok(
      'pod',
      'create',
      '--name',
      'p',
      '--network',
      'none',
      '-v',
      'shared:/s',
      '--exit-policy',
      'stop',
    );
    const create = (name: string, init: string | undefined, script: string) =>
      host.ok(
        'create',
        '--pod',
        'p',
        '--name',
        name,
        ...(init ? ['--init-ctr', init] : []),
        'host',
        'sh',
        '-c',
        script,
      );
    await create('main', undefined, 'echo main >> /s/log; sleep 1000');
    await create('first', 'once', 'sleep 0.2; echo first >> /s/log');
    await create('second', 'always', 'echo second >> /s/log');
    const log = () => host.ok('exec', 'main', 'cat', '/s/log');
    const seen = (lines: string) => eventually(async () => (await log()) === lines.replaceAll(' ', '\n'));
    await host.ok('pod', 'start', 'p');
    await seen('first second main');
    expect(await host.ok('ps', '-a', '--format', '{{.Names}} {{.State}}')).toBe(
      'main running\nsecond exited',
    );
    expect(await host.ok('pod', 'ps', '--format', '{{.Status}} {{.NumberOfContainers}}')).toBe('Running 2');
    const late = await host.peapod('create', '--pod', 'p', '--init-ctr', 'once', 'host', 'true');
    expect(late).toMatchObject({ exitCode: 125, stdout: '' });
    expect(late.stderr).toMatch(/^Error: cannot add init-ctr to a running pod\n/);
    await host.ok('pod', 'restart', 'p');
    await seen('first second main main');
    await host.ok('pod', 'stop', '-t', '0', 'p');
    await host.ok('pod', 'start', 'p');
    await seen('first second main main second main');
    const unit = await host.peapod('generate', 'systemd', 'p');
    expect(unit.stderr).toMatch(
      /^Error: pod p has an init container \(second\), which services do not run\n/,
    );
  });

  it('A1: one that fails keeps the pod from starting; a killed start is taken up by the next', async () => {
    await using host = await makeHost();
    await host.ok('pod', 'create', '--name', 'p', '--network', 'none', '-v', 'shared:/s');
    const script = 'echo begun; until test -e /s/go; do sleep 0.02; done; exit $(cat /s/go)';
    const init = ['--pod', 'p', '--init-ctr', 'always', 'host', 'sh', '-c'];
    await host.ok('create', '--name', 'slow', ...init, script);
    await host.ok('create', '--name', 'next', ...init, 'true');
    await host.ok('create', '--name', 'main', '--pod', 'p', 'host', 'sleep', '1000');
    const begun = () => eventually(async () => (await host.ok('logs', 'slow')).endsWith('begun'));
    const killed = host.spawn(['peapod', 'pod', 'start', 'p']);
    await begun();
    await killed.stop();
    const states = () => host.ok('ps', '-a', '--sort', 'names', '--format', '{{.Names}} {{.Status}}');
    expect(await states()).toMatch(/^main Created\nnext Created\nslow Up /);
    const again = host.spawn(['peapod', 'pod', 'start', 'p']);
    const volume = await host.ok('volume', 'inspect', '-f', '{{.Mountpoint}}', 'shared');
    await host.sh(`echo 3 > ${volume}/new; mv ${volume}/new ${volume}/go`);
    const failed = await again.outcome;
    expect(failed).toMatchObject({ exitCode: 125, stdout: '' });
    expect(failed.stderr).toMatch(/^Error: init container [0-9a-f]{64} exited with code 3\n/);
    expect(await states()).toMatch(/^main Created\nnext Created\nslow Exited \(3\)/);
    await host.sh(`echo 0 > ${volume}/go`);
    await host.ok('pod', 'start', 'p');
    expect(await states()).toMatch(/^main Up .*\nnext Exited \(0\).*\nslow Exited \(0\)/);
    for (const [words, message] of [
      [['--init-ctr', 'once'], 'must specify pod value with init-ctr'],
      [['--init-ctr', 'maybe', '--pod', 'p'], "init-ctr value must be 'always' or 'once'"],
      [
        ['--init-ctr', 'once', '--pod', 'new:q', '--restart', 'always'],
        '--init-ctr and --restart always cannot be',
      ],
    ] as const) {
      const { exitCode, stderr } = await host.peapod('create', ...words, 'host', 'true');
      expect(exitCode).toBe(125);
      expect(stderr).toMatch(`Error: ${message}`);
    }
    expect(await host.ok('pod', 'ps', '--format', '{{.Name}}')).toBe('p');
  });
});
