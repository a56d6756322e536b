import { expect, it } from 'vitest';
import { describeForBoth } from '../support/host.ts';

describeForBoth('wait', (makeHost) => {
  it('B1: wait for one of several states, and for nobody', async () => {
    await using host = await makeHost();
    await host.ok('create', '--name', 'one', 'host', 'sleep', '1000');
    expect(await host.ok('wait', 'one')).toBe('0');
    const waiting = host.spawn(['peapod', 'wait', '--condition', 'running', '--condition', 'paused', 'one']);
    await host.ok('start', 'one');
    expect((await waiting.outcome).stdout).toBe('-1\n');
    expect(await host.ok('wait', '--ignore', 'nobody')).toBe('-1');
    const unknown = await host.peapod('wait', '--condition', 'asleep', 'one');
    expect(unknown).toMatchObject({ exitCode: 125, stdout: '' });
    expect(unknown.stderr).toMatch(/^Error: unknown container state: asleep: invalid argument\n/);
  });

  it('B1: waits for nobody where one of the names does not exist', async () => {
    await using host = await makeHost();
    await host.ok('run', '-d', '--name', 'one', 'host', 'sleep', '1000');
    for (const names of [
      ['one', 'nobody'],
      ['nobody', 'one'],
    ]) {
      // Nobody waits for the other one, which runs.
      expect(await host.peapod('wait', ...names)).toMatchObject({
        exitCode: 125,
        stdout: '',
        stderr: expect.stringMatching(/^Error: no container with name or ID "nobody" found: /),
      });
    }
    const ignoring = host.spawn(['peapod', 'wait', '--ignore', 'nobody', 'one']);
    await host.ok('kill', 'one');
    expect(await ignoring.outcome).toMatchObject({ exitCode: 0, stdout: '-1\n137\n' });
  });
});
