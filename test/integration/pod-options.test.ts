import { expect, it } from 'vitest';
import { eventually } from '../support/command.ts';
import { describeForBoth } from '../support/host.ts';

describeForBoth('what pod create gives to the containers of a pod', (makeHost) => {
  it('B5: volumes, kernel settings, /dev/shm, security options and hosts, unless a container says otherwise', async () => {
    await using host = await makeHost();
    await host.sh(
      `mkdir -p ~/site ~/other; echo page > ~/site/index; cd; peapod pod create --name web -v ./site:/site:ro \\
         -v kept:/data --sysctl net.core.somaxconn=4321 --sysctl kernel.shmmni=1234 --shm-size 20m \\
         --security-opt no-new-privileges --no-hosts`,
    );
    const script = [
      'cat /site/index; echo x > /site/x || echo refused; echo mine > /data/file',
      'cat /proc/sys/net/core/somaxconn /proc/sys/kernel/shmmni; df -m --output=size /dev/shm | tail -n 1',
      'grep NoNewPrivs /proc/self/status; grep -c " /etc/hosts " /proc/mounts',
    ].join('; ');
    const { stdout } = await host.peapod('run', '--rm', '--pod', 'web', 'host', 'sh', '-c', script);
    expect(stdout.split(/\s+/)).toEqual([
      ...['page', 'refused', '4321', '1234', '20', 'NoNewPrivs:', '1', '0', ''],
    ]);
    const other = await host.ok(
      ...['run', '--rm', '--pod', 'web', '-v', `${host.env.HOME}/other:/site`],
      ...['host', 'sh', '-c', 'ls /site; cat /data/file'],
    );
    expect(other).toBe('mine');
  });

  it('B5: devices and the volumes of another container, also after that is gone', async () => {
    await using host = await makeHost();
    const dir = await host.sh('mkdir ~/dir ~/own; echo here >~/dir/file; echo ~');
    await host.ok('create', '--name', 'donor', '-v', 'kept:/kept', '-v', `${dir}/dir:/dir`, 'host', 'true');
    await host.ok(
      'pod',
      'create',
      '--name',
      'p',
      '--device',
      '/dev/zero:/dev/nil',
      '--volumes-from',
      'donor:ro',
    );
    await host.ok('rm', 'donor');
    const run = ['run', '--rm', '--pod', 'p'];
    const script = 'head -c 2 /dev/nil | od -An -tu1; cat /dir/file; touch /kept/x /dir/x';
    const first = await host.peapod(...run, 'host', 'sh', '-c', script);
    expect(first.stdout.split(/\s+/).join(' ')).toBe(' 0 0 here ');
    expect(first.stderr).toMatch(/\/kept\/x.*Read-only[\s\S]*\/dir\/x.*Read-only/);
    const own = ['-v', `${dir}/own:/dir`, '--device', '/dev/null:/dev/nil'];
    expect(await host.ok(...run, ...own, 'host', 'sh', '-c', 'ls /dir; cat /dev/nil')).toBe('');
  });

  it('B6: --exit-policy stop takes the network down with the last container; by default it stays', async () => {
    await using host = await makeHost();
    await host.ok('pod', 'create', '--name', 'job', '--exit-policy', 'stop');
    await host.ok('pod', 'create', '--name', 'service');
    const state = (pod: string) => host.ok('pod', 'inspect', '-f', '{{.State}} {{.ExitPolicy}}', pod);
    for (const pod of ['job', 'service']) {
      await host.ok('run', '-d', '--pod', pod, '--name', `${pod}-long`, 'host', 'sleep', '1000');
      await host.ok('run', '--pod', pod, 'host', 'true');
    }
    expect(await state('job')).toBe('Degraded stop');
    for (const pod of ['job', 'service']) await host.ok('kill', `${pod}-long`);
    await eventually(async () => (await state('job')) === 'Exited stop');
    await host.ok('wait', 'service-long');
    expect(await state('service')).toBe('Degraded continue');
    await host.ok('pod', 'start', 'job');
    await host.ok('stop', '-t', '0', 'job-long');
    await eventually(async () => (await state('job')) === 'Exited stop');
  });

  it('B1: flags that pods have not are refused by name, bad values before anything is made', async () => {
    await using host = await makeHost();
    const refused: [flags: string[], message: RegExp][] = [
      [['--infra-image', 'pause'], /--infra-image is not here: a pod has no infra container/],
      [['--infra'], /--infra is not here: /],
      [['--userns', 'container:x'], /a pod cannot join a container's user namespace/],
      [['--uidmap', '5:1000:10'], /container ID 0 cannot be mapped/],
      [['--share-parent=false', '-m', '64m'], /--share-parent=false cannot be set together with limits/],
      [['--device', '/dev/no-such'], /stat \/dev\/no-such: no such file or directory/],
      [['--volumes-from', 'nobody'], /looking up container "nobody" for volumes-from: /],
      [['--exit-policy', 'never'], /invalid pod exit policy: "never"/],
      [['-v', '/no/such/place:/x'], /no such file or directory/],
      [['--sysctl', 'kernel.pid_max=1'], /sysctl 'kernel.pid_max' is not allowed/],
      [['--sysctl', 'net.core.somaxconn=1', '--network', 'host'], /has no net namespace of its own/],
      [['--share', 'none', '--shm-size', '1m'], /--shm-size needs a pod that shares its ipc namespace/],
      [['--share', '+pid', '--pid', 'host'], /cannot be set together/],
      [['--sysctl', 'net.no.such=1'], /net\/no\/such/],
    ];
    for (const [flags, message] of refused) {
      const outcome = await host.peapod('pod', 'create', ...flags);
      expect(outcome.exitCode, flags.join(' ')).toBe(125);
      expect(outcome.stderr).toMatch(message);
    }
    expect(await host.ok('pod', 'ps', '-q')).toBe('');
    await host.ok(
      'pod',
      'create',
      '--infra=false',
      '--share-parent=false',
      '--name',
      'fine',
      '--uts',
      'host',
    );
    expect(await host.ok('run', '--rm', '--pod', 'fine', 'host', 'hostname')).toBe(await host.sh('hostname'));
  });
});
