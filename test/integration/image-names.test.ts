import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { buildImage, ociArchive } from '../fixtures/images.ts';
import { describeForBoth } from '../support/host.ts';
import type { TestHost } from '../support/test-host.ts';

const base = { files: [{ path: 'base', content: 'base' }] };
const more = { files: [{ path: 'more', content: 'm'.repeat(5000) }] };
const parent = buildImage({ layers: [base], config: { Labels: { tier: 'base' } } });
const child = buildImage({ layers: [base, more], config: { Cmd: ['x'] } });

async function load(host: TestHost): Promise<void> {
  for (const [image, name] of [
    [parent, 'parent:1'],
    [child, 'child:1'],
  ] as const) {
    const file = join(host.dir, 'image.tar');
    writeFileSync(file, ociArchive({ image, name }));
    await host.ok('load', '-q', '-i', file);
  }
}

describeForBoth('names of images', (makeHost) => {
  it('B2: tag gives names, untag takes them, and neither touches the image', async () => {
    await using host = await makeHost();
    await load(host);
    expect(await host.ok('tag', 'child:1', 'other:2', 'quay.example/team/app')).toBe('');
    expect((await host.ok('images', '--format', '{{.Repository}}:{{.Tag}}', 'child')).split('\n')).toEqual([
      'quay.example/team/app:latest',
      'localhost/other:2',
      'localhost/child:1',
    ]);
    expect(await host.peapod('tag', 'no-such', 'x')).toMatchObject({ exitCode: 125, stdout: '' });
    const bad = await host.peapod('tag', 'child:1', 'good:1', 'BAD NAME');
    expect(bad.stderr).toMatch(/^Error: normalizing name "BAD NAME": /);
    expect(await host.peapod('image', 'exists', 'good:1')).toMatchObject({ exitCode: 1 });
    expect((await host.peapod('untag', 'child:1', 'no-such:3')).stderr).toContain(
      'Error: localhost/no-such:3: tag not known',
    );
    await host.ok('untag', 'child:1', 'other:2');
    await host.ok('untag', child.id.slice(0, 12));
    expect(await host.ok('images', '--format', '{{.Repository}} {{.ID}}', '-f', 'dangling=true')).toBe(
      `<none> ${child.id.slice(0, 12)}`,
    );
    expect(await host.json('inspect', child.id)).toMatchObject([
      {
        RepoTags: [],
        Parent: parent.id,
        NamesHistory: ['localhost/child:1', 'localhost/other:2', 'quay.example/team/app:latest'],
      },
    ]);
  });

  it('B2: history shows each step with the image that ends there', async () => {
    await using host = await makeHost();
    await load(host);
    const rows = (await host.ok('history', 'child:1')).split('\n');
    expect(rows[0]).toMatch(/^ID +CREATED +CREATED BY +SIZE +COMMENT/);
    expect(rows[1]).toMatch(new RegExp(`^${child.id.slice(0, 12)} .* a test +6.66 kB`));
    expect(rows[2]).toMatch(new RegExp(`^${parent.id.slice(0, 12)} .* a test +2.05 kB`));
    expect(await host.json('history', '--format', 'json', 'child:1')).toEqual([
      {
        id: child.id,
        created: '2024-01-02T03:04:05Z',
        CreatedBy: 'a test',
        tags: ['localhost/child:1'],
        size: 6656,
        Created: '2024-01-02T03:04:05Z',
      },
      expect.objectContaining({ id: parent.id, size: 2048 }),
    ]);
    await host.ok('rmi', 'parent:1');
    expect(await host.ok('history', '-q', 'child:1')).toBe(`${child.id.slice(0, 12)}\n<missing>`);
    const format = '{{.Created}} {{.CreatedBy}}';
    expect(await host.ok('history', '-H=false', '--format', format, 'child:1')).toContain(
      '2024-01-02T03:04:05Z a test',
    );
  });

  it('B9: image prune removes what has no name, with --all what has no container; filters choose', async () => {
    await using host = await makeHost();
    await load(host);
    await host.ok('untag', 'parent:1');
    // Others were built on it: it is not dangling, and is shown by -a alone.
    expect(await host.ok('image', 'prune', '-f')).toBe('');
    expect(await host.ok('images', '-q')).toBe(child.id.slice(0, 12));
    expect((await host.ok('images', '-aq')).split('\n')).toHaveLength(2);
    expect(await host.ok('images', '-q', '--filter', `since=${child.id}`)).toBe('');
    expect((await host.peapod('images', '--filter', 'colour=red')).stderr).toContain(
      'Error: unsupported image filter "colour"',
    );
    await host.ok('create', 'child:1', 'x');
    expect(await host.ok('image', 'prune', '-a', '-f')).toBe('');
    await host.ok('rm', '-a');
    expect(await host.ok('image', 'prune', '-a', '-f', '--filter', 'label=tier=none')).toBe('');
    expect(await host.ok('image', 'prune', '-a', '-f')).toBe(`${child.id}\n${parent.id}`);
    expect(await host.ok('images', '-aq')).toBe('');
  });

  it('B2: rmi takes along what an image was built on where nothing else holds that', async () => {
    await using host = await makeHost();
    await load(host);
    await host.ok('untag', 'parent:1');
    expect(await host.ok('rmi', '--no-prune', 'child:1')).toBe(
      `Untagged: localhost/child:1\nDeleted: ${child.id}`,
    );
    await load(host);
    await host.ok('untag', 'parent:1');
    expect(await host.ok('rmi', 'child:1')).toBe(
      `Untagged: localhost/child:1\nDeleted: ${child.id}\nDeleted: ${parent.id}`,
    );
  });
});
