import { expect, it } from 'vitest';
import { eventually, pause } from '../support/command.ts';
import { describeForBoth, describeForRoot, userHost } from '../support/host.ts';
import { sandboxIds } from '../support/sandbox.ts';
import { webServer } from '../support/servers.ts';
import type { TestHost } from '../support/test-host.ts';

/** Kills a helper by a pattern of its command line, seen as root of the test host. */
async function kill(host: TestHost, pattern: string): Promise<void> {
  const pids = await host.rootSh(`pgrep -f '${pattern}' | grep -vx $$`);
  await host.rootSh(`kill -KILL ${pids.split('\n').join(' ')}`);
  await eventually(() => host.rootSh(`! pgrep -f '${pattern}' | grep -vx $$ && echo gone`));
}

async function expectNothingMade(host: TestHost): Promise<void> {
  expect(await host.ok('pod', 'ps', '-q')).toBe('');
  expect(await host.ok('ps', '-aq')).toBe('');
  expect(sandboxIds(host)).toBe('');
}

describeForBoth('several commands at once', (makeHost) => {
  it('E3: of pods created under one name at the same time one wins, and the others are told', async () => {
    await using host = await makeHost();
    const outcomes = await Promise.all(
      Array.from({ length: 6 }, () => host.peapod('pod', 'create', '--name', 'wanted')),
    );
    const losers = outcomes.filter(({ exitCode }) => exitCode !== 0);
    expect(losers).toHaveLength(5);
    for (const { exitCode, stderr } of losers) {
      expect(exitCode).toBe(125);
      expect(stderr).toMatch(/^Error: .*wanted.* in use/);
    }
    const winner = outcomes.find(({ exitCode }) => exitCode === 0);
    expect(await host.ok('pod', 'ps', '-q', '--no-trunc')).toBe(winner?.stdout.trim());
    expect(sandboxIds(host)).toBe(winner?.stdout.trim());
  });

  it('E3: of pods that want one host port at the same time one wins', async () => {
    await using host = await makeHost();
    const outcomes = await Promise.all(
      Array.from({ length: 4 }, () => host.peapod('pod', 'create', '-p', '8080:80')),
    );
    expect(outcomes.map(({ exitCode }) => exitCode).toSorted()).toEqual([0, 125, 125, 125]);
    expect((await host.ok('pod', 'ps', '-q')).split('\n')).toHaveLength(1);
  });

  it('E3: members started in one pod at the same time all run, and the page is there', async () => {
    await using host = await makeHost();
    await host.ok('pod', 'create', '--name', 'busy', '-p', '18080:80');
    await Promise.all([
      host.ok('run', '-d', '--pod', 'busy', '--name', 'web', 'host', ...webServer('at once', 80)),
      ...[1, 2, 3].map((n) =>
        host.ok('run', '-d', '--pod', 'busy', '--name', `m${n}`, 'host', 'sleep', '1000'),
      ),
    ]);
    expect((await host.ok('ps', '--format', '{{.Names}}')).split('\n').toSorted()).toEqual([
      'm1',
      'm2',
      'm3',
      'web',
    ]);
    expect(await host.fetch(18080)).toBe('at once');
  });

  it('E3: start, stop and rm of one container at the same time leave no half-made thing', async () => {
    await using host = await makeHost();
    await host.ok('create', '--name', 'contested', 'host', 'sleep', '1000');
    const outcomes = await Promise.all([
      host.peapod('start', 'contested'),
      host.peapod('stop', '--time', '0', 'contested'),
      host.peapod('rm', '--force', '--time', '0', 'contested'),
      host.peapod('start', 'contested'),
    ]);
    for (const { exitCode, stderr } of outcomes) {
      if (exitCode !== 0) expect(stderr).toMatch(/^Error: .*(contested|no such container)/);
    }
    expect(outcomes[2]?.exitCode).toBe(0);
    await expectNothingMade(host);
  });

  it.each([5, 15, 25, 35, 50, 70, 90, 120, 160])(
    'E3: SIGINT %d ms into pod create and into run exits 130 or has done it, and leaves nothing half-made',
    async (delayMs) => {
      await using host = await makeHost();
      for (const command of [
        ['pod', 'create', '--name', 'cut', '-p', '18080:80'],
        ['run', '-d', '--name', 'cut', '-p', '18080:80', 'host', 'sleep', '1000'],
        ['run', '-d', '--pod', 'new:cut', '--name', 'member', 'host', 'sleep', '1000'],
      ]) {
        const started = host.spawn(['peapod', ...command]);
        await pause(delayMs);
        try {
          started.signal('SIGINT');
        } catch {
          // it had ended before, or not begun
        }
        const { exitCode, stdout, stderr } = await started.outcome;
        const said = `${command.join(' ')}: ${exitCode} ${stderr}`;
        expect([0, 130], said).toContain(exitCode);
        if (exitCode === 0) {
          expect(stdout, said).toMatch(/^[0-9a-f]{64}\n$/);
          await host.ok('pod', 'rm', '--all', '--force', '--time', '0');
          await host.ok('rm', '--all', '--force', '--time', '0');
        }
        await expectNothingMade(host);
      }
    },
  );

  it('E3: SIGINT to a container in the foreground reaches its command, whose exit code is the answer', async () => {
    await using host = await makeHost();
    const script = 'trap "echo caught; exit 42" INT; echo up; while :; do sleep 0.05; done';
    const started = host.spawn(['peapod', 'run', '--rm', 'host', 'bash', '-c', script]);
    await started.seen(/up/);
    started.signal('SIGINT');
    expect(await started.outcome).toEqual({ exitCode: 42, stdout: 'up\ncaught\n', stderr: '' });
    await expectNothingMade(host);
  });
});

describeForRoot('helpers of an unprivileged user that were killed', () => {
  async function podWithPage(host: TestHost): Promise<void> {
    await host.ok('pod', 'create', '--name', 'hurt', '-p', '18080:80');
    await host.ok('run', '-d', '--pod', 'hurt', '--name', 'web', 'host', ...webServer('still here', 80));
    expect(await host.fetch(18080)).toBe('still here');
  }

  async function expectSeen(host: TestHost, helper: string): Promise<void> {
    expect(await host.ok('pod', 'ps')).toContain(`Running (no ${helper})`);
    const { Network } = await host.json<{ Network: { Missing: string[] } }>('pod', 'inspect', 'hurt');
    expect(Network.Missing).toEqual([helper]);
  }

  async function expectRecovered(host: TestHost): Promise<void> {
    expect(await host.fetch(18080)).toBe('still here');
    expect(await host.ok('pod', 'ps', '--format', '{{.Status}}')).toBe('Running');
    const { Network } = await host.json<{ Network: { Missing: string[] } }>('pod', 'inspect', 'hurt');
    expect(Network.Missing).toEqual([]);
  }

  it('A3: slirp4netns is seen to be gone, and comes back with the next command that needs it', async () => {
    await using host = await userHost({ internet: true });
    await podWithPage(host);
    await kill(host, '^slirp4netns');
    await expectSeen(host, 'slirp4netns');
    const page = [
      'bash',
      '-c',
      'exec 3<>/dev/tcp/198.51.100.80/80; printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3; cat <&3',
    ];
    expect(await host.ok('run', '--rm', '--pod', 'hurt', 'host', ...page)).toContain('internet, you are');
    await expectRecovered(host);
  });

  it('A3: the relay is seen to be gone, and comes back with pod start', async () => {
    await using host = await userHost();
    await podWithPage(host);
    await kill(host, 'internal relay');
    await expectSeen(host, 'relay');
    expect(await host.reachable(18080)).toBe(false);
    await host.ok('pod', 'start', 'hurt');
    await expectRecovered(host);
  });

  it('A3: the pause process is seen to be gone, and the pod starts again', async () => {
    await using host = await userHost();
    await host.ok('pod', 'create', '--name', 'hurt', '--share', 'net,ipc,uts,pid');
    await host.ok('run', '-d', '--pod', 'hurt', '--name', 'web', 'host', 'sleep', '1234');
    const pausePid = await host.rootSh("pgrep -f '^catatonit -P' | tail -n 1");
    await host.rootSh(`kill -KILL ${pausePid}`);
    await eventually(async () => (await host.ok('ps', '-q')) === '');
    const [pod] = await host.json<{ Status: string }[]>('pod', 'ps', '--format', 'json');
    expect(pod?.Status).not.toBe('Running');
    await host.ok('pod', 'start', 'hurt');
    expect(await host.ok('exec', 'web', 'sh', '-c', 'tr "\\0" " " < /proc/1/cmdline')).toMatch(
      /^catatonit -P/,
    );
  });

  it('A3: the keeper is killed while a container runs: it goes on, is listed, and can be removed', async () => {
    await using host = await userHost();
    await podWithPage(host);
    const state = `${host.runRoot}/keeper/state`;
    await host.rootSh(`kill -KILL $(cut -d' ' -f1 ${state})`);
    expect(await host.ok('ps', '--format', '{{.Names}}')).toBe('web');
    expect(await host.fetch(18080)).toBe('still here');
    expect(await host.ok('exec', 'web', 'cat', '/www/index.html')).toBe('still here');
    await host.ok('pod', 'rm', '--force', '--time', '0', 'hurt');
    // The killed keeper's own clock, which would end by itself.
    await host.rootSh("kill $(pgrep -f '^sleep 60$' -P 1)");
  });
});
