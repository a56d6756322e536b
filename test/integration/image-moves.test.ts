import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { HostRegistry } from '../fixtures/host-registry.ts';
import { type BuiltImage, buildImage, layerBlobs, ociArchive } from '../fixtures/images.ts';
import { describeForBoth } from '../support/host.ts';
import type { TestHost } from '../support/test-host.ts';

const image = buildImage({
  layers: [
    { files: [{ path: 'base', content: 'base' }] },
    { files: [{ path: 'zstd', content: 'zstd' }], compression: 'zstd' },
  ],
  config: { Cmd: ['x'], Healthcheck: { Test: ['NONE'] } },
});
const other = buildImage({ layers: [{ files: [{ path: 'other' }] }] });

async function load(host: TestHost, what: BuiltImage, name: string): Promise<void> {
  const file = join(host.dir, 'image.tar');
  writeFileSync(file, ociArchive({ image: what, name }));
  await host.ok('load', '-q', '-i', file);
}

const digestOf = (host: TestHost, name: string) => host.ok('image', 'inspect', '-f', '{{.Digest}}', name);

describeForBoth('images on the move', (makeHost) => {
  it('B2: push and pull keep id and digest; without a destination the name says where', async () => {
    await using host = await makeHost();
    await using registry = await HostRegistry.start(host);
    await load(host, image, 'app:1');
    const name = `${registry.address}/team/app:1`;
    const pushed = await host.peapod('push', '--digestfile', '/tmp/digest', 'app:1', name);
    expect(pushed).toMatchObject({ exitCode: 0, stdout: '' });
    expect(pushed.stderr).toMatch(/Copying blob sha256:.*\n(.*\n)*Writing manifest to image destination/);
    expect(await host.sh('cat /tmp/digest')).toBe(image.manifestDigest);
    await host.ok('rmi', 'app:1');
    expect(await host.ok('pull', '-q', name)).toBe(image.id);
    expect(await digestOf(host, name)).toBe(image.manifestDigest);
    expect(await host.peapod('push', '-q', name)).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    await host.ok('push', '-q', '--format', 'v2s2', '--compression-format', 'gzip', name, `${name}-docker`);
    const raw = await host.sh(`skopeo inspect --raw --tls-verify=false docker://${name}-docker`);
    expect(JSON.parse(raw).mediaType).toBe('application/vnd.docker.distribution.manifest.v2+json');
    for (const [wrong, said] of [
      [['push', 'no-such'], 'no-such: image not known'],
      [['push', name, 'foo:/x'], 'unknown transport "foo"'],
      [['push', '-f', 'v9', name], 'unknown format "v9"'],
    ] as const) {
      expect(await host.peapod(...wrong)).toMatchObject({
        exitCode: 125,
        stderr: expect.stringContaining(said),
      });
    }
  });

  it('B2: a registry with a login: --creds, an authfile, and neither', async () => {
    await using host = await makeHost();
    await using registry = await HostRegistry.start(host, { name: 'me', password: 'secret:1' });
    await load(host, image, 'app:1');
    const name = `${registry.address}/app:1`;
    const refused = await host.peapod('push', '-q', 'app:1', name);
    expect(refused).toMatchObject({ exitCode: 125, stdout: '' });
    expect(refused.stderr).toContain('hint: the image may not exist, or log in first: peapod login REGISTRY');
    await host.ok('push', '-q', '--creds', 'me:secret:1', 'app:1', name);
    await host.ok('rmi', 'app:1');
    expect((await host.peapod('pull', '-q', '--creds', 'me:wrong', name)).exitCode).toBe(125);
    expect(await host.ok('pull', '-q', '--creds', 'me:secret:1', name)).toBe(image.id);
    await host.ok('rmi', name);
    const auth = Buffer.from('me:secret:1').toString('base64');
    writeFileSync(join(host.dir, 'auth.json'), JSON.stringify({ auths: { [registry.address]: { auth } } }));
    expect(await host.ok('pull', '-q', '--authfile', join(host.dir, 'auth.json'), name)).toBe(image.id);
  });

  it('B2: all tags of a repository, several images, and a platform of a list', async () => {
    await using host = await makeHost();
    await using registry = await HostRegistry.start(host);
    const foreign = buildImage({ layers: [{ files: [{ path: 's390x' }] }], architecture: 's390x' });
    const [one, two] = [await registry.push(image, 'all:one'), await registry.push(other, 'all:two')];
    const repository = one.replace(/:one$/, '');
    expect((await host.ok('pull', '-q', '-a', repository)).split('\n').sort()).toEqual(
      [image.id, other.id].sort(),
    );
    expect(await host.ok('pull', '-q', two, one)).toBe(`${other.id}\n${image.id}`);
    expect((await host.peapod('pull', '-a', one)).stderr).toContain("tag can't be used with --all-tags");
    const list = await registry.pushList('list:1', [
      { image: foreign, architecture: 's390x' },
      { image, architecture: process.arch === 'arm64' ? 'arm64' : 'amd64' },
    ]);
    expect(await host.ok('pull', '-q', list)).toBe(image.id);
    const pulled = await host.peapod('pull', '--platform', 'linux/s390x', list);
    expect(pulled).toMatchObject({ exitCode: 0, stdout: `${foreign.id}\n` });
    expect(pulled.stderr).not.toContain('WARNING');
    expect(await host.ok('image', 'inspect', '-f', '{{.Architecture}}', list)).toBe('s390x');
    expect(await host.ok('pull', '-q', '--arch', 's390x', list)).toBe(foreign.id);
    expect(await host.ok('pull', '-q', list)).toBe(image.id);
    const both = await host.peapod('pull', '--arch', 's390x', '--platform', 'linux/s390x', list);
    expect(both.stderr).toContain('--platform option can not be specified with --arch or --os');
  });

  it('B2: save and load give the same image, and skopeo reads what save writes', async () => {
    await using host = await makeHost();
    await load(host, image, 'app:1');
    await load(host, other, 'other:1');
    const dir = join(await host.sh('mktemp -d'));
    const reads = (what: string) => host.sh(`cd ${dir}; skopeo inspect --config --raw ${what} | sha256sum`);
    for (const [format, what] of [
      ['docker-archive', 'docker-archive:saved'],
      ['oci-archive', 'oci-archive:saved'],
      ['oci-dir', 'oci:saved'],
      ['docker-dir', 'dir:saved'],
    ] as const) {
      await host.sh(`rm -rf ${dir}/saved`);
      await host.ok('save', '-q', '--format', format, '-o', `${dir}/saved`, 'app:1');
      if (format !== 'docker-dir') expect(await reads(what), format).toBe(`${image.id}  -`);
      await host.ok('rmi', 'app:1');
      const loaded = await host.ok('load', '-q', '-i', `${dir}/saved`);
      if (format !== 'docker-dir') expect(loaded).toBe('Loaded image: localhost/app:1');
      if (format.startsWith('oci')) expect(await digestOf(host, 'app:1')).toBe(image.manifestDigest);
      if (format === 'docker-dir') await host.ok('rmi', '-f', loaded.replace('Loaded image: ', ''));
      else expect(await host.ok('images', '-q', 'app')).toBe(image.id.slice(0, 12));
      await load(host, image, 'app:1');
    }
    // Standard output, several images, further names.
    await host.sh(`peapod save -q app:1 further:2 > ${dir}/out; peapod save -qm app:1 other:1 > ${dir}/two`);
    expect(JSON.parse(await host.sh(`tar xOf ${dir}/out manifest.json`))[0].RepoTags).toEqual([
      'localhost/further:2',
      'localhost/app:1',
    ]);
    await host.ok('rmi', '-a');
    expect(await host.ok('load', '-q', '-i', `${dir}/two`)).toBe(
      'Loaded image: localhost/app:1\nLoaded image: localhost/other:1',
    );
    const terminal = await host.terminal(['peapod', 'save', 'app:1']);
    expect((await terminal.outcome).exitCode).toBe(125);
    expect(terminal.screen).toContain('Error: refusing to save to terminal');
    for (const wrong of [
      ['-o', 'a:b', 'app:1'],
      ['--format', 'zip', '-o', 'x', 'app:1'],
      ['-o', 'x', 'no-such'],
      ['--format', 'oci-dir', 'app:1'],
    ]) {
      expect(await host.peapod('save', ...wrong)).toMatchObject({ exitCode: 125, stdout: '' });
    }
    expect(await host.sh('test ! -e x && ls /tmp')).not.toContain('a:b');
  });

  it('B2: a terminal sees bars, everything else plain lines', async () => {
    await using host = await makeHost();
    await using registry = await HostRegistry.start(host);
    const name = await registry.push(image, 'bars:1');
    const terminal = await host.terminal(['peapod', 'pull', name]);
    expect((await terminal.outcome).exitCode).toBe(0);
    expect(terminal.screen).toMatch(/Copying blob [0-9a-f]{12} .*done/);
    expect(terminal.screen).toContain(image.id);
  });

  it('E5: what an interrupted pull had whole is not fetched again', async () => {
    await using host = await makeHost();
    await using registry = await HostRegistry.start(host);
    const large = { path: 'large', content: randomBytes(4 << 20) };
    const broken = buildImage({ layers: [{ files: [{ path: 'small' }] }, { files: [large] }] });
    const name = await registry.push(broken, 'broken:1');
    const [small, spoiled] = layerBlobs(broken) as [string, string];
    await registry.spoil(spoiled);
    expect((await host.peapod('pull', '-q', name)).exitCode).toBe(125);
    const root = host.rootless ? '~/.local/share/peapod' : '/var/lib/peapod';
    expect(await host.sh(`ls ${root}/images/partial`)).toContain(small.slice(7));
    await registry.restore(spoiled);
    await registry.spoil(small);
    expect(await host.ok('pull', '-q', name)).toBe(broken.id);
    expect(await host.sh(`ls ${root}/images/partial`)).not.toContain(small.slice(7));
  });
});
