import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { busyboxImage, ociArchive } from '../fixtures/images.ts';
import { describeForBoth } from '../support/host.ts';
import { webServer } from '../support/servers.ts';

describeForBoth('images with ports, users and volumes', (makeHost) => {
  it('A6: -P publishes every port that the image exposes on a free port', async () => {
    await using host = await makeHost();
    const archive = join(host.dir, 'exposing.tar');
    const image = busyboxImage({
      ExposedPorts: { '80/tcp': {}, '53/udp': {} },
      Cmd: webServer('exposed', 80),
    });
    writeFileSync(archive, ociArchive({ image, name: 'exposing:1' }));
    await host.ok('load', '-i', archive);
    await host.ok('run', '-d', '-P', '--name', 'all', 'exposing:1');
    const lines = (await host.ok('port', 'all')).split('\n').toSorted();
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^53\/udp -> 0\.0\.0\.0:\d+$/);
    const port = Number(/^80\/tcp -> 0\.0\.0\.0:(\d+)$/.exec(lines[1] ?? '')?.[1]);
    expect(await host.fetch(port)).toBe('exposed');
    await host.ok('run', '-d', '--name', 'none', 'exposing:1');
    expect(await host.ok('port', 'none')).toBe('');
    await host.ok('create', '--name', 'more', '--expose', '81-82/tcp', '--expose', '53/udp', 'exposing:1');
    expect(await host.ok('ps', '-a', '-f', 'name=more', '--format', '{{.Ports}}')).toBe(
      '80/tcp, 53/udp, 81/tcp, 82/tcp',
    );
    await host.ok('create', '--name', 'host', '-P', '--expose', '8080', 'host', 'true');
    expect(await host.ok('port', 'host')).toMatch(/^8080\/tcp -> 0\.0\.0\.0:\d+$/);
    expect((await host.peapod('create', '--expose', '80:80', 'exposing:1')).stderr).toContain(
      'Error: invalid exposed port "80:80"',
    );
  });

  it("B4: the image's user, workdir and environment hold, a name in a directory that only its owner enters too", async () => {
    await using host = await makeHost();
    const archive = join(host.dir, 'closed.tar');
    const closed = { files: [{ path: './', type: 'directory' as const, mode: 0o700, uid: 1000, gid: 1000 }] };
    const image = busyboxImage({ User: 'app', WorkingDir: '/', Env: ['FROM=image'], Cmd: ['id', '-un'] }, [
      closed,
    ]);
    writeFileSync(archive, ociArchive({ image, name: 'closed:1' }));
    await host.ok('load', '-i', archive);
    expect(await host.ok('run', '--rm', '-u', 'root', 'closed:1')).toBe('root');
    expect(await host.ok('run', '--rm', '-u', 'app', '--entrypoint', 'id', 'closed:1', '-un')).toBe('app');
    expect(await host.ok('run', '--rm', 'closed:1', 'sh', '-c', 'echo $FROM')).toBe('image');
  });
});
