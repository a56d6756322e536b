import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { busyboxImage, ociArchive } from '../fixtures/images.ts';
import { makeTar } from '../fixtures/tar.ts';
import { describeForBoth } from '../support/host.ts';
import type { TestHost } from '../support/test-host.ts';

const below = {
  files: [
    { path: 'etc/issue', content: 'old' },
    { path: 'var/old/', type: 'directory' as const },
    { path: 'var/old/file', content: 'old' },
  ],
};
const config = { Labels: { tier: 'base' }, ExposedPorts: { '80/tcp': {} } };

async function load(host: TestHost): Promise<void> {
  const file = join(host.dir, 'image.tar');
  writeFileSync(file, ociArchive({ image: busyboxImage(config, [below]), name: 'base:1' }));
  await host.ok('load', '-q', '-i', file);
}

const script = [
  'rm /etc/issue; rm -r /var/old; mkdir /var/old; echo new > /var/old/new',
  'echo mine > /home/app/mine; chown app /home/app/mine; chmod 4750 /home/app/mine',
  'echo kept > /tmp/kept; sleep 1000',
].join('\n');

async function start(host: TestHost): Promise<void> {
  await load(host);
  const flags = ['--network', 'none', '--name', 'c', '-e', 'X=1', '-l', 'l=m', '-v', '/opt:/data'];
  await host.ok('run', '-d', ...flags, 'base:1', 'sh', '-c', script);
  await host.ok('exec', 'c', 'sh', '-c', 'until test -e /tmp/kept; do :; done');
}

describeForBoth('images of containers', (makeHost) => {
  it('B1: commit makes an image of a running container: what came, what went, and whose it is', async () => {
    await using host = await makeHost();
    await start(host);
    const committed = await host.peapod('commit', 'c', 'made:1');
    expect(committed).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^[0-9a-f]{64}\n$/) });
    expect(committed.stderr).toMatch(/^Copying blob sha256:(.*\n)*Writing manifest to image destination\n$/);
    const look =
      'ls /etc/issue; ls -a /var/old; stat -c "%U %a" /home/app/mine; cat /tmp/kept; ls /data /etc/hosts';
    await host.ok('rm', '-f', '-t', '0', 'c');
    const seen = await host.ok(
      'run',
      '--rm',
      '--network',
      'none',
      'made:1',
      'sh',
      '-c',
      `(${look}) 2>&1 || :`,
    );
    expect(seen.split('\n').sort()).toEqual([
      '.',
      '..',
      '/etc/hosts',
      'app 4750',
      'kept',
      'ls: /data: No such file or directory',
      'ls: /etc/issue: No such file or directory',
      'new',
    ]);
    const [made] = await host.json<Record<string, unknown>[]>('inspect', 'made:1');
    expect(made).toMatchObject({
      Parent: (await host.json<{ Id: string }[]>('inspect', 'base:1'))[0]?.Id,
      Config: {
        Env: ['PATH=/bin', 'X=1'],
        Cmd: ['sh', '-c', script],
        Labels: { tier: 'base', l: 'm' },
        ExposedPorts: { '80/tcp': {} },
        WorkingDir: '/',
      },
      ManifestType: 'application/vnd.oci.image.manifest.v1+json',
    });
    expect(await host.ok('history', '--format', '{{.CreatedBy}} {{.Comment}}', 'made:1')).toMatch(
      /^\/bin\/sh FROM localhost\/base:1\n/,
    );
    // What went is written as every other tool reads it.
    const layer = await host.ok('inspect', '-f', '{{index .RootFS.Layers 2}}', 'made:1');
    const names = await host.sh(`peapod save -q made:1 | tar xO ${layer.slice(7)}.tar | tar tf - | grep wh`);
    expect(names.split('\n').sort()).toEqual(['etc/.wh.issue', 'var/old/.wh..wh..opq']);
    // The image it was made of is what it was.
    expect(await host.ok('run', '--rm', '--network', 'none', 'base:1', 'cat', '/etc/issue')).toBe('old');
  });

  it('B1: commit changes the configuration, writes docker’s format, one layer, and the id', async () => {
    await using host = await makeHost();
    await start(host);
    const changes = [
      'CMD ["a", "b c"]',
      'ENTRYPOINT /start',
      'ENV A="x y" B=z',
      'EXPOSE 90',
      'LABEL q=r',
      'USER app',
      'WORKDIR /home',
      'VOLUME /v',
      'STOPSIGNAL SIGINT',
    ].flatMap((each) => ['-c', each]);
    await host.ok('commit', '-q', '-a', 'me', '-m', 'why', '-f', 'docker', ...changes, 'c', 'docker:1');
    expect((await host.json<unknown[]>('inspect', 'docker:1'))[0]).toMatchObject({
      Author: 'me',
      Comment: 'why',
      ManifestType: 'application/vnd.docker.distribution.manifest.v2+json',
      User: 'app',
      Config: {
        Cmd: ['a', 'b c'],
        Entrypoint: ['/bin/sh', '-c', '/start'],
        Env: ['PATH=/bin', 'X=1', 'A=x y', 'B=z'],
        ExposedPorts: { '80/tcp': {}, '90/tcp': {} },
        Labels: { tier: 'base', l: 'm', q: 'r' },
        WorkingDir: '/home',
        Volumes: { '/v': {} },
        StopSignal: 'SIGINT',
      },
    });
    const id = await host.ok('commit', '-qs', '--include-volumes', '--iidfile', '/tmp/iid', 'c', 'flat:1');
    expect(await host.sh('cat /tmp/iid')).toBe(id);
    expect(await host.ok('inspect', '-f', '{{len .RootFS.Layers}} {{.Config.Volumes}}', 'flat:1')).toBe(
      '1 map[/data:{}]',
    );
    expect(await host.ok('run', '--rm', '--network', 'none', 'flat:1', 'ls', '/var/old', '/etc/passwd')).toBe(
      '/etc/passwd\n\n/var/old:\nnew',
    );
    // No name: a dangling one. skopeo reads what was written.
    const dangling = await host.ok('commit', '-q', 'c');
    expect(await host.ok('images', '-q', '--no-trunc', '-f', 'dangling=true')).toBe(`sha256:${dangling}`);
    await host.ok('save', '-q', '--format', 'oci-archive', '-o', '/tmp/saved', 'docker:1');
    expect(await host.sh('skopeo inspect --config oci-archive:/tmp/saved')).toContain('"author": "me"');
    for (const [wrong, said] of [
      [['-m', 'x', 'c'], 'messages are only compatible with the docker image format (-f docker)'],
      [['-f', 'zip', 'c'], 'unrecognized image format "zip"'],
      [['-c', 'RUN x', 'c'], 'invalid change "RUN x" - invalid instruction RUN'],
      [['c', 'BAD'], 'repository name must be lowercase'],
      [['no-such'], 'no container with name or ID "no-such" found'],
    ] as const) {
      const outcome = await host.peapod('commit', ...wrong);
      expect(outcome).toMatchObject({ exitCode: 125, stderr: expect.stringContaining(said) });
    }
    const paused = await host.peapod('commit', '-q', '-p', 'c', 'paused:1');
    expect(paused.exitCode).toBe(host.rootless ? 125 : 0);
    expect(await host.ok('ps', '--format', '{{.State}}')).toBe('running');
  });

  it('B1: commit unpacks what it packs at the same time, and only once', async () => {
    await using host = await makeHost();
    await load(host);
    const write =
      'i=0; while [ $i -lt 300 ]; do head -c 20000 /dev/urandom >/f$i; i=$((i+1)); done; ln /f1 /g1';
    await host.ok(
      'run',
      '--network',
      'none',
      '--name',
      'c',
      'base:1',
      'busybox',
      'sh',
      '-c',
      write.replaceAll('head', 'busybox head'),
    );
    const { stderr } = await host.peapod('--log-level', 'debug', 'commit', 'c', 'out:1');
    expect(stderr.match(/internal unpack-layer \S+/g)).toEqual(['internal unpack-layer -']);
    const sums = ['busybox', 'sh', '-c', 'busybox cat /f* /g1 | busybox md5sum'];
    const there = await host.ok('run', '--rm', '--network', 'none', 'out:1', ...sums);
    const here = await host.sh(
      'mkdir ~/x; peapod export c | tar -xC ~/x --wildcards "f*" g1; cat ~/x/* | md5sum',
    );
    expect(there).toBe(here);
  });

  it('B1: diff tells what a container has changed, and what an image has', async () => {
    await using host = await makeHost();
    await start(host);
    const changes = [
      'C /etc',
      'D /etc/issue',
      'C /home/app',
      'A /home/app/mine',
      'C /tmp',
      'A /tmp/kept',
      'C /var',
      'C /var/old',
      'D /var/old/file',
      'A /var/old/new',
    ];
    expect((await host.ok('diff', 'c')).split('\n')).toEqual(changes);
    await host.ok('stop', '-t', '0', 'c');
    expect((await host.ok('container', 'diff', '-l')).split('\n')).toEqual(changes);
    expect(await host.json('diff', '--format', 'json', 'c')).toEqual({
      changed: ['/etc', '/home/app', '/tmp', '/var', '/var/old'],
      added: ['/home/app/mine', '/tmp/kept', '/var/old/new'],
      deleted: ['/etc/issue', '/var/old/file'],
    });
    await host.ok('commit', '-q', 'c', 'made:1');
    expect((await host.ok('image', 'diff', 'made:1')).split('\n')).toEqual(changes);
    expect((await host.peapod('diff', '--format', 'xml', 'c')).stderr).toContain(
      "only supported value for '--format' is 'json'",
    );
    expect((await host.peapod('diff', 'no-such')).stderr).toContain('no-such not found: layer not known');
  });

  it('B1, B2: export writes a container’s files, running or not, and import makes an image of them', async () => {
    await using host = await makeHost();
    await start(host);
    const list = () =>
      host.sh('peapod export c > /tmp/out; tar tf /tmp/out | grep -E "^(var|proc|data|dev)" | sort');
    const found = 'data/\ndev/\nproc/\nvar/\nvar/old/\nvar/old/new';
    expect(await list()).toBe(found);
    await host.ok('stop', '-t', '0', 'c');
    expect(await list()).toBe(found);
    await host.ok('export', '-o', '/tmp/file', 'c');
    expect(await host.sh('cmp /tmp/file /tmp/out; tar tvf /tmp/file home/app/mine')).toMatch(
      /^-rwsr-x--- .*1000\/0|^-rwsr-x--- app\/root/,
    );
    const id = await host.ok(
      'import',
      '-q',
      '-c',
      'CMD ["cat", "/tmp/kept"]',
      '-m',
      'flat',
      '/tmp/file',
      'flat:1',
    );
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await host.ok('run', '--rm', '--network', 'none', 'flat:1')).toBe('kept');
    expect(await host.ok('history', '--format', '{{.CreatedBy}}|{{.Comment}}', 'flat:1')).toMatch(
      /^\/bin\/sh -c #\(nop\) ADD file:[0-9a-f]+\.\.\.\|flat$/,
    );
    const zstd = zstdCompressSync(makeTar([{ path: 'only' }]));
    const piped = await host.exec(['peapod', 'import', '--arch', 's390x', '-', 'piped:1'], { input: zstd });
    expect(piped).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^sha256:/) });
    expect(await host.ok('inspect', '-f', '{{.Architecture}}', 'piped:1')).toBe('s390x');
    for (const [wrong, said] of [
      [['/no/such.tar'], 'error opening "/no/such.tar"'],
      [['http://127.0.0.1:1/x.tar'], 'downloading http://127.0.0.1:1/x.tar: '],
      [['/etc/passwd'], 'invalid tar archive'],
      [['-c', 'FOO x', '/tmp/file'], 'invalid instruction FOO'],
    ] as const) {
      const outcome = await host.peapod('import', ...wrong);
      expect(outcome).toMatchObject({ exitCode: 125, stdout: '', stderr: expect.stringContaining(said) });
    }
    expect((await host.peapod('export', '-o', 'a:b', 'c')).stderr).toContain("should not contain ':'");
  });
});
