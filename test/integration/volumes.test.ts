import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { busyboxImage, ociArchive } from '../fixtures/images.ts';
import { makeTar } from '../fixtures/tar.ts';
import { describeForBoth } from '../support/host.ts';
import type { TestHost } from '../support/test-host.ts';

/** An image with a VOLUME whose files are not root's, and an empty directory that everybody may write to. */
async function loadImage(host: TestHost): Promise<void> {
  const layer = {
    files: [
      { path: 'data/', type: 'directory' as const, mode: 0o750, uid: 7, gid: 8 },
      { path: 'data/file', content: 'from the image\n', uid: 7, gid: 8 },
      { path: 'data/sub/', type: 'directory' as const, uid: 7, gid: 8 },
      { path: 'data/sub/link', type: 'symlink' as const, link: '/etc/passwd', uid: 9, gid: 9 },
      { path: 'open/', type: 'directory' as const, mode: 0o1777 },
      { path: 'linked', type: 'symlink' as const, link: '/data' },
    ],
  };
  const image = busyboxImage({ Volumes: { '/data': {} }, Cmd: ['true'] }, [layer]);
  const archive = join(host.dir, 'volumes.tar');
  writeFileSync(archive, ociArchive({ image, name: 'volumes:1' }));
  await host.ok('load', '-i', archive);
}

const run = ['run', '--rm', '--network', 'none'];

describeForBoth('volumes', (makeHost) => {
  it('B5: create, ls, inspect, exists and rm, in podman’s words', async () => {
    await using host = await makeHost();
    expect(await host.ok('volume', 'create', '-l', 'tier=db', '-l', 'bare', 'data')).toBe('data');
    const anonymous = await host.ok('volume', 'create');
    expect(anonymous).toMatch(/^[0-9a-f]{64}$/);
    const again = await host.peapod('volume', 'create', 'data');
    expect(again.stderr).toMatch(/^Error: volume with name data already exists: volume already exists\n/);
    expect(await host.ok('volume', 'create', '--ignore', 'data')).toBe('data');
    expect(await host.ok('volume', 'ls', '-q')).toBe([anonymous, 'data'].toSorted().join('\n'));
    expect(await host.ok('volume', 'ls')).toMatch(/^DRIVER {6}VOLUME NAME *\n(local .*\n?){2}/);
    for (const [filter, names] of [
      ['name=^da', 'data'],
      ['label=tier', 'data'],
      ['label=tier=web', ''],
      ['label!=tier', anonymous],
      ['anonymous=true', anonymous],
      ['dangling=false', ''],
      ['driver=other', ''],
    ] as const)
      expect(await host.ok('volume', 'ls', '-q', '-f', filter), filter).toBe(names);
    expect((await host.peapod('volume', 'ls', '-f', 'foo=x')).stderr).toMatch(
      /^Error: "foo" is an invalid volume filter/,
    );
    const [shown] = await host.json<Record<string, unknown>[]>('volume', 'inspect', 'data');
    expect(shown).toMatchObject({
      Name: 'data',
      Driver: 'local',
      Labels: { tier: 'db', bare: '' },
      Scope: 'local',
      Options: {},
      MountCount: 0,
      NeedsCopyUp: true,
      NeedsChown: true,
    });
    expect(await host.sh(`test -d ${shown?.Mountpoint} && echo there`)).toBe('there');
    expect(await host.ok('volume', 'inspect', '-f', '{{.Name}} {{.Labels}}', anonymous.slice(0, 12))).toBe(
      `${anonymous} map[]`,
    );
    expect((await host.peapod('volume', 'exists', 'data')).exitCode).toBe(0);
    expect((await host.peapod('volume', 'exists', 'nothing')).exitCode).toBe(1);
    const missing = await host.peapod('volume', 'rm', 'nothing', 'data');
    expect(missing).toMatchObject({ exitCode: 1, stdout: 'data\n' });
    expect(missing.stderr).toMatch(/^Error: no volume with name "nothing" found: no such volume/);
    expect(await host.ok('volume', 'rm', '--all')).toBe(anonymous);
    expect(await host.sh(`ls -A $(dirname $(dirname ${shown?.Mountpoint}))/.removed`)).toBe('');
  });

  it('B5: -v makes a named volume, which outlives its containers and is filled from the image once', async () => {
    await using host = await makeHost();
    await loadImage(host);
    const list = ['ls', '-lnA', '/data', '/data/sub'];
    const first = await host.ok(...run, '-v', 'mine:/data', 'volumes:1', ...list);
    expect(first).toMatch(/-rw-r--r-- +1 7 +8 .* file\n/);
    expect(first).toMatch(/lrwxrwxrwx +1 9 +9 .* link -> \/etc\/passwd/);
    expect(await host.ok(...run, '-v', 'mine:/data', 'volumes:1', 'stat', '-c', '%u:%g %a', '/data')).toBe(
      '7:8 750',
    );
    await host.ok(...run, '-v', 'mine:/data', 'volumes:1', 'sh', '-c', 'rm /data/file; echo own >/data/own');
    expect(await host.ok(...run, '-v', 'mine:/data', 'volumes:1', 'ls', '/data')).toBe('own\nsub');
    // Through a symlink of the image, with a mode of its own, without any copy.
    expect(await host.ok(...run, '-v', 'link:/linked', 'volumes:1', 'cat', '/data/file')).toBe(
      'from the image',
    );
    expect(await host.ok(...run, '-v', 'open:/open', 'volumes:1', 'stat', '-c', '%a', '/open')).toBe('1777');
    expect(await host.ok(...run, '-v', 'bare:/data:nocopy', 'volumes:1', 'ls', '-A', '/data')).toBe('');
    expect(
      await host.ok(...run, '-u', '5:6', '-v', 'user:/new', 'volumes:1', 'stat', '-c', '%u:%g', '/new'),
    ).toBe('5:6');
    expect(await host.ok('volume', 'ls', '-q')).toBe('bare\nlink\nmine\nopen\nuser');
    expect(await host.ok('volume', 'prune', '--dry-run')).toBe('bare\nlink\nmine\nopen\nuser');
    expect(await host.ok('volume', 'prune', '-f', '--filter', 'name=e')).toBe('bare\nmine\nopen\nuser');
    expect(await host.ok('volume', 'prune', '-f')).toBe('link');
  });

  it('B5: a copy that was killed is made again, files of the user’s own are left alone', async () => {
    await using host = await makeHost();
    await loadImage(host);
    const half = await host.sh(
      'dir=$(peapod volume mount $(peapod volume create half)); touch $dir/half $dir/../filling; echo $dir',
    );
    await host.sh('touch $(peapod volume mount $(peapod volume create own))/own');
    expect(await host.ok(...run, '-v', 'half:/data', 'volumes:1', 'ls', '/data')).toBe('file\nhalf\nsub');
    expect(await host.ok(...run, '-v', 'own:/data', 'volumes:1', 'ls', '/data')).toBe('own');
    expect(await host.sh(`ls $(dirname ${half})`)).not.toContain('filling');
  });

  it('E3: of several first containers of a volume one fills it, and none finds a half', async () => {
    await using host = await makeHost();
    await loadImage(host);
    const lists = await Promise.all(
      Array.from({ length: 5 }, () => host.ok(...run, '-v', 'new:/data', 'volumes:1', 'cat', '/data/file')),
    );
    expect(new Set(lists)).toEqual(new Set(['from the image']));
  });

  it('B5: a volume in use is refused by the ids of its containers, --force removes them', async () => {
    await using host = await makeHost();
    const id = await host.ok('create', '--network', 'none', '-v', 'used:/data', 'host', 'true');
    const refused = await host.peapod('volume', 'rm', 'used');
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toMatch(
      `Error: volume used is being used by the following container(s): ${id}: volume is being used\n`,
    );
    expect(await host.ok('volume', 'prune', '-f')).toBe('');
    expect(await host.ok('volume', 'ls', '-q', '-f', 'dangling=true')).toBe('');
    expect(await host.ok('volume', 'rm', '-f', 'used')).toBe('used');
    expect(await host.ok('ps', '-aq')).toBe('');
  });

  it('B5: anonymous volumes have ids for names and go with --rm, rm -v and their pod, not with rm', async () => {
    await using host = await makeHost();
    await loadImage(host);
    await host.ok(...run, '-v', '/more', 'volumes:1');
    expect(await host.ok('volume', 'ls', '-q')).toBe('');
    await host.ok('create', '--name', 'c', '-v', '/more', '-v', 'named:/named', 'volumes:1');
    const mounts = await host.json<Record<string, unknown>[]>('inspect', '-f', '{{json .Mounts}}', 'c');
    expect(mounts).toHaveLength(3);
    const [more, named] = mounts;
    expect(named).toMatchObject({
      Type: 'volume',
      Name: 'named',
      Destination: '/named',
      Driver: 'local',
      Mode: '',
      Options: ['nosuid', 'nodev', 'rbind'],
      RW: true,
      Propagation: 'rprivate',
    });
    expect(more?.Name).toMatch(/^[0-9a-f]{64}$/);
    expect(more?.Source).toMatch(new RegExp(`/volumes/${more?.Name}/_data$`));
    expect(await host.ok('ps', '-a', '--filter', 'volume=named', '--format', '{{.Names}}')).toBe('c');
    expect(await host.ok('ps', '-a', '--filter', 'volume=named:/other', '-q')).toBe('');
    await host.ok('rm', '-v', 'c');
    expect(await host.ok('volume', 'ls', '-q')).toBe('named');
    await host.ok('create', '--name', 'c', 'volumes:1');
    await host.ok('rm', 'c');
    expect(await host.ok('volume', 'prune', '-f')).toMatch(/^[0-9a-f]{64}\nnamed$/);
    await host.ok('pod', 'create', '--name', 'p');
    await host.ok('create', '--pod', 'p', 'volumes:1');
    await host.ok('pod', 'rm', '-f', 'p');
    expect(await host.ok('volume', 'ls', '-q')).toBe('');
  });

  it('B5: what fails to start leaves no volume that it made', async () => {
    await using host = await makeHost();
    const outcome = await host.peapod(
      'run',
      '--network',
      'none',
      '-v',
      'new:/x',
      '-v',
      '/y',
      'host',
      'nothing-like-it',
    );
    expect(outcome.exitCode).toBe(127);
    expect(await host.ok('volume', 'ls', '-q')).toBe('');
  });

  it('B5: the containers of a pod share a volume, each with its own options; :U gives it away', async () => {
    await using host = await makeHost();
    await host.ok('pod', 'create', '--name', 'p', '--network', 'none');
    const loop = 'until [ -e /v/go ]; do sleep 0.02; done; cat /v/go';
    await host.ok('run', '-d', '--pod', 'p', '--name', 'reader', '-v', 'v:/v:ro', 'host', 'sh', '-c', loop);
    const write = 'echo shared >/w/tmp && mv /w/tmp /w/go; stat -c %u:%g:%a /w; id -u';
    expect(
      await host.ok('run', '--rm', '--pod', 'p', '-u', '33:44', '-v', 'v:/w:U', 'host', 'sh', '-c', write),
    ).toBe('33:44:755\n33');
    expect(await host.ok('wait', 'reader')).toBe('0');
    expect(await host.ok('logs', 'reader')).toBe('shared');
    const denied = await host.peapod(...run, '-v', 'v:/v:ro', 'host', 'touch', '/v/x');
    expect(denied.stderr).toContain('Read-only file system');
  });

  it('B5: :O takes writes and forgets them, or keeps them where it is told to', async () => {
    await using host = await makeHost();
    await host.sh(`mkdir -p ~/lower ~/up ~/work; echo low >~/lower/file; chmod 750 ~/lower`);
    const home = await host.sh('echo ~');
    const create = [
      'create',
      '--network',
      'none',
      '--name',
      'o',
      '-v',
      `${home}/lower:/v:O`,
      '-v',
      'vol:/w:O',
    ];
    await host.ok(...create, 'host', 'sh', '-c', 'ls /v /w; stat -c %a /v; echo x >/v/new; echo x >/w/new');
    for (const _ of [1, 2]) {
      const { stdout } = await host.peapod('start', '-a', 'o');
      expect(stdout).toBe('/v:\nfile\n\n/w:\n750\n');
    }
    expect(await host.sh('ls ~/lower')).toBe('file');
    const layers = `${home}/lower:/v:O,upperdir=${home}/up,workdir=${home}/work`;
    await host.ok(...run, '-v', layers, 'host', 'touch', '/v/kept');
    expect(await host.sh('ls ~/lower ~/up')).toMatch(/lower:\nfile\n\n.*up:\nkept$/);
  });

  it('B5: tmpfs and bind volumes, shared while they are used and gone or left afterwards', async () => {
    await using host = await makeHost();
    const home = await host.sh('mkdir ~/dir; echo here >~/dir/file; echo ~');
    await host.ok('volume', 'create', '-o', 'type=tmpfs', '-o', 'o=size=2m,mode=1777', 'mem');
    await host.ok('volume', 'create', '-o', 'o=bind,ro', '-o', `device=${home}/dir`, 'dir');
    const keep = ['run', '-d', '--network', 'none', '-v', 'mem:/m', 'host'];
    const a = await host.ok(...keep, 'sh', '-c', 'echo one >/m/one; exec sleep 1000');
    const b = await host.ok(...keep, 'sleep', '1000');
    expect(await host.ok('exec', b, 'sh', '-c', 'cat /m/one; stat -f -c %T /m; df -k /m | tail -1')).toMatch(
      /^one\ntmpfs\n\S+ +2048 /,
    );
    expect(await host.ok('volume', 'inspect', '-f', '{{.MountCount}} {{.Options.type}}', 'mem')).toBe(
      '2 tmpfs',
    );
    await host.ok('rm', '-f', '-t', '0', a);
    expect(await host.ok('exec', b, 'cat', '/m/one')).toBe('one');
    await host.ok('rm', '-f', '-t', '0', b);
    expect(await host.ok(...run, '-v', 'mem:/m', 'host', 'ls', '-A', '/m')).toBe('');
    expect((await host.peapod('volume', 'export', '-o', '/dev/null', 'mem')).stderr).toMatch(
      /^Error: volume mem is a tmpfs that exists only while containers have it mounted/,
    );
    const bound = await host.peapod(...run, '-v', 'dir:/d', 'host', 'sh', '-c', 'cat /d/file; touch /d/x');
    expect(bound.stdout).toBe('here\n');
    expect(bound.stderr).toContain('Read-only file system');
    expect(await host.ok('volume', 'rm', '-a')).toBe('dir\nmem');
    expect(await host.sh('cat ~/dir/file')).toBe('here');
  });

  it('B5: owners by o=uid,gid; export and import keep the ids that containers see', async () => {
    await using host = await makeHost();
    await host.ok('volume', 'create', '-o', 'o=uid=33,gid=44', 'owned');
    expect(await host.ok(...run, '-v', 'owned:/o', 'host', 'stat', '-c', '%u:%g', '/o')).toBe('33:44');
    const write = 'echo text >/o/f; chown 1000:999 /o/f; chmod 640 /o/f';
    await host.ok(...run, '-v', 'owned:/o', 'host', 'sh', '-c', write);
    await host.sh('peapod volume export owned >~/plain.tar; gzip -k ~/plain.tar');
    expect(await host.sh('tar --numeric-owner -tvf ~/plain.tar')).toMatch(
      /^drwxr-xr-x 33\/44 .* \.\/\n-rw-r----- 1000\/999 .* f$/,
    );
    await host.ok('volume', 'create', 'copy');
    await host.sh('peapod volume import copy - <~/plain.tar.gz');
    const look = ['stat', '-c', '%u:%g:%a', '/o', '/o/f'];
    expect(await host.ok(...run, '-v', 'copy:/o', 'host', ...look)).toBe('33:44:755\n1000:999:640');
    for (const [words, message] of [
      [['import', 'copy', '/no/such.tar'], 'open /no/such.tar: no such file or directory'],
      [['import', 'none', '/etc/passwd'], 'no volume with name "none" found'],
      [['import', 'copy', '/etc/passwd'], 'importing into volume copy: '],
      [['export', '-o', '/no/such/dir.tar', 'copy'], 'open /no/such/dir.tar: no such file or directory'],
    ] as const) {
      const outcome = await host.peapod('volume', ...words);
      expect(outcome.exitCode, words.join(' ')).toBe(125);
      expect(outcome.stderr).toContain(`Error: ${message}`);
    }
  });

  it('E6: an archive does not write through a link that a container has left in the volume', async () => {
    await using host = await makeHost();
    await host.sh('mkdir ~/outside; echo mine >~/outside/file');
    const home = await host.sh('echo ~');
    await host.ok(...run, '-v', 'v:/v', 'host', 'ln', '-s', `${home}/outside`, '/v/link');
    host.write('/tmp/hostile.tar', makeTar([{ path: 'link/file', content: 'theirs\n' }]));
    const outcome = await host.peapod('volume', 'import', 'v', '/tmp/hostile.tar');
    expect(outcome.exitCode).toBe(125);
    expect(await host.sh('cat ~/outside/file')).toBe('mine');
  });
});
