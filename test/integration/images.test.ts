import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { HostRegistry } from '../fixtures/host-registry.ts';
import { buildImage, busyboxImage, dockerArchive, ociArchive, writeOciLayout } from '../fixtures/images.ts';
import { pause } from '../support/command.ts';
import { describeForBoth } from '../support/host.ts';

/** A layer over busybox's that takes away, replaces and hides. */
const changes = {
  files: [
    { path: 'etc/.wh.issue' },
    { path: 'var/.wh..wh..opq' },
    { path: 'var/new', content: 'new' },
    { path: 'home/app/', type: 'directory' as const, uid: 1000, gid: 1000 },
    { path: 'home/app/mine', content: 'mine', uid: 1000, gid: 1000, mode: 0o4711 },
    { path: 'home/app/theirs', content: 'theirs', uid: 33, gid: 44 },
  ],
};
const below = {
  files: [
    { path: 'etc/issue', content: 'old' },
    { path: 'var/old', content: 'old' },
  ],
};

describeForBoth('images', (makeHost) => {
  it('B2: pull shows its progress, prints the id, and the image runs', async () => {
    await using host = await makeHost();
    await using registry = await HostRegistry.start(host);
    const image = busyboxImage();
    const name = await registry.push(image, 'team/busybox:1');
    const pulled = await host.peapod('pull', name);
    expect(pulled).toMatchObject({ exitCode: 0, stdout: `${image.id}\n` });
    expect(pulled.stderr).toMatch(new RegExp(`^Trying to pull ${name}...\n(.*\n)*Copying blob sha256:`));
    expect(await host.peapod('pull', '-q', name)).toEqual({
      exitCode: 0,
      stdout: `${image.id}\n`,
      stderr: '',
    });
    expect(await host.ok('images', '--format', '{{.Repository}} {{.Tag}} {{.ID}} {{.Digest}}')).toBe(
      `${name.replace(/:1$/, '')} 1 ${image.id.slice(0, 12)} ${image.manifestDigest}`,
    );
    expect(await host.ok('run', '--rm', name, 'echo', 'hello')).toBe('hello');
    expect(await host.ok('run', '--rm', '--pull', 'never', image.id.slice(0, 10), 'id', '-u')).toBe('0');
    expect(await host.ok('rmi', name)).toBe(`Untagged: ${name}\nDeleted: ${image.id}`);
    expect(await host.ok('images', '-q')).toBe('');
    expect((await host.peapod('run', '--rm', '--pull', 'never', name, 'true')).stderr).toContain(
      `${name}: image not known`,
    );
    expect(await host.ok('run', '--rm', name, 'echo', 'pulled by run')).toBe('pulled by run');
  });

  it('B2: whiteouts, opaque directories, owners and modes are as the image has them', async () => {
    await using host = await makeHost();
    const archive = join(host.dir, 'layers.tar');
    writeFileSync(archive, ociArchive({ image: busyboxImage({}, [below, changes]), name: 'layered:1' }));
    expect(await host.ok('load', '-i', archive)).toBe('Loaded image: localhost/layered:1');
    const look = 'ls /etc; echo --; ls /var; echo --; stat -c "%n %u %g %a" /home/app /home/app/* /tmp';
    expect(await host.ok('run', '--rm', 'layered:1', 'sh', '-c', look)).toBe(
      [
        ...(await host.ok('run', '--rm', 'layered:1', 'sh', '-c', 'ls /etc')).split('\n'),
        '--',
        'new',
        '--',
        '/home/app 1000 1000 755',
        '/home/app/mine 1000 1000 4711',
        '/home/app/theirs 33 44 644',
        '/tmp 0 0 1777',
      ].join('\n'),
    );
    expect(await host.ok('run', '--rm', 'layered:1', 'sh', '-c', 'ls /etc/issue 2>&1 || true')).toMatch(
      /No such file/,
    );
    // The user of an image is looked up in its own files; what it writes leaves the image as it was.
    expect(await host.ok('run', '--rm', '-u', 'app', 'layered:1', 'sh', '-c', 'echo x > ~/w; id -un')).toBe(
      'app',
    );
    expect(await host.ok('run', '--rm', 'layered:1', 'ls', '/home/app')).toBe('mine\ntheirs');
  });

  it('B2: load takes docker- and oci-archives, plain and compressed, files and standard input, and layouts', async () => {
    await using host = await makeHost();
    const [one, two] = ['one', 'two'].map((path) => buildImage({ layers: [{ files: [{ path }] }] }));
    if (!one || !two) throw new Error('two images were built');
    const docker = dockerArchive(
      { image: one, names: ['one:1', 'x.example/one:2'] },
      { image: two, names: [] },
    );
    const oci = ociArchive({ image: one, name: 'one:oci' }, { image: two, name: 'y.example/two:oci' });
    const dockerLoaded = `Loaded image: localhost/one:1\nLoaded image: x.example/one:2\nLoaded image: sha256:${two.id}`;
    const ociLoaded = 'Loaded image: localhost/one:oci\nLoaded image: y.example/two:oci';
    const archives: [string, Buffer, string][] = [
      ['docker.tar', docker, dockerLoaded],
      ['a: name, with spaces.tar.gz', gzipSync(docker), dockerLoaded],
      ['oci.tar', oci, ociLoaded],
      ['oci.tar.zst', zstdCompressSync(oci), ociLoaded],
    ];
    for (const [name, bytes, loaded] of archives) {
      const file = join(host.dir, name);
      writeFileSync(file, bytes);
      expect(await host.ok('load', '-q', '-i', file), name).toBe(loaded);
      const fromInput = await host.exec(['peapod', 'load', '-q'], { input: bytes });
      expect(fromInput, name).toEqual({ exitCode: 0, stdout: `${loaded}\n`, stderr: '' });
      await host.ok('rmi', '-f', one.id, two.id);
    }
    const layout = join(host.dir, 'layout');
    writeOciLayout(layout, { image: one, name: 'one:layout' });
    expect(await host.ok('load', '-q', '-i', layout)).toBe('Loaded image: localhost/one:layout');
    expect(await host.ok('pull', '-q', `docker-archive:${join(host.dir, 'docker.tar')}`)).toBe(one.id);
    expect(await host.ok('pull', '-q', `oci:${layout}`)).toBe(one.id);
    expect((await host.ok('images', '-q')).split('\n').sort()).toEqual(
      [one.id, two.id].map((id) => id.slice(0, 12)).sort(),
    );
  });

  it('E6: archives that are none, broken or hostile are told, and leave nothing', async () => {
    await using host = await makeHost();
    const hostile = buildImage({ layers: [{ files: [{ path: '../../escaped', content: 'x' }] }] });
    const lying = buildImage({ layers: [below], diffIds: [`sha256:${'1'.repeat(64)}`] });
    const good = ociArchive({ image: hostile, name: 'x:1' });
    const archives: [string, Buffer, RegExp][] = [
      [
        'text.tar',
        Buffer.from('this is no archive'.repeat(100)),
        /payload does not match any of the supported image formats/,
      ],
      ['empty.tar', Buffer.alloc(0), /payload does not match/],
      ['cut.tar', good.subarray(0, 1700), /payload does not match/],
      ['cut.tar.gz', gzipSync(good).subarray(0, 200), /payload does not match/],
      ['hostile.tar', good, /points outside of the layer/],
      ['lying.tar', ociArchive({ image: lying, name: 'x:1' }), /but the image says sha256:1111/],
      ['name.tar', dockerArchive({ image: lying, names: ['../../etc:x'] }), /invalid reference format/],
    ];
    for (const [name, bytes, message] of archives) {
      const file = join(host.dir, name);
      writeFileSync(file, bytes);
      const outcome = await host.peapod('load', '-q', '-i', file);
      expect(outcome, name).toMatchObject({ exitCode: 125, stdout: '' });
      expect(outcome.stderr, name).toMatch(/^Error: .*\n/);
      expect(outcome.stderr, name).toMatch(message);
    }
    const missing = await host.peapod('load', '-i', '/no/such.tar');
    expect(missing).toMatchObject({ exitCode: 125, stderr: expect.stringContaining('/no/such.tar') });
    expect(await host.ok('images', '-q')).toBe('');
    const root = host.rootless ? '~/.local/share/peapod' : '/var/lib/peapod';
    expect(
      await host.sh(
        `cd ${root}; ls layers images/tmp images/blobs/sha256; find / -xdev -name escaped 2>/dev/null || true`,
      ),
    ).toBe('images/blobs/sha256:\n\nimages/tmp:\n\nlayers:');
  });

  it('B2: an image that a container uses stays until the container is gone, or force is used', async () => {
    await using host = await makeHost();
    const archive = join(host.dir, 'used.tar');
    writeFileSync(archive, ociArchive({ image: busyboxImage(), name: 'used:1' }));
    await host.ok('load', '-q', '-i', archive);
    const id = await host.ok('create', 'used:1', 'true');
    const refused = await host.peapod('rmi', 'used:1');
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toContain(`image used by ${id}: image is in use by a container`);
    expect((await host.peapod('rmi', 'no-such-image')).exitCode).toBe(1);
    expect(await host.ok('rmi', '-f', 'used:1')).toMatch(
      /^Untagged: localhost\/used:1\nDeleted: [0-9a-f]{64}$/,
    );
    expect(await host.ok('ps', '-aq')).toBe('');
  });

  it('E3: commands that fetch and run one image at once all succeed', async () => {
    await using host = await makeHost();
    await using registry = await HostRegistry.start(host);
    const image = busyboxImage({}, [below, changes]);
    const name = await registry.push(image, 'at-once:1');
    const outcomes = await Promise.all([
      host.peapod('pull', '-q', name),
      host.peapod('pull', '-q', name),
      host.peapod('run', '--rm', '-q', name, 'echo', image.id),
    ]);
    for (const outcome of outcomes) {
      expect(outcome).toEqual({ exitCode: 0, stdout: `${image.id}\n`, stderr: '' });
    }
    expect(await host.ok('images', '-q', '--no-trunc')).toBe(`sha256:${image.id}`);
  });

  it('B2: an image with ids that the user has not got is refused with what to do', async () => {
    await using host = await makeHost();
    const file = join(host.dir, 'ids.tar');
    const far = buildImage({ layers: [{ files: [{ path: 'far', uid: 1_500_000, gid: 1_500_000 }] }] });
    writeFileSync(file, ociArchive({ image: far, name: 'far:1' }));
    const outcome = await host.peapod('load', '-q', '-i', file);
    if (!host.rootless) {
      expect(outcome.stdout).toBe('Loaded image: localhost/far:1\n');
      return;
    }
    expect(outcome).toMatchObject({ exitCode: 125, stdout: '' });
    expect(outcome.stderr).toMatch(/^Error: 'far' belongs to 1500000:1500000, which is not mapped/);
    expect(outcome.stderr).toContain('usermod --add-subuids');
    expect(await host.ok('images', '-q')).toBe('');
  });

  it('E5: a pull that is killed at any moment leaves no image, and the next one tidies up', async () => {
    await using host = await makeHost();
    await using registry = await HostRegistry.start(host);
    const noise = Array.from({ length: 4 }, (_, layer) => ({
      files: Array.from({ length: 50 }, (_, file) => ({
        path: `l${layer}/f${file}`,
        content: `${file}`.repeat(20_000),
      })),
    }));
    const image = busyboxImage({}, noise);
    const name = await registry.push(image, 'killed:1');
    // What an unprivileged user's containers need beside images is there, and not what gets killed here.
    await host.ok('run', '--rm', 'host', 'true');
    for (const afterMs of [30, 60, 90, 120, 160, 200, 250, 300]) {
      const pulling = host.spawn(['peapod', 'pull', '-q', name]);
      await pause(afterMs);
      await pulling.stop();
      const listed = await host.ok('images', '-q');
      expect([image.id.slice(0, 12), '']).toContain(listed);
      if (listed !== '') await host.ok('rmi', name);
    }
    expect(await host.ok('pull', '-q', name)).toBe(image.id);
    expect(await host.ok('run', '--rm', name, 'cat', '/l3/f0')).toBe('0'.repeat(20_000));
    const root = host.rootless ? '~/.local/share/peapod' : '/var/lib/peapod';
    const files = await host.sh(`cd ${root}; ls images/tmp layers images/blobs/sha256`);
    expect(files).not.toMatch(/tmp-|removed-/);
    expect(files.match(/^[0-9a-f]{64}$/gm)).toHaveLength(image.diffIds.length + image.blobs.size);
  });
});
