import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { eventually } from '../support/command.ts';
import { describeForBoth } from '../support/host.ts';
import { webServer } from '../support/servers.ts';
import type { TestHost } from '../support/test-host.ts';

/** A pod whose two servers answer on ports 80 and 81 inside, with nothing published but what `flags` say. */
async function runningPod(host: TestHost, ...flags: readonly string[]): Promise<void> {
  await host.ok('pod', 'create', '--name', 'live', ...flags);
  await host.ok('run', '-d', '--pod', 'live', '--name', 'web', 'host', ...webServer('live', 80, 81));
}

/** A program on the host that connects once, then says what comes for each line that it is told. */
function conversation(host: TestHost, port: number) {
  const script = `exec 3<>/dev/tcp/127.0.0.1/${port}; echo connected; while read -r line; do echo "$line" >&3; head -n 1 <&3; done`;
  return host.spawn(['bash', '-c', script]);
}

describeForBoth('ports of a running pod', (makeHost) => {
  for (const network of ['default', 'bridge', 'slirp4netns'] as const) {
    const flags = network === 'default' ? [] : ['--network', network];

    it(`C7: are published and unpublished without a restart, network ${network}`, async () => {
      await using host = await makeHost();
      await runningPod(host, '-p', '18080:80', ...flags);
      expect(await host.fetch(18080)).toBe('live');
      const pid = await host.ok('inspect', '--format', '{{.State.Pid}}', 'web');

      expect(await host.ok('pod', 'publish', 'live', '18081:81', '127.0.0.1:18082:80')).toBe(
        '0.0.0.0:18081->81/tcp\n127.0.0.1:18082->80/tcp',
      );
      expect(await host.fetch(18081)).toBe('live');
      expect(await host.fetch(18082)).toBe('live');
      expect(await host.fetch(18080)).toBe('live');
      expect((await host.ok('port', 'web')).split('\n').toSorted()).toEqual([
        '80/tcp -> 0.0.0.0:18080',
        '80/tcp -> 127.0.0.1:18082',
        '81/tcp -> 0.0.0.0:18081',
      ]);

      await host.ok('pod', 'unpublish', 'live', '18081:81');
      expect(await host.reachable(18081)).toBe(false);
      expect(await host.fetch(18080)).toBe('live');
      expect(await host.ok('pod', 'unpublish', 'live', '80')).toBe(
        '0.0.0.0:18080->80/tcp\n127.0.0.1:18082->80/tcp',
      );
      expect(await host.reachable(18080)).toBe(false);
      expect(await host.reachable(18082)).toBe(false);
      expect(await host.ok('inspect', '--format', '{{.State.Pid}}', 'web')).toBe(pid);
      // What was given back is free for others.
      await host.ok('pod', 'create', '--name', 'next', '-p', '18080:80', '-p', '18081:80');
    });
  }

  it('C7: outlive a stop and start, and a pod that does not run takes them for its start', async () => {
    await using host = await makeHost();
    await runningPod(host);
    await host.ok('pod', 'publish', 'live', '18080:80');
    await host.ok('pod', 'stop', '--time', '0', 'live');
    await host.ok('pod', 'publish', 'live', '18081:81');
    expect(await host.reachable(18081)).toBe(false);
    await host.ok('pod', 'start', 'live');
    expect(await host.fetch(18080)).toBe('live');
    expect(await host.fetch(18081)).toBe('live');
  });

  it('C7: an established connection survives that its port is taken back', async () => {
    await using host = await makeHost();
    await host.ok('pod', 'create', '--name', 'live', '-p', '18080:80');
    const echo =
      'use IO::Socket::INET; $s = IO::Socket::INET->new(LocalPort => 80, Listen => 9, ReuseAddr => 1); $| = 1; print qq(ready\\n); $c = $s->accept; $c->autoflush; print $c "you said $_" while <$c>;';
    await host.ok('run', '-d', '--pod', 'live', '--name', 'web', 'host', 'perl', '-e', echo);
    await eventually(async () => (await host.ok('logs', 'web')) === 'ready');
    const talk = conversation(host, 18080);
    await talk.seen(/connected/);
    talk.write('before\n');
    await talk.seen(/you said before/);
    await host.ok('pod', 'unpublish', 'live', '18080:80');
    talk.write('after\n');
    await talk.seen(/you said after/);
    expect(await host.reachable(18080)).toBe(false);
    await talk.stop();
  });

  it('E5: a publish or unpublish that is killed at any instant leaves the port published or free', async () => {
    await using host = await makeHost();
    await runningPod(host, '-p', '18080:80');
    const startedAt = performance.now();
    await host.ok('pod', 'publish', 'live', '18081:81');
    const wholeMs = performance.now() - startedAt;
    await host.ok('pod', 'unpublish', 'live', '18081:81');
    const rounds = 8;
    for (let round = 1; round <= rounds; round++) {
      const verb = round % 2 ? 'publish' : 'unpublish';
      const killed = host.spawn(['peapod', 'pod', verb, 'live', '18081:81']);
      await pause((wholeMs * round) / rounds);
      await killed.stop();
      expect(await host.ok('system', 'check'), `round ${round}`).toBe('Nothing is leaked.');
      const ports = await host.ok('port', 'web');
      if (ports.includes('18081')) {
        expect(await host.fetch(18081), `round ${round}`).toBe('live');
        await host.ok('pod', 'unpublish', 'live', '18081:81');
      }
      expect(await host.reachable(18081), `round ${round}`).toBe(false);
      const server = host.spawn(['busybox', 'nc', '-l', '-p', '18081', '-e', 'echo', 'mine']);
      expect(
        await eventually(() => host.sh('exec 3<>/dev/tcp/127.0.0.1/18081; cat <&3')),
        `round ${round}`,
      ).toBe('mine');
      await server.stop();
      await host.ok('pod', 'publish', 'live', '18081:81');
      expect(await host.fetch(18081), `round ${round}`).toBe('live');
      if (verb === 'publish') continue;
      await host.ok('pod', 'unpublish', 'live', '18081:81');
    }
    expect(await host.fetch(18080)).toBe('live');
  });

  for (const network of ['bridge', 'slirp4netns'] as const) {
    it(`E5: what the first publish of a pod had started when it was killed ends, network ${network}`, async () => {
      await using host = await makeHost();
      await runningPod(host, '--network', network);
      const helpers = () => host.rootSh("pgrep -fa 'internal relay|nft -f' | grep -v pgrep || :");
      const startedAt = performance.now();
      await host.ok('pod', 'publish', 'live', '18081:81');
      const wholeMs = performance.now() - startedAt;
      await host.ok('pod', 'unpublish', 'live', '18081:81');
      const rounds = 10;
      for (let round = 1; round <= rounds; round++) {
        const killed = host.spawn(['peapod', 'pod', 'publish', 'live', '18081:81']);
        await pause((wholeMs * round) / rounds);
        await killed.stop();
        await host.ok('pod', 'exists', 'live');
        if ((await host.ok('port', 'web')) !== '') await host.ok('pod', 'unpublish', 'live', '18081:81');
        await eventually(async () => (await helpers()) === '');
        expect(await host.reachable(18081), `round ${round}`).toBe(false);
      }
      const refused = await host.peapod('pod', 'publish', 'live', '18081:81', '18081:80');
      expect(refused.exitCode).toBe(125);
      expect(await helpers()).toBe('');
    });
  }

  it('C7: what is refused changes nothing', async () => {
    await using host = await makeHost();
    await runningPod(host, '-p', '18080:80');
    await host.ok('pod', 'create', '--name', 'other', '-p', '18090:80');
    await host.ok('pod', 'create', '--name', 'alone', '--network', 'none');
    for (const [command, words] of [
      [['pod', 'publish', 'live', '18090:80'], /18090.*"other"/],
      [['pod', 'publish', 'live', '18081:81', '18090:81'], /18090.*"other"/],
      [['pod', 'publish', 'live', '18080:81'], /18080/],
      [['pod', 'publish', 'live', '99999:80'], /99999/],
      [['pod', 'publish', 'alone', '18085:80'], /alone.*none/],
      [['pod', 'publish', 'nobody', '18085:80'], /nobody/],
      [['pod', 'publish', 'live'], /port/],
      [['pod', 'unpublish', 'live', '5555'], /does not publish 5555/],
    ] as [string[], RegExp][]) {
      const outcome = await host.peapod(...command);
      expect(outcome.exitCode, command.join(' ')).toBe(125);
      expect(outcome.stderr).toMatch(/^Error: /);
      expect(outcome.stderr).toMatch(words);
    }
    expect(await host.ok('port', 'web')).toBe('80/tcp -> 0.0.0.0:18080');
    expect(await host.fetch(18080)).toBe('live');
    expect(await host.reachable(18081)).toBe(false);
  });
});
