import { expect, it } from 'vitest';
import { describeForBoth } from '../support/host.ts';
import { webServer } from '../support/servers.ts';
import type { TestHost } from '../support/test-host.ts';

/** Everything below it goes, and what runs goes on. Mounts in root's own stay where they are. */
const remove = (host: TestHost) => host.rootSh(`rm -rf ${host.runRoot} 2>/dev/null || :`);

/** With the mounts in it. */
const removeWhole = (host: TestHost) =>
  host.rootSh(`
    cut -d' ' -f5 /proc/self/mountinfo | grep '^${host.runRoot}/' | tac | xargs -r umount --lazy
    rm -rf ${host.runRoot}`);

const helpers = (host: TestHost) =>
  host.rootSh(
    "ps -o args= ax | grep -cE 'internal relay |^slirp4netns |aardvark-dns .*run$|^sleep infinity|peapod-keeper' || :",
  );

async function runPods(host: TestHost): Promise<void> {
  await host.ok('network', 'create', 'net');
  await host.ok('pod', 'create', '--name', 'web', '-p', '18080:80', '--network', 'net', '--share', '+pid');
  await host.ok('run', '-d', '--pod', 'web', '--name', 'server', 'host', ...webServer('web', 80));
  await host.ok('pod', 'create', '--name', 'lone', '-p', '18081:80', '--network', 'slirp4netns');
  await host.ok('run', '-d', '--pod', 'lone', '--name', 'other', 'host', ...webServer('lone', 80));
}

describeForBoth('a runtime directory that is removed under what runs', (makeHost) => {
  for (const [how, wipe] of [
    ['by rm', remove],
    ['with its mounts', removeWhole],
  ] as const) {
    it(`E4: pods come back with their first start, and nothing of their former life stays; removed ${how}`, async () => {
      await using host = await makeHost();
      await runPods(host);
      const before = await helpers(host);
      const address = await host.ok('inspect', '-f', '{{.NetworkSettings.Networks.net.IPAddress}}', 'server');
      await wipe(host);
      const refused = await host.peapod('exec', 'server', 'true');
      expect(refused.stderr).toMatch(/^Error: the runtime directory of server is gone\nhint: peapod restart/);

      expect(await host.ok('ps', '--format', '{{.Names}} {{.State}}')).toContain('server running');
      await host.ok('pod', 'start', 'web', 'lone');
      expect(await host.fetch(18080)).toBe('web');
      expect(await host.fetch(18081)).toBe('lone');
      expect(await host.ok('inspect', '-f', '{{.NetworkSettings.Networks.net.IPAddress}}', 'server')).toBe(
        address,
      );
      expect(await host.ok('run', '--rm', '--network', 'net', 'host', 'getent', 'hosts', 'web')).toContain(
        address,
      );
      expect(await host.ok('system', 'check')).toBe('Nothing is leaked.');
      expect(await helpers(host)).toBe(before);
      await host.ok('pod', 'rm', '--all', '--force');
    });
  }

  it('E4: pods and containers can be restarted, stopped and removed', async () => {
    await using host = await makeHost();
    await runPods(host);
    await host.ok('run', '-d', '--name', 'alone', '-p', '18082:80', 'host', ...webServer('alone', 80));
    await remove(host);
    await host.ok('pod', 'rm', '--force', 'web');
    await host.ok('pod', 'stop', '--time', '0', 'lone');
    expect(await host.reachable(18080)).toBe(false);
    expect(await host.reachable(18081)).toBe(false);
    await host.ok('restart', '--time', '0', 'alone');
    expect(await host.fetch(18082)).toBe('alone');
    await host.ok('pod', 'create', '--name', 'new', '-p', '18080:80', '--network', 'net');
    await host.ok('pod', 'start', 'new', 'lone');
    expect(await host.fetch(18081)).toBe('lone');
    expect(await host.ok('system', 'check')).toBe('Nothing is leaked.');
  });
});
