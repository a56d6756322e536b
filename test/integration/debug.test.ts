import { expect, it } from 'vitest';
import { describeForBoth } from '../support/host.ts';

describeForBoth('what a person is told', (makeHost) => {
  it('--log-level debug shows the steps of the engine and the commands, with durations; else nothing', async () => {
    await using host = await makeHost();
    const run = ['run', '--rm', '--pod', 'new:web', 'host', 'true'];
    const debug = await host.peapod('--log-level', 'debug', ...run);
    expect(debug.exitCode).toBe(0);
    for (const what of [
      'pin namespaces ',
      'attach ',
      'mount the root, create the container',
      'start the container',
      'create [0-9a-f]{12}',
      'cleanup [0-9a-f]{12}',
    ])
      expect(debug.stderr).toMatch(new RegExp(`^debug: \\d+\\.\\d ms: ${what}`, 'm'));
    expect(debug.stderr).toMatch(/^debug: in the background: [\s\S]*?conmon .* -c [0-9a-f]{64}/m);
    expect(debug.stderr).toMatch(/^debug: \d+\.\d ms, exit 0: .*crun .*start [0-9a-f]{64}/m);
    await host.ok('pod', 'rm', '-f', 'web');
    const quiet = await host.peapod(...run);
    expect(quiet).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });

  it('nothing is coloured but on a terminal, and nothing there with NO_COLOR or a dumb one', async () => {
    await using host = await makeHost();
    await host.ok('pod', 'create', '--name', 'web', '--network', 'none');
    const diagram = ['peapod', 'network', 'diagram'];
    const coloured = '\u001b[';
    expect(await host.sh(diagram.join(' '))).not.toContain(coloured);
    const shown = async (...env: string[]) => {
      const terminal = await host.terminal(['env', ...env, ...diagram]);
      await terminal.outcome;
      return terminal.screen;
    };
    expect(await shown()).toContain(coloured);
    expect(await shown('NO_COLOR=1')).not.toContain(coloured);
    expect(await shown('TERM=dumb')).not.toContain(coloured);
    expect(await shown('NO_COLOR=')).toContain(coloured);
  });
});
