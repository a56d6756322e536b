import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { eventually } from '../support/command.ts';
import { describeForBoth } from '../support/host.ts';
import type { TestHost } from '../support/test-host.ts';

const program = '/lib/systemd/systemd-journald';

/** A journal of the test host's own, which sees nothing of the machine's kernel. */
async function startJournal(host: TestHost): Promise<AsyncDisposable> {
  const pid = await host.rootSh(`mkdir -p /run/systemd/journal /run/systemd/journald.conf.d /run/log/journal
printf '[Journal]\\nStorage=volatile\\nReadKMsg=no\\nAudit=no\\n' > /run/systemd/journald.conf.d/test.conf
setsid ${program} >/dev/null 2>&1 </dev/null &
until test -S /run/systemd/journal/socket && test -e /run/log/journal/*/system.journal; do sleep 0.02; done
# The journal of an unprivileged user is one of its own only where it is kept on disk.
chmod -R o+rX /run/log/journal
echo $!`);
  return {
    async [Symbol.asyncDispose]() {
      await host.rootSh(`kill ${pid}; while test -e /proc/${pid}; do sleep 0.02; done`);
    },
  };
}

describeForBoth('the log driver journald', (makeHost) => {
  it('B7: is refused where no journal runs', async () => {
    await using host = await makeHost();
    const refused = await host.peapod('run', '--log-driver', 'journald', 'host', 'true');
    expect(refused).toMatchObject({ exitCode: 125, stdout: '' });
    expect(refused.stderr).toMatch(
      /^Error: the log driver journald needs the journal of systemd, which does not run here: /,
    );
    expect(await host.ok('ps', '-aq')).toBe('');
  });

  it.skipIf(!existsSync(program))(
    'B7: writes to the journal of systemd, and logs reads it back',
    async () => {
      await using host = await makeHost();
      await using _journal = await startJournal(host);
      const flags = ['--network', 'none', '--log-driver', 'journald'];
      const script = 'echo one; echo two >&2; printf "no end"; exit 3';
      const run = await host.peapod('run', '--name', 'j', ...flags, 'host', 'sh', '-c', script);
      expect(run).toEqual({ exitCode: 3, stdout: 'one\nno end', stderr: 'two\n' });
      await eventually(async () => {
        const { stdout, stderr } = await host.peapod('logs', 'j');
        return stdout === 'one\nno end' && stderr === 'two\n';
      });
      expect((await host.peapod('logs', '--tail', '2', 'j')).stdout).toBe('no end');
      expect(await host.ok('logs', '-t', '--tail', '3', 'j')).toMatch(
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z one\n/,
      );
      expect((await host.peapod('logs', '--since', '2100-01-01', 'j')).stdout).toBe('');
      expect(await host.ok('inspect', '-f', '{{json .HostConfig.LogConfig}}', 'j')).toMatch(
        /"Type":"journald",.*"Path":""/,
      );
      await host.ok('run', '--name', 'tagged', ...flags, '--log-opt', 'tag=mine', 'host', 'echo', 'tagged');
      await eventually(async () =>
        /tagged/.test(await host.sh('journalctl -q -o cat SYSLOG_IDENTIFIER=mine')),
      );

      const loop = 'echo first; until test -e /usr/go; do sleep 0.02; done; echo last; exit 4';
      await host.ok('run', '-d', '--name', 'long', ...flags, 'host', 'sh', '-c', loop);
      const follow = host.spawn(['peapod', 'logs', '-f', 'long']);
      await follow.seen(/first/);
      await host.ok('exec', 'long', 'touch', '/usr/go');
      expect(await follow.outcome).toEqual({ exitCode: 0, stdout: 'first\nlast\n', stderr: '' });
      expect(await host.ok('logs', '--names', 'j', 'long')).toMatch(
        /^j one\nj no end\n?.*long first\nlong last$/s,
      );
      const bad = await host.peapod('run', ...flags, '--log-opt', 'max-size=1k', 'host', 'true');
      expect(bad.stderr).toMatch(/^Error: --log-opt path and max-size are for files/);
    },
  );
});
