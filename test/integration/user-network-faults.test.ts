import { expect, it } from 'vitest';
import { eventually } from '../support/command.ts';
import { describeForRoot, userHost } from '../support/host.ts';
import { webServer } from '../support/servers.ts';
import type { TestHost } from '../support/test-host.ts';

/** A pod with a published port, and a neighbour, on a network of an unprivileged user's. */
async function hostWithPods(): Promise<TestHost> {
  const host = await userHost({ internet: true });
  await host.ok('network', 'create', '--subnet', '10.91.1.0/24', 'net');
  await host.ok('pod', 'create', '--name', 'p', '--network', 'net', '-p', '18080:80');
  await host.ok('run', '-d', '--pod', 'p', '--name', 'web', 'host', ...webServer('still here', 80));
  await host.ok('run', '-d', '--name', 'peer', '--network', 'net', 'host', 'sleep', '1000');
  return host;
}

async function missing(host: TestHost): Promise<string[]> {
  return (await host.json<{ Network: { Missing: string[] } }>('pod', 'inspect', 'p')).Network.Missing;
}

async function expectAllThere(host: TestHost): Promise<void> {
  expect(await missing(host)).toEqual([]);
  expect(await host.ok('pod', 'ps', '--format', '{{.Addresses}} {{.Status}}')).toMatch(
    /10\.91\.1\.2.* Running/,
  );
  expect(await host.fetch(18080)).toBe('still here');
  expect(await host.fetchFrom('peer', 'p')).toBe('still here');
  expect(await host.fetchFrom('peer', '198.51.100.80')).toContain('internet, you are');
}

describeForRoot("an unprivileged user's bridge network whose processes are killed", () => {
  it.each([
    ['slirp4netns', '^slirp4netns'],
    ['relay', 'internal relay'],
    ['aardvark-dns', '^[^ ]*aardvark-dns'],
  ])('A3, C8: without its %s is seen, and comes back whole with pod start', async (helper, pattern) => {
    await using host = await hostWithPods();
    await expectAllThere(host);
    await host.rootSh(`kill -KILL $(pgrep -f '${pattern}' | grep -vx $$)`);
    await eventually(async () => (await missing(host)).length > 0);
    expect(await missing(host)).toEqual([helper]);
    await host.ok('pod', 'start', 'p');
    await expectAllThere(host);
  });

  it('A3, C8: without its keeper and all helpers comes back whole with pod start', async () => {
    await using host = await hostWithPods();
    const helpers = "pgrep -f '^slirp4netns|internal relay|^[^ ]*aardvark-dns' | grep -vx $$";
    await host.rootSh(`kill -KILL $(cut -d' ' -f1 ${host.runRoot}/keeper/state) $(${helpers})`);
    await host.ok('pod', 'start', 'p');
    await expectAllThere(host);
    // The killed keeper's own clock, which would end by itself.
    await host.rootSh("kill $(pgrep -f '^sleep 60$' -P 1)");
  });

  it('C8: has its rules from its first pod on, and again when it was idle, or its namespace lost', async () => {
    await using host = await hostWithPods();
    const loads = async (name: string) => {
      await host.ok('pod', 'create', '--name', name, '--network', 'net');
      const { stderr, exitCode } = await host.peapod('--log-level', 'debug', 'pod', 'start', name);
      expect(exitCode).toBe(0);
      expect(await host.ok('run', '--rm', '--pod', name, 'host', 'curl', '-s', '198.51.100.80')).toContain(
        'internet, you are',
      );
      return / nft -f -/.test(stderr.replaceAll('/usr/sbin/', ''));
    };
    expect(await loads('second')).toBe(false);
    await host.ok('network', 'create', 'other');
    await host.ok('run', '-d', '--name', 'keeps', '--network', 'other', 'host', 'sleep', '1000');
    await host.ok('pod', 'rm', '--all', '--force', '--time', '0');
    await host.ok('rm', '--force', '--time', '0', 'peer');
    expect(await loads('again')).toBe(true);
    expect(await loads('more')).toBe(false);
    // With all that holds it the namespace is gone, and nobody has tidied up.
    await host.rootSh(
      `kill -KILL $(cut -d' ' -f1 ${host.runRoot}/keeper/state) $(pgrep -f '^conmon|^sleep|^slirp4netns')`,
    );
    expect(await loads('after')).toBe(true);
  });

  it('C8: comes with the first pod and goes with the last, whatever comes and goes between', async () => {
    await using host = await hostWithPods();
    const slirps = async () => (await host.rootSh('pgrep -c ^slirp4netns || :')).trim();
    expect(await slirps()).toBe('1');
    await host.ok('network', 'create', 'other');
    await host.ok('network', 'connect', 'other', 'peer');
    await host.ok('network', 'disconnect', 'net', 'peer');
    await host.ok('pod', 'rm', '--force', '--time', '0', 'p');
    expect(await slirps()).toBe('1');
    await host.ok('network', 'disconnect', 'other', 'peer');
    // It has been killed, and takes a moment to be gone.
    await eventually(async () => (await slirps()) === '0');
    await host.ok('network', 'connect', 'net', 'peer');
    expect(await host.fetchFrom('peer', '198.51.100.80')).toContain('internet, you are');
  });
});
