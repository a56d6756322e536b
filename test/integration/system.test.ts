import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { busyboxImage, ociArchive } from '../fixtures/images.ts';
import { pause } from '../support/command.ts';
import { describeForBoth } from '../support/host.ts';
import type { TestHost } from '../support/test-host.ts';

async function loadImage(host: TestHost, name: string, content = 'x'.repeat(1000)): Promise<void> {
  const layer = { files: [{ path: 'big', content }] };
  const archive = join(host.dir, 'image.tar');
  writeFileSync(archive, ociArchive({ image: busyboxImage({ Cmd: ['true'] }, [layer]), name }));
  await host.ok('load', '-i', archive);
}

/** Where the ids of pods and containers stand. */
const columns =
  'containers.id volume_users.container_id sandboxes.id pods.id names.id ports.sandbox_id'.split(' ');

const none = ['--network', 'none'];

interface Row {
  readonly Type: string;
  readonly Total: number;
  readonly Active: number;
  readonly RawSize: number;
  readonly RawReclaimable: number;
}

describeForBoth('the system', (makeHost) => {
  it('B9: df counts shared layers once, prune removes only what is unused, and --dry-run shows it', async () => {
    await using host = await makeHost();
    await loadImage(host, 'used:1');
    await loadImage(host, 'unused:1', 'y'.repeat(5000));
    await host.ok('volume', 'create', 'free');
    await host.ok('network', 'create', 'lonely');
    await host.ok('network', 'create', 'taken');
    await host.ok(
      'run',
      '-d',
      ...none,
      '--name',
      'up',
      '-v',
      'held:/h',
      'used:1',
      'sh',
      '-c',
      'echo 123 >/h/f; exec sleep 1000',
    );
    await host.ok(
      'run',
      ...none,
      '--name',
      'down',
      '-v',
      'freed:/f',
      'used:1',
      'sh',
      '-c',
      'echo 12345678 >/w',
    );
    await host.ok('create', '--network', 'taken', '--name', 'on-taken', 'host', 'true');
    await host.ok('pod', 'create', '--name', 'waiting', ...none);
    const df = await host.json<Row[]>('system', 'df', '--format', 'json');
    const row = (type: string) => df.find(({ Type }) => Type === type);
    expect(row('Images')).toMatchObject({ Total: 2, Active: 1, RawReclaimable: 5000 });
    expect(row('Containers')).toMatchObject({ Total: 3, Active: 1 });
    expect(row('Containers')?.RawReclaimable).toBeGreaterThanOrEqual(9);
    expect(row('Local Volumes')).toMatchObject({ Total: 3, Active: 2, RawSize: 4, RawReclaimable: 0 });
    expect(await host.ok('system', 'df')).toMatch(
      /^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE *\nImages +2 +1 +\S+B +5kB \(\d+%\)/,
    );
    expect(await host.ok('system', 'df', '-v')).toMatch(/\nheld +1 +4B/);

    const ids = async (...args: string[]) => (await host.ok(...args)).split('\n').toSorted();
    const unused = await ids(
      'ps',
      '-aq',
      '--no-trunc',
      '--filter',
      'status=exited',
      '--filter',
      'status=created',
    );
    expect(unused).toHaveLength(2);
    // As another runtime would have made it: it may have a stopped container there.
    const conflist = await host.ok('network', 'inspect', '-f', '{{.ConfigFile}}', 'lonely');
    const foreign = conflist.replace('lonely.conflist', 'foreign.conflist');
    await host.sh(
      `sed 's/"lonely"/"foreign"/; s/cni-podman[0-9]*/cni-foreign/; s/10[.]89/10.99/g' ${conflist} >${foreign}`,
    );
    const all = 'peapod ps -aq; peapod volume ls; peapod images -q; peapod network ls; peapod pod ps -q';
    const before = await host.sh(all);
    const dry = await host.ok('system', 'prune', '--dry-run', '--all', '--volumes');
    expect(await host.sh(all)).toBe(before);
    const wet = await host.ok('system', 'prune', '-f', '--all', '--volumes');
    expect(wet).toBe(dry.replaceAll('Would delete', 'Deleted').replace('reclaimable', 'reclaimed'));
    const [, containers = '', networks = '', volumes = '', images = ''] =
      /^Deleted Containers\n([^D]*)\nDeleted Networks\n([^D]*)\nDeleted Volumes\n([^D]*)\nDeleted Images\n([^T]*)\nTotal/.exec(
        wet,
      ) ?? [];
    expect(containers.split('\n').toSorted()).toEqual(unused);
    expect(networks.split('\n').toSorted()).toEqual(['lonely', 'taken']);
    expect(volumes.split('\n')).toEqual(['free', 'freed']);
    expect(images).toMatch(/^[0-9a-f]{64}$/);
    expect(await host.ok('ps', '--format', '{{.Names}}')).toBe('up');
    expect(await host.ok('pod', 'ps', '--format', '{{.Name}}')).toBe('waiting');
    expect(await host.ok('volume', 'ls', '-q')).toBe('held');
    expect(await host.ok('network', 'prune', '--dry-run')).toBe('foreign');
    expect((await host.peapod('system', 'prune', '-f', '--filter', 'foo=x')).stderr).toMatch(
      /^Error: foo is an invalid filter/,
    );
    const asked = await host.peapod('system', 'prune');
    expect(asked.stdout).toMatch(/^WARNING! This command removes:\n\t- all stopped containers\n/);
  });

  it('E5: check says nothing of what is in use, names what is not, and repairs it', async () => {
    await using host = await makeHost();
    // At a path that is the same for the test, which makes the store forget.
    const root = `${host.dir}/store`;
    await host.rootSh(`install -d -o ${host.rootless ? host.user.name : 'root'} ${root}`);
    const ok = (...words: string[]) => host.ok('--root', root, ...words);
    const check = (...words: string[]) => host.peapod('--root', root, 'system', 'check', ...words);
    await host.sh(`printf x | peapod --root ${root} secret create s -`);
    await ok('pod', 'create', '--name', 'p', '--share', '+pid', '-p', '8080:80');
    const member = ['run', '-d', '--pod', 'p', '--name', 'a', '-v', 'v:/v', '--secret', 's'];
    await ok(...member, 'host', 'sleep', '1000');
    await ok('network', 'create', 'net');
    await ok('run', '-d', '--network', 'net', '--name', 'b', '-p', '8081:80', 'host', 'sleep', '1000');
    await ok('create', ...none, '--name', 'c', '-v', '/anonymous', 'host', 'true');
    expect(await check()).toEqual({ exitCode: 0, stdout: 'Nothing is leaked.\n', stderr: '' });
    const forget = (id: string) => {
      const db = new DatabaseSync(join(root, 'peapod.db'));
      db.exec('PRAGMA foreign_keys = OFF; PRAGMA busy_timeout = 5000');
      for (const column of columns) {
        const [table, key] = column.split('.');
        db.exec(`DELETE FROM ${table} WHERE ${key} = '${id}'`);
      }
      db.close();
    };
    for (const name of ['b', 'c', 'a']) forget(await ok('inspect', '-f', '{{.Id}}', name));
    forget(await ok('pod', 'inspect', '-f', '{{.Id}}', 'p'));
    await host.sh(`mkdir -p ${root}/volumes/lost/_data; echo x >${root}/secrets/0123456789abcdef`);
    const found = await check('--format', 'json');
    expect(found.exitCode).toBe(1);
    const leaks = JSON.parse(found.stdout) as { Kind: string; Repaired: boolean }[];
    const kinds = leaks.map(({ Kind }) => Kind);
    for (const kind of ['process', 'mount', 'address', 'directory', 'file']) expect(kinds).toContain(kind);
    if (!host.rootless) expect(kinds).toContain('rule');
    expect(leaks.every(({ Repaired }) => !Repaired)).toBe(true);
    const repaired = await check('--repair');
    expect(repaired.stdout).not.toMatch(/^leaked/m);
    expect(repaired).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await check()).toEqual({ exitCode: 0, stdout: 'Nothing is leaked.\n', stderr: '' });
    expect(await ok('volume', 'ls', '-q', '-f', 'name=lost')).toBe('lost');
    expect(await host.sh(`ls ${root}/secrets ${root}/containers`)).not.toMatch(
      /0123456789abcdef|[0-9a-f]{64}/,
    );
    await ok('system', 'reset', '-f');
  });

  it('E5: a run that is killed at any instant leaves nothing that the next command does not take back', async () => {
    await using host = await makeHost();
    await host.sh('printf x | peapod secret create s -; peapod network create net');
    const words = ['--network', 'net', '-p', '8080:80', '-v', 'v:/v', '-v', '/anonymous', '--secret', 's'];
    const startedAt = performance.now();
    await host.ok('run', '-d', '--name', 'whole', ...words, 'host', 'sleep', '1000');
    const wholeMs = performance.now() - startedAt;
    await host.ok('rm', '-f', '-v', '-t', '0', 'whole');
    for (let round = 1; round <= 5; round++) {
      const run = host.spawn(['peapod', 'run', '-d', '--name', 'killed', ...words, 'host', 'sleep', '1000']);
      await pause((wholeMs * round) / 6);
      await run.stop();
      expect(await host.ok('system', 'check'), `round ${round}`).toBe('Nothing is leaked.');
      await host.ok('rm', '-f', '-i', '-v', '-t', '0', 'killed');
      expect(await host.ok('system', 'check'), `after round ${round}`).toBe('Nothing is leaked.');
      expect(await host.ok('volume', 'ls', '-q', '-f', 'anonymous=true')).toBe('');
    }
  });

  it('E5: what another store has made in the same runtime directory is named and stays', async () => {
    await using host = await makeHost();
    const other = ['--root', `${await host.sh('echo ~')}/other`];
    const id = await host.ok(...other, 'run', '-d', ...none, 'host', 'sleep', '1000');
    const checked = await host.peapod('system', 'check', '--repair');
    expect(checked.exitCode).toBe(1);
    expect(checked.stdout).toContain('another store may use this directory');
    expect(await host.ok(...other, 'exec', id, 'echo', 'alive')).toBe('alive');
    await host.ok(...other, 'rm', '-f', '-t', '0', id);
    expect(await host.ok('system', 'check')).toBe('Nothing is leaked.');
    await host.ok(...other, 'system', 'reset', '-f');
  });

  it('B9: reset removes all that peapod has, nothing of others, and all can begin anew', async () => {
    await using host = await makeHost();
    await loadImage(host, 'img:1');
    await host.sh('printf x | peapod secret create s -');
    await host.ok('network', 'create', 'net');
    await host.ok('pod', 'create', '--name', 'p', '-p', '8080:80');
    await host.ok(
      'run',
      '-d',
      '--pod',
      'p',
      '-v',
      'v:/v',
      'img:1',
      'sh',
      '-c',
      'touch /v/f; chown 5:5 /v /v/f; chmod 700 /v; exec sleep 1000',
    );
    await host.ok('run', '-d', '--network', 'net', 'host', 'sleep', '1000');
    const root = (await host.ok('info', '--format', '{{.Store.Database}}')).replace(/\/peapod\.db$/, '');
    await host.sh(`echo mine >${root}/not-of-peapod`);
    const asked = await host.exec(['peapod', 'system', 'reset'], { input: 'n\n' });
    expect(asked.stdout).toMatch(/^WARNING! This will remove:\n {8}- all containers\n/);
    expect(await host.ok('ps', '-q')).not.toBe('');
    await host.ok('system', 'reset', '--force');
    expect(await host.sh(`ls -A ${root}`)).toBe('not-of-peapod');
    expect(await host.sh(`ls -A ${host.runRoot} 2>/dev/null || true`)).toBe('');
    expect(await host.leftovers()).toEqual([]);
    expect(await host.ok('ps', '-aq')).toBe('');
    expect(await host.ok('network', 'ls', '-q')).toContain('net');
    expect(await host.ok('run', '--rm', ...none, 'host', 'echo', 'anew')).toBe('anew');
  });

  it('B1: info has podman’s names', async () => {
    await using host = await makeHost();
    const {
      host: machine,
      store,
      plugins,
      version,
    } = await host.json<Record<string, Record<string, unknown>>>('info', '--format', 'json');
    expect(machine).toMatchObject({
      cgroupVersion: expect.stringMatching(/^v[12]$/),
      eventLogger: 'file',
      os: 'linux',
      memTotal: expect.any(Number),
      swapFree: expect.any(Number),
      uptime: expect.stringMatching(/^\d+h \d+m \d+\.00s/),
      security: { rootless: host.rootless, seccompEnabled: true },
      ociRuntime: { name: 'crun', version: expect.stringContaining('crun version') },
    });
    expect(store).toMatchObject({ containerStore: { number: 0 }, graphRootUsed: expect.any(Number) });
    expect(plugins?.volume).toEqual(['local']);
    expect(version).toMatchObject({
      OsArch: expect.stringMatching(/^linux\//),
      GoVersion: expect.stringMatching(/^bun \d/),
      BuiltTime: expect.stringMatching(/^\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d 20\d\d$/),
    });
    expect((version?.Built as number) * 1000).toBeLessThan(Date.now());
    const maps = machine?.idMappings as { uidmap: { container_id: number; host_id: number }[] | null };
    if (host.rootless) expect(maps.uidmap?.[0]).toEqual({ container_id: 0, host_id: host.user.uid, size: 1 });
    else expect(maps.uidmap).toBeNull();
  });

  it('B5: unshare shows files as containers see them', async () => {
    await using host = await makeHost();
    const outcome = await host.exec(['peapod', 'unshare', 'sh', '-c', 'id -u; pwd; exit 3'], {});
    if (!host.rootless) {
      expect(outcome.exitCode).toBe(125);
      expect(outcome.stderr).toMatch(/^Error: please use unshare with rootless\n/);
      return;
    }
    expect(outcome).toMatchObject({ exitCode: 3, stderr: '' });
    expect(outcome.stdout).toMatch(/^0\n\//);
    await host.ok('run', '--rm', ...none, '-v', 'v:/v', 'host', 'sh', '-c', 'echo x >/v/f; chown 33:33 /v/f');
    const file = `${await host.ok('volume', 'mount', 'v')}/f`;
    expect(await host.ok('unshare', 'stat', '-c', '%u', file)).toBe('33');
    expect(await host.sh(`stat -c %u ${file}`)).not.toBe('33');
    expect((await host.peapod('unshare', 'no-such-program')).exitCode).toBe(127);
  });
});
