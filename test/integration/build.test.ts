import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { busyboxImage, ociArchive } from '../fixtures/images.ts';
import { describeForBoth } from '../support/host.ts';
import type { TestHost } from '../support/test-host.ts';

const containerfile = [
  'FROM base:1',
  'ARG WHAT=nothing',
  'COPY --chown=app:app file /home/app/file',
  'RUN echo "$WHAT" > /built; rm /etc/issue',
  'CMD ["cat", "/built"]',
].join('\n');

async function prepare(host: TestHost): Promise<void> {
  const below = { files: [{ path: 'etc/issue', content: 'old' }] };
  const file = join(host.dir, 'image.tar');
  writeFileSync(file, ociArchive({ image: busyboxImage({}, [below]), name: 'base:1' }));
  await host.ok('load', '-q', '-i', file);
  await host.exec(['sh', '-c', 'mkdir /tmp/ctx; cat > /tmp/ctx/Containerfile; echo f > /tmp/ctx/file'], {
    input: `${containerfile}\n`,
  });
}

// A build needs no network of its own here, and no cgroup.
const isolated = ['--isolation', 'chroot'];

describe.skipIf(!existsSync('/usr/bin/buildah'))('with buildah', () => {
  describeForBoth('build', (makeHost) => {
    it('B2: an image of this machine is built upon; the result is one like any other', async () => {
      await using host = await makeHost();
      await prepare(host);
      const built = await host.peapod(
        'build',
        ...isolated,
        '--build-arg',
        'WHAT=this',
        '-t',
        'app:1',
        '-t',
        'x.example/app:2',
        '--iidfile',
        '/tmp/iid',
        '/tmp/ctx',
      );
      expect(built, built.stderr).toMatchObject({ exitCode: 0 });
      expect(built.stdout).toMatch(/STEP 1\/5: FROM (localhost\/)?base:1\n/);
      const id = built.stdout.trim().split('\n').at(-1);
      expect(await host.sh('cat /tmp/iid')).toBe(`sha256:${id}`);
      expect(await host.ok('images', '-q', '--no-trunc', 'app')).toBe(`sha256:${id}`);
      expect(await host.ok('run', '--rm', '--network', 'none', 'app:1')).toBe('this');
      const look = '(stat -c "%U" /home/app/file; ls /etc/issue) 2>&1 || :';
      expect(await host.ok('run', '--rm', '--network', 'none', 'x.example/app:2', 'sh', '-c', look)).toBe(
        'app\nls: /etc/issue: No such file or directory',
      );
      // The layers of the base are those that were here.
      const layers = async (name: string) =>
        (await host.json<{ RootFS: { Layers: string[] } }[]>('inspect', name))[0]?.RootFS.Layers ?? [];
      expect((await layers('app:1')).slice(0, 2)).toEqual(await layers('base:1'));
      const again = await host.peapod('build', '-q', ...isolated, '--build-arg', 'WHAT=this', '/tmp/ctx');
      expect(again).toMatchObject({ exitCode: 0, stdout: `${id}\n` });
    });

    it('B2: what fails is told by buildah and leaves no image', async () => {
      await using host = await makeHost();
      await prepare(host);
      await host.sh('echo RUN false >> /tmp/ctx/Containerfile');
      const failed = await host.peapod('build', ...isolated, '-t', 'app:1', '/tmp/ctx');
      expect(failed.exitCode).toBe(1);
      expect(failed.stderr).toMatch(/Error: building at STEP "RUN false"/);
      expect((await host.peapod('build', '/no/such')).exitCode).toBe(125);
      expect((await host.peapod('build', '-t', 'BAD NAME', '/tmp/ctx')).stderr).toMatch(
        /^Error: normalizing name/,
      );
      expect(await host.ok('images', '-q')).not.toContain('\n');
      await host.ok('image', 'prune', '-af');
      expect(
        await host.sh(`ls ${host.rootless ? '~/.local/share/peapod' : '/var/lib/peapod'}`),
      ).not.toContain('build');
    });
  });
});

describeForBoth('build without buildah', (makeHost) => {
  it('B2: the error names the package', async () => {
    await using host = await makeHost();
    const outcome = await host.exec([
      'env',
      `PATH=${host.env.PATH?.split(':')[0]}:/nowhere`,
      'peapod',
      'build',
      '.',
    ]);
    expect(outcome).toMatchObject({ exitCode: 125, stdout: '' });
    expect(outcome.stderr).toBe(
      'Error: buildah is not installed\nhint: install it with: apt-get install buildah\n',
    );
  });
});
