import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { busyboxImage, ociArchive } from '../fixtures/images.ts';
import { makeTar } from '../fixtures/tar.ts';
import { eventually } from '../support/command.ts';
import { describeForBoth } from '../support/host.ts';
import type { TestHost } from '../support/test-host.ts';

async function make(host: TestHost): Promise<void> {
  const file = join(host.dir, 'image.tar');
  writeFileSync(file, ociArchive({ image: busyboxImage(), name: 'base:1' }));
  await host.ok('load', '-q', '-i', file);
  await host.ok(
    'create',
    '--name',
    'still',
    '--network',
    'none',
    '-u',
    'app',
    '-v',
    'vol:/vol',
    'base:1',
    'sh',
  );
  await host.ok(
    'run',
    '-d',
    '--name',
    'runs',
    '--network',
    'none',
    '--tmpfs',
    '/mem',
    '-v',
    'vol:/vol',
    'base:1',
    'sleep',
    '1000',
  );
  await host.sh('mkdir -p /tmp/src/d/sub; cd /tmp/src; echo f > f; echo s > d/sub/s; ln -s f l; chmod 640 f');
}

const inRunning = (host: TestHost, script: string) => host.ok('exec', 'runs', 'sh', '-c', script);

describeForBoth('cp', (makeHost) => {
  it('B1: files and directories go into a container, running or not, as podman puts them', async () => {
    await using host = await makeHost();
    await make(host);
    for (const name of ['still', 'runs']) {
      const to = (source: string, path: string, ...flags: string[]) =>
        host.ok('cp', ...flags, `/tmp/src/${source}`, `${name}:${path}`);
      await to('f', '/root/x');
      await to('d', '/root');
      await to('d', '/root/e');
      await to('d/.', '/root/g');
      await to('l', '/root/');
      await to('f', '/vol/in-volume');
      await to('f', 'tmp/from-workdir');
      await to('f', '/root/kept', '-a=false');
      expect(await host.sh(`peapod cp ${name}:/root - | tar tf - | sort`)).toBe(
        [
          '',
          'd/',
          'd/sub/',
          'd/sub/s',
          'e/',
          'e/sub/',
          'e/sub/s',
          'g/',
          'g/sub/',
          'g/sub/s',
          'kept',
          'l',
          'x',
        ]
          .map((path) => `root/${path}`)
          .join('\n'),
      );
      const owner = name === 'still' ? '1000/1000' : '0/0';
      expect(await host.sh(`peapod cp ${name}:/root/x - | tar tvf - --numeric-owner`)).toContain(
        `-rw-r----- ${owner}`,
      );
      for (const [source, path, said] of [
        [
          'f',
          '/no/such/x',
          `"/no/such/x" could not be found on container ${name}: no such file or directory`,
        ],
        ['f', '/root/new/', `"/root/new/" could not be found on container ${name}`],
        ['none', '/', '"/tmp/src/none" could not be found on the host: no such file or directory'],
        ['d', '/root/x', 'destination must be a directory when copying a directory'],
      ] as const) {
        const outcome = await host.peapod('cp', `/tmp/src/${source}`, `${name}:${path}`);
        expect(outcome).toMatchObject({ exitCode: 125, stderr: expect.stringContaining(`Error: ${said}`) });
      }
    }
    expect(await inRunning(host, 'cat /vol/in-volume /tmp/from-workdir; ls -l /root/l')).toMatch(
      /^f\nf\n-rw/,
    );
    await host.ok('cp', '/tmp/src/f', 'runs:/mem/in-memory');
    expect(await inRunning(host, 'cat /mem/in-memory')).toBe('f');
  });

  it('B1: files come out, go from container to container, and through pipes', async () => {
    await using host = await makeHost();
    await make(host);
    await inRunning(
      host,
      'cd /root; mkdir -p out/a; echo 1 > out/a/one; ln -s a out/link; echo v > /vol/v; chown -R app out',
    );
    await host.ok('cp', 'runs:/root/out', '/tmp');
    await host.ok('cp', 'runs:/root/out/.', '/tmp/renamed');
    await host.ok('cp', 'runs:/root/out/link/one', '/tmp/single');
    await host.ok('cp', 'still:/vol/v', '/tmp/v');
    const me = host.rootless ? host.user.name : 'root';
    expect(await host.sh('cd /tmp; cat out/a/one renamed/link/one single v; stat -c %U out out/a/one')).toBe(
      `1\n1\n1\nv\n${me}\n${me}`,
    );
    await host.ok('cp', 'runs:/root/out', 'still:/home');
    await host.ok('cp', 'runs:/root/out/a/one', 'runs:/tmp/two');
    expect(await host.sh('peapod cp still:/home/out - | tar tvf - --numeric-owner')).toContain(' 1000/1000 ');
    expect(await inRunning(host, 'cat /tmp/two')).toBe('1');
    await host.sh('tar cz -C /tmp/src d f | peapod cp - runs:/mem');
    expect(await inRunning(host, 'cat /mem/d/sub/s /mem/f')).toBe('s\nf');
    expect(
      (await host.exec(['peapod', 'cp', '-', 'runs:/mem'], { input: 'no tar'.repeat(200) })).stderr,
    ).toContain('source must be a (compressed) tar archive when copying from stdin');
    expect((await host.exec(['peapod', 'cp', '-', 'runs:/none'], { input: makeTar([]) })).stderr).toContain(
      'destination must be a directory when copying from stdin',
    );
    for (const [source, destination, said] of [
      ['runs:/none', '/tmp', '"/none" could not be found on container runs'],
      ['runs:/root/out/a/one', '/tmp/no/such', '"/tmp/no/such" could not be found on the host'],
      ['none:/x', '/tmp', 'container "none" does not exist'],
      ['/tmp/x', '/tmp/y', 'neither source nor destination is a container'],
    ] as const) {
      const outcome = await host.peapod('cp', source, destination);
      expect(outcome).toMatchObject({ exitCode: 125, stderr: expect.stringContaining(said) });
    }
  });

  it('B1: a directory gives way to a file, and a file to a directory, with --overwrite alone', async () => {
    await using host = await makeHost();
    await make(host);
    await inRunning(host, 'cd /root; mkdir f; touch d; ln -s /etc dir-link');
    for (const source of ['f', 'd']) {
      const refused = await host.peapod('cp', `/tmp/src/${source}`, 'runs:/root');
      expect(refused).toMatchObject({
        exitCode: 125,
        stderr: expect.stringContaining('Error: cannot overwrite'),
      });
      await host.ok('cp', '--overwrite', `/tmp/src/${source}`, 'runs:/root');
    }
    expect(await inRunning(host, 'cat /root/f /root/d/sub/s')).toBe('f\ns');
    // Files are replaced as they are; a link to a directory is followed only where it was named.
    await host.ok('cp', '/tmp/src/f', 'runs:/root/f');
    await host.ok('cp', '/tmp/src/f', 'runs:/root/dir-link');
    expect(await inRunning(host, 'cat /etc/f')).toBe('f');
  });

  it('E6: no link of a hostile container leads to the host’s files, neither to read nor to write', async () => {
    await using host = await makeHost();
    await make(host);
    await host.sh('mkdir -p /tmp/host/inner; echo secret > /tmp/host/secret; chmod 777 /tmp/host');
    const links = [
      'mkdir -p /root/links; cd /root/links',
      'ln -s /tmp/host/secret absolute; ln -s ../../../../../../../../tmp/host/secret climbing; ln -s /tmp/host directory',
      'ln -s /proc/1/root/tmp/host magic; ln -s /proc/self/cwd cwd; mkfifo fifo; ln -s loop loop',
    ].join('; ');
    await inRunning(host, links);
    await host.sh(`peapod cp runs:/root/links - | peapod cp - still:/root`);
    for (const name of ['runs', 'still']) {
      for (const path of ['absolute', 'climbing', 'directory/secret', 'magic/secret', 'loop']) {
        const outcome = await host.peapod('cp', `${name}:/root/links/${path}`, '/tmp/stolen');
        expect(outcome.stderr, path).toContain('could not be found on container');
        const written = await host.peapod('cp', '/tmp/src/f', `${name}:/root/links/${path}`);
        expect(written.exitCode, path).toBe(125);
      }
      await host.peapod('cp', '/tmp/src/f', `${name}:/root/links/directory/planted`);
    }
    // A copy on the host holds links as they are; what is copied over it later does not follow them.
    await inRunning(
      host,
      'mkdir -p /root/first /root/second/inner; ln -s /tmp/host/inner /root/first/inner; echo x > /root/second/inner/planted',
    );
    await host.ok('cp', 'runs:/root/first/.', '/tmp/dst');
    expect((await host.peapod('cp', 'runs:/root/second/.', '/tmp/dst')).stderr).toContain('cannot overwrite');
    const climbing = makeTar([{ path: '../../planted', content: 'x' }]);
    expect((await host.exec(['peapod', 'cp', '-', 'runs:/root'], { input: climbing })).exitCode).toBe(125);
    expect(
      await host.sh(
        'find / -xdev -name planted 2>/dev/null | grep -v peapod || :; cat /tmp/host/secret; ls /tmp/host /tmp/stolen 2>&1 || :',
      ),
    ).toBe("secret\nls: cannot access '/tmp/stolen': No such file or directory\n/tmp/host:\ninner\nsecret");
  });

  it('B1: with --userns keep-id, what is copied in belongs to the user inside as well', async () => {
    await using host = await makeHost();
    if (!host.rootless) return;
    await make(host);
    await host.ok(
      'run',
      '-d',
      '--name',
      'kept',
      '--network',
      'none',
      '--userns',
      'keep-id',
      'base:1',
      'sleep',
      '1000',
    );
    await host.ok('cp', '/tmp/src/f', 'kept:/tmp/f');
    expect(await host.ok('exec', 'kept', 'stat', '-c', '%u', '/tmp/f')).toBe(String(host.user.uid));
    await host.ok('cp', 'kept:/tmp/f', '/tmp/back');
    expect(await host.sh('stat -c %U /tmp/back')).toBe(host.user.name);
  });

  it('E5: a cp that is killed leaves no process, and its container starts', async () => {
    await using host = await makeHost();
    await make(host);
    // Its input does not end with it.
    await host.sh('mkfifo /tmp/input');
    const writing = host.spawn(['sh', '-c', 'exec sleep 1000 > /tmp/input']);
    const copying = host.spawn(['sh', '-c', 'exec peapod cp - still:/root < /tmp/input']);
    await eventually(() => host.sh('pgrep -f "internal files-i[n]"'));
    await copying.stop();
    expect(await host.ok('start', 'still')).toBe('still');
    expect(await host.sh('pgrep -f "internal files-i[n]" || :')).toBe('');
    await writing.stop();
  });
});
