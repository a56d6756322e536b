import { describe, expect, it } from 'vitest';
import { userHost } from '../support/host.ts';

describe('--userns keep-id', () => {
  it('E2: its user is the caller inside and outside; others are others; the network is its pod’s', async () => {
    await using host = await userHost();
    const { uid } = host.user;
    await host.sh('mkdir ~/data');
    const data = `${host.env.HOME}/data`;
    const flags = ['--rm', '--network', 'none', '--userns', 'keep-id', '-v', `${data}:/data`];
    const script = 'id -u; touch /data/mine; stat -c %u /data/mine; cat /sys/class/net/lo/ifindex';
    expect(await host.ok('run', ...flags, 'host', 'sh', '-c', script)).toBe(`${uid}\n${uid}\n1`);
    expect(await host.sh(`stat -c %U ${data}/mine`)).toBe(host.env.USER);
    expect(
      await host.ok(
        'run',
        ...flags,
        '-u',
        '0',
        'host',
        'sh',
        '-c',
        'id -u; touch /usr/new; stat -c %u /usr/new',
      ),
    ).toBe('0\n0');
    const other = ['--rm', '--network', 'none', '--userns', 'keep-id:uid=200,gid=210'];
    expect(await host.ok('run', ...other, 'host', 'sh', '-c', 'id -u; id -g')).toBe('200\n210');
    expect(await host.ok('run', '--rm', '--userns', 'keep-id', 'host', 'cat', '/proc/net/dev')).toContain(
      'tap0:',
    );
  });

  it('E2: exec, stop, start, a volume of its own; what cannot be is refused', async () => {
    await using host = await userHost();
    const flags = ['--network', 'none', '--userns', 'keep-id', '-v', 'kept:/kept:U'];
    await host.ok(
      'run',
      '-d',
      '--name',
      'one',
      ...flags,
      'host',
      'sh',
      '-c',
      'touch /kept/x && exec sleep 1000',
    );
    expect(await host.ok('exec', 'one', 'id', '-u')).toBe(String(host.user.uid));
    expect(await host.ok('exec', '-u', '0', 'one', 'id', '-u')).toBe('0');
    expect(await host.ok('inspect', 'one', '--format', '{{.HostConfig.UsernsMode}}')).toBe('private');
    await host.ok('stop', '-t', '1', 'one');
    await host.ok('start', 'one');
    expect(await host.ok('exec', 'one', 'stat', '-c', '%u', '/kept/x')).toBe(String(host.user.uid));
    await host.ok('rm', '-f', '-t', '0', '-v', 'one');
    await host.ok('volume', 'rm', 'kept');
    expect((await host.peapod('run', '--userns', 'auto', 'host', 'true')).stderr).toMatch(
      /^Error: --userns auto is not supported/,
    );
    expect(
      (await host.peapod('run', '--userns', 'keep-id', '--pod', 'new:x', 'host', 'true')).stderr,
    ).toMatch(/^Error: --userns and --pod cannot be set together/);
    expect(await host.ok('pod', 'ps', '-q')).toBe('');
  });
});
