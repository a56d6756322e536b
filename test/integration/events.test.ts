import { expect, it } from 'vitest';
import { describeForBoth } from '../support/host.ts';

const shown = ['--format', '{{.Type}} {{.Status}} {{.Name}}{{.Network}}'];

describeForBoth('events', (makeHost) => {
  it('B1: what happened to pods, containers and networks is shown, by filter, time and format', async () => {
    await using host = await makeHost();
    const past = (...more: string[]) => host.ok('events', '--stream=false', ...more);
    await host.ok('pod', 'create', '--name', 'p', '--label', 'a=b');
    await host.ok('run', '-d', '--pod', 'p', '--name', 'c', '--label', 'x=y', 'host', 'sleep', '1000');
    await host.ok('exec', 'c', 'true');
    await host.ok('kill', 'c');
    await host.ok('wait', 'c');
    await host.ok('pod', 'rm', '-f', 'p');
    await host.ok('network', 'create', 'n');
    await host.ok('network', 'rm', 'n');
    expect((await past(...shown)).split('\n')).toEqual([
      'pod create p',
      ...['create', 'init', 'start', 'exec', 'exec_died', 'kill', 'died', 'cleanup', 'remove'].map(
        (status) => `container ${status} c`,
      ),
      'pod remove p',
      'network create n',
      'network remove n',
    ]);
    const died = JSON.parse(await past('--filter', 'event=died', '--format', 'json'));
    expect(died).toMatchObject({
      ContainerExitCode: 137,
      Name: 'c',
      Image: 'host',
      Type: 'container',
      Attributes: { x: 'y' },
    });
    expect(died.PodID).toMatch(/^[0-9a-f]{64}$/);
    expect(await past('--filter', 'event=start', '--no-trunc=false')).toMatch(
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \+0000 UTC container start [0-9a-f]{12} \(image=host, name=c, pod_id=[0-9a-f]{64}, x=y\)$/,
    );
    expect(await past('--filter', 'label=a=b', ...shown)).toBe('pod create p\npod remove p');
    expect(await past('--until', '2020-01-01')).toBe('');
    expect(await past('--since', '1h', '--filter', 'event=kill', ...shown)).toBe('container kill c');
    for (const flags of [
      ['--filter', 'foo=x'],
      ['--filter', 'foo'],
      ['--since', 'foo'],
      ['--until', 'foo'],
    ]) {
      const { exitCode, stderr } = await host.peapod('events', '--stream=false', ...flags);
      expect(exitCode).toBe(125);
      expect(stderr).toMatch(/^Error: .*foo/);
    }
  });

  it('B1: new events are told as they come, and an interrupt or --until ends it well', async () => {
    await using host = await makeHost();
    await host.ok('create', '--name', 'before', 'host', 'true');
    const following = host.spawn(['peapod', 'events', '--since', '1h', ...shown]);
    await following.seen(/container create before\n/);
    const fresh = host.spawn(['peapod', 'events', '--until', '30s', '--filter', 'container=after', ...shown]);
    await host.ok('create', '--name', 'after', 'host', 'true');
    await following.seen(/container create after\n/);
    await host.ok('run', '--rm', '--name', 'x', 'host', 'true');
    await following.seen(/attach x\ncontainer died x\ncontainer cleanup x\ncontainer remove x\n/);
    following.signal('SIGINT');
    expect((await following.outcome).exitCode).toBe(0);
    await host.ok('rm', 'after');
    await fresh.seen(/container remove after\n/);
    fresh.signal('SIGTERM');
    expect((await fresh.outcome).stdout).not.toMatch(/before/);
    const done = await host.peapod('events', '--until', '10ms', ...shown);
    expect(done.exitCode).toBe(0);
    expect(done.stdout).toMatch(/^container create before\n/);
  });
});
