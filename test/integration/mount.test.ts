import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { busyboxImage, ociArchive } from '../fixtures/images.ts';
import { describeForBoth } from '../support/host.ts';
import type { TestHost } from '../support/test-host.ts';

const image = busyboxImage({}, [{ files: [{ path: 'etc/issue', content: 'hello' }] }]);

async function load(host: TestHost): Promise<void> {
  const file = join(host.dir, 'image.tar');
  writeFileSync(file, ociArchive({ image, name: 'base:1' }));
  await host.ok('load', '-q', '-i', file);
}

/** Where mounts are made: an unprivileged user has to go there first. */
async function inside(host: TestHost, script: string): Promise<string> {
  if (!host.rootless) return host.sh(script);
  const outcome = await host.exec(['peapod', 'unshare', 'bash', '-ec', script]);
  expect(outcome.stderr).toBe('');
  return outcome.stdout.trimEnd();
}

describeForBoth('mounts', (makeHost) => {
  it('B1: mount shows a container’s files, cp and start go on working, unmount takes them away', async () => {
    await using host = await makeHost();
    await load(host);
    const id = await host.ok('create', '--name', 'c', '--network', 'none', 'base:1', 'cat', '/written');
    if (host.rootless) {
      expect(await host.peapod('mount', 'c')).toMatchObject({
        exitCode: 125,
        stderr:
          'Error: cannot run command "peapod mount" in rootless mode, must execute `peapod unshare` first\n' +
          "hint: a mount is seen where it was made: peapod unshare sh -c 'peapod mount …'\n",
      });
    }
    const script =
      'at=$(peapod mount c); cat $at/etc/issue; echo; echo mine > $at/written; echo $at; peapod mount';
    const [issue, path, listed] = (await inside(host, script)).split('\n') as [string, string, string];
    expect(issue).toBe('hello');
    expect(listed).toBe(`${id.slice(0, 12)}  ${path}`);
    expect(JSON.parse(await inside(host, 'peapod mount --format json'))).toEqual([
      { id, Names: ['c'], mountpoint: path },
    ]);
    expect(await host.sh('peapod cp c:/written - | tar xO')).toBe('mine');
    expect(await host.ok('start', '-a', 'c')).toBe('mine');
    expect(await inside(host, 'peapod mount')).toBe('');
    await inside(host, 'peapod mount c >/dev/null');
    expect(
      await inside(
        host,
        'peapod unmount -a; peapod umount c; ls -A $(dirname $(peapod mount c)) >/dev/null; peapod unmount c',
      ),
    ).toBe(`${id}\nc\nc`);
    expect(await inside(host, 'peapod mount')).toBe('');
    // What is mounted goes with its container.
    await inside(host, 'peapod mount c >/dev/null');
    await host.ok('rm', 'c');
  });

  it('B2: image mount shows an image’s files for reading; a mounted image stays', async () => {
    await using host = await makeHost();
    await load(host);
    const script =
      'at=$(peapod image mount base:1); cat $at/etc/issue; echo; touch $at/x 2>&1 | grep -o Read-only; peapod image mount';
    const [issue, refused, listed] = (await inside(host, script)).split('\n');
    expect([issue, refused]).toEqual(['hello', 'Read-only']);
    expect(listed).toMatch(/^localhost\/base:1 +\//);
    const inUse = await host.peapod('rmi', 'base:1');
    expect(inUse).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('it is mounted') });
    expect(await inside(host, 'peapod image unmount base:1; peapod image mount')).toBe(image.id);
    await inside(host, 'peapod image mount base:1 >/dev/null');
    expect(await host.ok('rmi', '-f', 'base:1')).toContain(`Deleted: ${image.id}`);
  });

  it('B2: image tree shows layers, and what was built upon them', async () => {
    await using host = await makeHost();
    await load(host);
    await host.ok('create', '--name', 'c', '--network', 'none', 'base:1', 'sh');
    await host.ok('commit', '-q', 'c', 'made:1');
    const [low, high] = image.diffIds.map((diffId) => diffId.slice(7, 19));
    expect((await host.ok('image', 'tree', 'base:1')).split('\n')).toEqual([
      `Image ID: ${image.id.slice(0, 12)}`,
      'Tags:     [localhost/base:1]',
      expect.stringMatching(/^Size: {5}\d.*MB$/),
      'Image Layers',
      expect.stringMatching(`^├── ID: ${low} Size: \\d.*MB$`),
      `└── ID: ${high} Size: 2.05kB Top Layer of: [localhost/base:1]`,
    ]);
    expect(await host.ok('image', 'tree', '--whatrequires', 'base:1')).toMatch(
      /└── ID: [0-9a-f]{12} \[localhost\/made:1\]$/,
    );
    await host.ok('rm', 'c');
  });
});
