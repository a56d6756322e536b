import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { busyboxImage, ociArchive } from '../fixtures/images.ts';
import { describeForBoth } from '../support/host.ts';
import type { TestHost } from '../support/test-host.ts';

async function load(host: TestHost, name: string, path: string): Promise<void> {
  const files = [{ path, content: `${path}\n`, uid: 5, gid: 6 }];
  const archive = join(host.dir, 'image.tar');
  writeFileSync(archive, ociArchive({ image: busyboxImage({ Cmd: ['true'] }, [{ files }]), name }));
  await host.ok('load', '-q', '-i', archive);
}

describeForBoth('--mount type=image', (makeHost) => {
  it('B5: shows an image’s files, which rw lets change until the next start; nothing stays mounted', async () => {
    await using host = await makeHost();
    await load(host, 'data:1', 'mark');
    const at = (target: string, more = '') => ['--mount', `type=image,source=data:1,target=${target}${more}`];
    const script = 'cat /a/mark; stat -c %u:%g /a/mark; ls /b/new; touch /b/new; rm /b/mark; touch /a/new';
    const words = [...at('/a'), ...at('/b', ',rw=true'), 'host', 'sh', '-c', script];
    await host.ok('create', '--network', 'none', '--name', 'c', ...words);
    for (const _ of [1, 2]) {
      const { stdout, stderr } = await host.peapod('start', '-a', 'c');
      expect(stdout).toBe('mark\n5:6\n');
      expect(stderr).toMatch(/\/b\/new.*No such file[\s\S]*\/a\/new.*Read-only file system/);
    }
    expect(await host.json('inspect', '-f', '{{json .Mounts}}', 'c')).toMatchObject([
      { Type: 'image', Source: 'data:1', Destination: '/a', RW: false },
      { Type: 'image', Source: 'data:1', Destination: '/b', RW: true },
    ]);
    expect(await host.ok('ps', '-as', '--format', '{{.Size}}')).toMatch(/^0 ?B /);
    expect(await host.ok('run', '--rm', '--network', 'none', ...at('/a'), 'data:1', 'cat', '/a/mark')).toBe(
      'mark',
    );
  });

  it('B2: an image that a container has mounted is in use; with force both go', async () => {
    await using host = await makeHost();
    await load(host, 'data:1', 'mark');
    const id = await host.ok(
      'create',
      '--network',
      'none',
      '--mount',
      'type=image,src=data:1,dst=/m',
      'host',
      'true',
    );
    const refused = await host.peapod('rmi', 'data:1');
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain(`image used by ${id}: image is in use by a container`);
    expect(await host.ok('image', 'prune', '-af')).toBe('');
    // It is the image that was meant, whoever has its name now.
    await load(host, 'data:1', 'other');
    await host.ok('start', '-a', id);
    expect(await host.ok('rmi', '-f', 'data:1')).toContain('Deleted: ');
    expect(await host.ok('ps', '-aq')).toBe(id.slice(0, 12));
    const old = await host.ok('images', '-q');
    await host.ok('rmi', '-f', old);
    expect(await host.ok('ps', '-aq')).toBe('');
    const missing = await host.peapod('create', '--mount', 'type=image,src=data:1,dst=/m', 'host', 'true');
    expect(missing).toMatchObject({ exitCode: 125 });
    expect(missing.stderr).toMatch(/^Error: creating image volume .*data:1: image not known\n/);
  });
});
