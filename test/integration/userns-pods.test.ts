import { expect, it } from 'vitest';
import { describeForBoth } from '../support/host.ts';
import { alone, firstId, map, prepare, words } from '../support/mapped-image.ts';
import { getPage } from '../support/servers.ts';

describeForBoth('user namespaces of pods, and with other options', (makeHost) => {
  it('E2: the containers of a pod share its user namespace, which owns the namespaces of the pod', async () => {
    await using host = await makeHost();
    await prepare(host);
    const id = await host.ok(
      'pod',
      'create',
      '--name',
      'p',
      '--userns',
      'auto:size=2000',
      '-p',
      '8080:80',
      '--share',
      '+pid',
    );
    const serve = 'while true; do printf "HTTP/1.0 200 OK\\r\\n\\r\\nyes" | nc -l -p 80; done';
    await host.ok('run', '-d', '--name', 'web', '--pod', 'p', 'box', 'sh', '-c', serve);
    const member = (script: string, ...flags: string[]) =>
      host.ok('run', '--rm', '--pod', 'p', ...flags, 'box', 'sh', '-c', script);
    expect(words(await member(map))).toBe(`0 ${firstId(host)} 2000`);
    const namespaces = 'readlink /proc/self/ns/user; readlink /proc/self/ns/net';
    expect(await member(namespaces)).toBe(await host.ok('exec', 'web', 'sh', '-c', namespaces));
    expect(await member('stat -c %u /dev/shm; kill -0 1; echo $?')).toBe('0\n0');
    // Who has the capability has it over the pod's own namespaces.
    const admin = ['--cap-add', 'NET_ADMIN,SYS_ADMIN'];
    expect(
      await member('ip link set lo mtu 1000; cat /sys/class/net/lo/mtu; hostname x; hostname', ...admin),
    ).toBe('1000\nx');
    expect(await member('cat /proc/sys/net/ipv4/ping_group_range')).toBe('0\t0');
    await host.exec(getPage('127.0.0.1', 8080));
    expect(await host.fetch(8080)).toBe('yes');
    await host.ok('pod', 'stop', '-t', '0', 'p');
    await host.ok('pod', 'start', 'p');
    expect(words(await host.ok('exec', 'web', 'sh', '-c', map))).toBe(`0 ${firstId(host)} 2000`);
    expect(await host.ok('inspect', 'web', '--format', '{{.HostConfig.UsernsMode}}')).toBe('pod');
    expect(await host.ok('pod', 'inspect', 'p', '--format', '{{json .SharedNamespaces}}')).toContain(
      '"user"',
    );
    const refused = async (...flags: string[]) =>
      (await host.peapod('run', '--pod', 'p', ...flags, 'box', 'true')).stderr;
    expect(await refused('--userns', 'auto')).toMatch(/^Error: --userns and --pod cannot be set together/);
    expect(await refused('--uidmap', '0:1:1')).toMatch(
      /^Error: cannot specify a new uid\/gid map when entering pod p/,
    );
    expect(await refused('-u', '5000')).toMatch(
      /^Error: the container's user namespace doesn't map UID 5000/,
    );
    // Of one that has its network to itself, all of it is in the pod's user namespace as well.
    await host.ok('pod', 'create', '--name', 'q', '--share', 'ipc,uts', '--uidmap', '0:3000:2000');
    const apart = await host.ok(
      'run',
      '--rm',
      '--pod',
      'q',
      ...alone,
      'box',
      'sh',
      '-c',
      `${map}; hostname; ls /sys/class/net`,
    );
    expect(words(apart)).toBe('0 3000 2000 q lo');
    await host.ok('run', '--rm', '--pod', 'new:r', '--userns', 'auto:size=2000', 'box', 'true');
    expect(await host.ok('pod', 'inspect', 'r', '--format', '{{json .SharedNamespaces}}')).toContain(
      '"user"',
    );
    expect(id).toMatch(/^[0-9a-f]{64}$/);
  });

  it('E2: with limits, a read-only root, --init, the host’s root and networks of all kinds', async () => {
    await using host = await makeHost();
    await prepare(host);
    const run = (flags: string[], script: string, image = 'box') =>
      host.ok('run', '--rm', '--userns', 'auto', ...flags, image, 'sh', '-c', script);
    expect(
      await run(
        [...alone, '--read-only', '--init'],
        'touch /tmp/x; touch /x 2>/dev/null || echo no; ps | head -2 | tail -1',
      ),
    ).toMatch(/^no\n +1 root +\/run\/peapod-init/);
    expect(await run(alone, 'touch /usr/x /etc/x; stat -c %u / /usr/x /etc/x /root', 'host')).toBe(
      '0\n0\n0\n0',
    );
    expect(await run(['-t', ...alone], 'stat -c %u:%g /dev/pts/0')).toBe('0:5\r');
    expect(await run(['--network', 'host'], 'ls /sys/class/net | head -1')).toBe('lo');
    expect(
      await run(alone, 'echo "192.0.2.1 x" >> /etc/hosts && stat -c %u /etc/hosts /etc/resolv.conf'),
    ).toBe('0\n0');
    const volume = [...alone, '-v', 'kept:/home/app:O'];
    expect(await run([...volume, '-u', 'app'], 'touch /home/app/x && cat /home/app/file')).toBe(
      'from the image',
    );
    // Places of mounts that cp has made for a container that never ran are its root's as well.
    const create = ['create', '--name', 'copied', ...alone, '--userns', 'auto', '-v', 'kept:/new/place'];
    await host.ok(...create, 'box', 'stat', '-c', '%u', '/new', '/etc/hostname.copy');
    await host.ok('cp', '/etc/hostname', 'copied:/etc/hostname.copy');
    expect(await host.ok('start', '-a', 'copied')).toBe('0\n0');
    await host.ok('network', 'create', 'net');
    const seen = 'ip -o addr show dev eth0 | grep -c "inet 10"; cat /sys/class/net/eth0/operstate';
    expect(await run(['--network', 'net'], seen)).toBe('1\nup');
    await host.ok(
      'run',
      '-d',
      '--name',
      'again',
      '--restart',
      'always',
      ...alone,
      '--userns',
      'auto',
      'box',
      'sh',
      '-c',
      'echo x >> /x; [ $(wc -l < /x) -gt 2 ] && exec sleep 1000',
    );
    await host.ok('exec', 'again', 'sh', '-c', 'true').catch(() => {});
    await expect
      .poll(() => host.sh('peapod exec again cat /x 2>/dev/null || :'), { timeout: 10_000 })
      .toBe('x\nx\nx');
    await host.ok('rm', '-f', '-t', '0', 'again');
  });
});
