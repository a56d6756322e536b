import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { busyboxImage, ociArchive } from '../fixtures/images.ts';
import { describeForBoth, userHost } from '../support/host.ts';
import type { TestHost } from '../support/test-host.ts';

const run = ['run', '--rm', '--network', 'none'];

/** busybox whose `linked` /etc/passwd leads out of its root. */
async function loadImages(host: TestHost): Promise<void> {
  const link = { path: 'etc/passwd', type: 'symlink' as const, link: join(host.dir, 'outside') };
  for (const [name, files] of [
    ['box:1', []],
    ['linked:1', [link]],
  ] as const) {
    const image = busyboxImage({ Cmd: ['true'] }, files.length > 0 ? [{ files: [...files] }] : []);
    const path = join(host.dir, 'image.tar');
    writeFileSync(path, ociArchive({ image, name }));
    await host.ok('load', '-q', '-i', path);
  }
}

describeForBoth('/etc/passwd of a container', (makeHost) => {
  it('B4: a user without a line gets one, once, at home in the working directory; its groups stay', async () => {
    await using host = await makeHost();
    await loadImages(host);
    const show = 'id; echo $HOME; busybox tail -n 1 /etc/passwd /etc/group | grep 4321';
    await host.ok(
      'create',
      '--network',
      'none',
      '--name',
      'c',
      '-u',
      '4321',
      '-w',
      '/tmp',
      'box:1',
      'sh',
      '-c',
      show,
    );
    const shown =
      'uid=4321(4321) gid=0(root) groups=0(root)\n/tmp\n4321:*:4321:0:container user:/tmp:/bin/sh\n4321:x:4321:4321';
    for (const _ of [1, 2]) expect(await host.ok('start', '-a', 'c')).toBe(shown);
    expect(await host.ok('diff', 'c')).toBe('C /etc\nC /etc/group\nC /etc/passwd');
    expect(await host.ok(...run, '-u', '4321', 'box:1', 'stat', '-c', '%u:%g:%a', '/etc/passwd')).toBe(
      '0:0:644',
    );
    expect(
      await host.ok(...run, '--passwd=false', '-u', '4321', 'box:1', 'busybox', 'tail', '-n1', '/etc/passwd'),
    ).not.toContain('4321');
    expect(
      await host.ok(
        ...run,
        '--passwd-entry',
        '$UID:$HOME',
        '-u',
        '4',
        'box:1',
        'busybox',
        'tail',
        '-n1',
        '/etc/passwd',
      ),
    ).toBe('4:/');
  });

  it('B4: a root that is read-only, a file of the user’s, a directory without /etc', async () => {
    await using host = await makeHost();
    await loadImages(host);
    const last = ['busybox', 'tail', '-n1', '/etc/passwd', '/etc/group'];
    const line = '4321:*:4321:7:container user:/:/bin/sh';
    expect(await host.ok(...run, '--read-only', '-u', '4321:7', 'box:1', ...last)).toBe(
      `==> /etc/passwd <==\n${line}\n\n==> /etc/group <==\n7:x:7:4321`,
    );
    const home = await host.sh(
      'echo own >~/own; mkdir -p ~/r/bin; cp $(command -v busybox) ~/r/bin/; echo ~',
    );
    expect(
      await host.ok(...run, '-u', '4321', '-v', `${home}/own:/etc/passwd`, 'box:1', 'cat', '/etc/passwd'),
    ).toBe('own');
    const rootfs = [...run, '-u', '4321', '--rootfs', `${home}/r`, '/bin/busybox', 'cat', '/etc/passwd'];
    expect(await host.ok(...rootfs)).toBe('4321:*:4321:0:container user:/:/bin/sh');
  });

  it('E6: an image’s link does not lead the line out of its root', async () => {
    await using host = await makeHost();
    await loadImages(host);
    const outside = join(host.dir, 'outside');
    host.write(outside, 'mine\n', 0o666);
    await host.ok(...run, '-u', '4321', 'linked:1', 'true');
    expect(await host.sh(`cat ${outside}`)).toBe('mine');
  });

  it('B4: --hostuser adds users of the host; one that is none is refused before anything is made', async () => {
    await using host = await makeHost();
    await loadImages(host);
    const flags = ['--hostuser', 'daemon,2', '-u', 'daemon', '-w', '/tmp'];
    expect(await host.ok(...run, ...flags, 'box:1', 'sh', '-c', 'id -u; busybox tail -n2 /etc/passwd')).toBe(
      '1\ndaemon:*:1:1:daemon:/tmp:/bin/sh\nbin:*:2:2:bin:/tmp:/bin/sh',
    );
    const refused = await host.peapod('create', '--hostuser', 'nobody-like-it', 'box:1');
    expect(refused).toMatchObject({ exitCode: 125 });
    expect(refused.stderr).toMatch(/^Error: user: unknown user nobody-like-it\n/);
    expect(await host.ok('ps', '-aq')).toBe('');
    expect(await host.ok(...run, '-u', '4321', 'host', 'sh', '-c', 'whoami')).toBe('4321');
  });
});

describe('the caller who keeps its ids', () => {
  it('E2: has its name and group inside, and its home where that is mounted', async () => {
    await using host = await userHost();
    await loadImages(host);
    const { name, uid } = host.user;
    const keep = [...run, '--userns', 'keep-id'];
    expect(await host.ok(...keep, 'box:1', 'sh', '-c', 'whoami; id -gn; echo $HOME')).toBe(
      `${name}\n${name}\n/`,
    );
    const home = host.env.HOME as string;
    expect(await host.ok(...keep, '-v', `${home}:${home}`, 'box:1', 'sh', '-c', 'echo ~')).toBe(home);
    expect(
      await host.ok(
        ...keep,
        '-v',
        `${home}:${home}`,
        '-u',
        '0',
        'box:1',
        'busybox',
        'tail',
        '-n1',
        '/etc/passwd',
      ),
    ).toBe(`${name}:*:${uid}:${host.user.gid}::${home}:/bin/sh`);
    const other = ['run', '--rm', '--network', 'none', '--userns', 'keep-id:uid=77,gid=88'];
    expect(await host.ok(...other, 'box:1', 'busybox', 'tail', '-n1', '/etc/passwd')).toBe(
      '77:*:77:88:container user:/:/bin/sh',
    );
  });
});
