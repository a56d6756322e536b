import { expect, it } from 'vitest';
import { eventually } from '../support/command.ts';
import { describeForBoth, describeForRoot, rootHost } from '../support/host.ts';
import type { TestHost } from '../support/test-host.ts';

/** A program that ends at once by SIGTERM, with this exit code, and writes a line at each start. */
function obedient(exitCode: number): string[] {
  return ['sh', '-c', `echo started; trap 'exit ${exitCode}' TERM; while :; do sleep 0.02; done`];
}

async function started(host: TestHost, name: string, times = 1): Promise<void> {
  await eventually(async () => (await host.ok('logs', name)).split('started').length > times);
}

describeForBoth('verbs of containers', (makeHost) => {
  it('B1: restart stops what runs and starts what does not, and keeps what was written', async () => {
    await using host = await makeHost();
    const id = await host.ok('run', '-d', '--rm', '--name', 'again', 'host', ...obedient(3));
    await started(host, 'again');
    const pid = await host.ok('inspect', '-f', '{{.State.Pid}}', 'again');
    await host.ok('exec', 'again', 'touch', '/usr/kept');
    expect(await host.ok('restart', '--time', '5', 'again')).toBe('again');
    await started(host, 'again', 2);
    expect(await host.ok('inspect', '-f', '{{.Id}} {{.State.Status}}', 'again')).toBe(`${id} running`);
    expect(await host.ok('inspect', '-f', '{{.State.Pid}}', 'again')).not.toBe(pid);
    await host.ok('exec', 'again', 'test', '-e', '/usr/kept');
    await host.ok('create', '--name', 'fresh', 'host', 'sleep', '1000');
    expect(await host.ok('restart', '--running')).toBe(id);
    expect(await host.ok('restart', '-t', '0', 'fresh')).toBe('fresh');
    expect(await host.ok('ps', '--format', '{{.Names}}', '--sort', 'names')).toBe('again\nfresh');
    const unknown = await host.peapod('restart', 'fresh', 'nobody');
    expect(unknown).toMatchObject({ exitCode: 125, stdout: 'fresh\n' });
    expect(unknown.stderr).toContain('no container with name or ID "nobody" found');
  });

  it('B1: a renamed container answers to its new name alone, and the old one is free', async () => {
    await using host = await makeHost();
    const id = await host.ok('run', '-d', '--name', 'old', 'host', 'sleep', '1000');
    await host.ok('create', '--name', 'other', 'host', 'true');
    expect(await host.ok('rename', 'old', 'new')).toBe('');
    expect(await host.ok('exec', 'new', 'echo', 'still there')).toBe('still there');
    expect((await host.peapod('container', 'exists', 'old')).exitCode).toBe(1);
    const taken = await host.peapod('rename', 'new', 'other');
    expect(taken.exitCode).toBe(125);
    expect(taken.stderr).toMatch(/name "other" is already in use/);
    expect((await host.peapod('rename', 'new', 'not good')).exitCode).toBe(125);
    await host.ok('rename', id, 'new');
    await host.ok('create', '--name', 'old', 'host', 'true');
    expect(await host.ok('ps', '-a', '--format', '{{.Names}}', '--sort', 'names')).toBe('new\nold\nother');
  });

  it('B6: whoever waits for a container that removes itself gets its exit code', async () => {
    await using host = await makeHost();
    for (const end of [['stop'], ['rm', '--force']]) {
      await host.ok('run', '-d', '--rm', '--name', 'gone', 'host', ...obedient(7));
      await started(host, 'gone');
      const waiting = host.spawn(['peapod', 'wait', 'gone']);
      const attached = host.spawn(['peapod', 'attach', '--no-stdin', 'gone']);
      // Both are there when they hold the database, and attach has its connection when it shows output.
      await host.ok('exec', 'gone', 'sh', '-c', 'echo seen > /proc/1/fd/1');
      await attached.seen(/seen/).catch(async () => {
        await host.ok('exec', 'gone', 'sh', '-c', 'echo seen > /proc/1/fd/1');
        await attached.seen(/seen/);
      });
      await host.ok(...end, 'gone');
      expect((await waiting.outcome).stdout, end.join(' ')).toBe('7\n');
      expect((await attached.outcome).exitCode, end.join(' ')).toBe(7);
    }
    const running = host.spawn(['peapod', 'run', '--rm', '--name', 'gone', 'host', ...obedient(9)]);
    await running.seen(/started/);
    await host.ok('stop', 'gone');
    expect((await running.outcome).exitCode).toBe(9);
    expect(await host.ok('ps', '-aq')).toBe('');
  });

  it('B9: container prune asks on a terminal and removes what does not run and matches', async () => {
    await using host = await makeHost();
    const running = await host.ok('run', '-d', '--label', 'a=1', 'host', 'sleep', '1000');
    const created = await host.ok('create', '--label', 'a=1', 'host', 'true');
    const other = await host.ok('create', '--label', 'a=2', 'host', 'true');
    const terminal = await host.terminal(['peapod', 'container', 'prune']);
    await terminal.seen(/This will remove all non running containers\.\s+.*\[y\/N\]/);
    terminal.type('n\n');
    expect((await terminal.outcome).exitCode).toBe(0);
    expect(await host.ok('container', 'prune', '-f', '--filter', 'label=a=1')).toBe(created);
    expect(await host.ok('container', 'prune', '-f', '--filter', 'until=10m')).toBe('');
    const sure = await host.exec(['peapod', 'container', 'prune'], { input: 'y\n' });
    expect(sure.stdout).toContain(other);
    expect(await host.ok('ps', '-aq', '--no-trunc')).toBe(running);
    await host.peapod('run', '--name', 'done', 'host', 'true');
    expect(await host.ok('container', 'cleanup', '--rm', 'done')).toBe('');
    expect((await host.peapod('container', 'exists', '--external', 'done')).exitCode).toBe(1);
    expect((await host.peapod('container', 'prune', '-f', '--filter', 'status=exited')).stderr).toMatch(
      /status is an invalid filter/,
    );
  });

  it('B1: rm refuses a container whose network others use, --depend removes them first', async () => {
    await using host = await makeHost();
    await host.ok('run', '-d', '--name', 'gateway', 'host', 'sleep', '1000');
    const inner = await host.ok('run', '-d', '--network', 'container:gateway', 'host', 'sleep', '1000');
    const refused = await host.peapod('rm', '-f', '-t', '0', 'gateway');
    expect(refused.exitCode).toBe(125);
    expect(refused.stderr).toMatch(/has dependent containers which must be removed before it/);
    expect(await host.ok('ps', '-q')).toMatch(/^\w+\n\w+$/);
    expect(await host.ok('rm', '-f', '-t', '0', '--depend', 'gateway')).toBe(`${inner}\ngateway`);
    expect(await host.ok('ps', '-aq')).toBe('');
  });

  it('B1: top shows the processes of a container and of a pod, also those that exec brought in', async () => {
    await using host = await makeHost();
    await host.ok('pod', 'create', '--name', 'pair');
    await host.ok('run', '-d', '--pod', 'pair', '--name', 'one', 'host', 'sleep', '1001');
    await host.ok('run', '-d', '--pod', 'pair', '-u', 'nobody', 'host', 'sh', '-c', 'sleep 1002; true');
    host.spawn(['peapod', 'exec', 'one', 'sleep', '1003']);
    const lines = await eventually(async () => {
      const found = (await host.ok('top', 'one')).split('\n');
      return found.length === 3 && found;
    });
    expect(lines[0]?.trim().split(/ +/).join(' ')).toBe('USER PID PPID %CPU ELAPSED TTY TIME COMMAND');
    expect(lines[1]).toMatch(/^root +1 +0 +\d+\.\d{3} +\S+ +\? +0s +sleep 1001$/);
    expect(lines[2]).toMatch(/^root +\d+ +0 .* sleep 1003$/);
    const all = await host.ok('pod', 'top', 'pair', 'user,args', 'hpid', 'huser');
    expect(all).toMatch(/^USER +COMMAND +HPID +HUSER\nroot +sleep 1001 +\d+ /);
    expect(all).toMatch(/\nnobody +sh -c sleep 1002; true +\d+ +\S+ *\nnobody +sleep 1002 /);
    const hostPid = /sleep 1001 +(\d+)/.exec(all)?.[1];
    expect(await host.sh(`tr '\\0' ' ' < /proc/${hostPid}/cmdline`)).toBe('sleep 1001 ');
    expect(await host.ok('top', 'one', '-o', 'args')).toBe('COMMAND\nsleep 1001\nsleep 1003');
    await host.ok('kill', 'one');
    expect((await host.peapod('top', 'one')).stderr).toMatch(/top can only be used on running containers/);
  });

  it('B1: ps tells sizes and namespaces, watches, and filters by age', async () => {
    await using host = await makeHost();
    const id = await host.ok('run', '-d', '--name', 'older', 'host', 'sleep', '1000');
    await host.ok('create', '--name', 'younger', '--label', 'a=1', '--label', 'b=2', 'host', 'true');
    await host.ok('exec', 'older', 'sh', '-c', 'head -c 3000000 /dev/zero > /usr/written');
    expect(await host.ok('ps', '-a', '--sort', 'size', '--size', '--format', '{{.Names}} {{.Size}}')).toBe(
      'younger 0B (virtual 0B)\nolder 3MB (virtual 0B)',
    );
    expect(await host.ok('inspect', '--size', '-f', '{{.SizeRw}}', 'older')).toBe('3000000');
    expect((await host.peapod('ps', '-q', '--size')).exitCode).toBe(125);
    const inside = await host.ok('exec', 'older', 'stat', '-L', '-c', '%i', '/proc/self/ns/net');
    expect(await host.ok('ps', '--ns', '--format', '{{.Names}} {{.NET}}')).toBe(`older ${inside}`);
    expect(await host.ok('ps', '--ns')).toMatch(
      /^CONTAINER ID +NAMES +PID +CGROUPNS +IPC +MNT +NET +PIDNS +USERNS +UTS *\n\w+ +older( +\d+){8}$/,
    );
    const names = (...filters: string[]) =>
      host.ok('ps', '-a', '--format', '{{.Names}}', ...filters.flatMap((filter) => ['--filter', filter]));
    expect(await names('before=younger')).toBe('older');
    expect(await names(`since=${id}`)).toBe('younger');
    expect(await names('label=a', 'label=b=2')).toBe('younger');
    expect(await names('label=a', 'label=b=3')).toBe('');
    expect(await names('status=created', 'status=running')).toBe('older\nyounger');
    expect((await host.peapod('ps', '--filter', 'status=asleep')).stderr).toMatch(
      /^Error: unknown container state: asleep: invalid argument/,
    );
    const watching = host.spawn(['peapod', 'ps', '--watch', '1', '--format', '{{.Names}}']);
    await watching.seen(/older/);
    await host.ok('start', 'younger');
    await host.ok('kill', 'older');
    await eventually(() => watching.stdout.endsWith('[1;1H'));
    watching.signal('SIGINT');
    expect((await watching.outcome).exitCode).toBe(0);
  });

  it('B7: logs of several containers tell them apart by ids, names or colours', async () => {
    await using host = await makeHost();
    const ids = [];
    for (const name of ['a', 'b']) {
      await host.peapod('run', '--name', name, 'host', 'sh', '-c', `echo ${name} said`);
      ids.push((await host.ok('inspect', '-f', '{{.Id}}', name)).slice(0, 12));
    }
    expect(await host.ok('logs', 'a', 'b')).toBe(`${ids[0]} a said\n${ids[1]} b said`);
    expect(await host.ok('logs', '--names', 'a', 'b')).toBe('a a said\nb b said');
    expect(await host.ok('logs', '--names', 'a')).toBe('a said');
    expect(await host.ok('logs', '--color', '-n', 'a', 'b')).toBe(
      '\x1b[37ma a said\x1b[0m\n\x1b[31mb b said\x1b[0m',
    );
  });

  it('B1: restart, kill and prune of a pod are about all of its containers', async () => {
    await using host = await makeHost();
    const pod = await host.ok('pod', 'create', '--name', 'two');
    for (const name of ['one', 'other']) {
      await host.ok('run', '-d', '--pod', 'two', '--name', name, 'host', ...obedient(4));
      await started(host, name);
    }
    await host.ok('pod', 'create', '--name', 'empty');
    expect(await host.ok('pod', 'restart', 'two')).toBe(pod);
    for (const name of ['one', 'other']) await started(host, name, 2);
    expect(await host.ok('pod', 'kill', '--signal', 'TERM', 'two')).toBe(pod);
    expect(await host.ok('wait', 'one', 'other')).toBe('4\n4');
    await host.ok('pod', 'start', 'two');
    expect(await host.ok('pod', 'prune', '-f')).toBe('');
    expect(await host.ok('pod', 'kill', 'two')).toBe(pod);
    expect(await host.ok('pod', 'ps', '--filter', 'name=two', '--format', '{{.Status}}')).toMatch(
      /Exited|Stopped/,
    );
    expect(await host.ok('pod', 'prune', '-f')).toBe(pod);
    expect(await host.ok('pod', 'ps', '--format', '{{.Name}}')).toBe('empty');
    expect((await host.peapod('pod', 'kill', 'two')).stderr).toMatch(/no pod with name or ID two found/);
  });
});

describeForRoot('pause', () => {
  it('B1: pause freezes a container, unpause lets it go on; what is frozen can still be ended', async () => {
    await using host = await rootHost();
    const script = 'i=0; while :; do i=$((i+1)); echo $i > /usr/count; sleep 0.01; done';
    await host.ok('run', '-d', '--name', 'counter', 'host', 'sh', '-c', script);
    const pid = await host.ok('inspect', '-f', '{{.State.Pid}}', 'counter');
    const count = () => host.sh(`cat /proc/${pid}/root/usr/count`);
    await eventually(count);
    expect(await host.ok('pause', 'counter')).toBe('counter');
    const frozen = await count();
    expect(await host.ok('ps', '--format', '{{.Names}} {{.Status}}', '--filter', 'status=paused')).toBe(
      'counter Paused',
    );
    for (const verb of ['exec', 'attach', 'pause', 'restart']) {
      const words = verb === 'exec' ? [verb, 'counter', 'true'] : [verb, 'counter'];
      const outcome = await host.peapod(...words);
      expect(outcome.exitCode, verb).toBe(verb === 'exec' ? 255 : 125);
      expect(outcome.stderr, verb).toMatch(/state improper|only attach to running/);
    }
    expect(await count()).toBe(frozen);
    expect(await host.ok('unpause', '--all')).toMatch(/^\w{64}$/);
    await eventually(async () => (await count()) !== frozen && (await count()) !== '');
    expect((await host.peapod('unpause', 'counter')).stderr).toMatch(/is not paused, can't unpause/);
    await host.ok('pause', 'counter');
    expect(await host.ok('kill', 'counter')).toBe('counter');
    expect(await host.ok('wait', 'counter')).toBe('137');
    expect((await host.peapod('pause', 'counter')).stderr).toMatch(/"exited" is not running, can't pause/);
    for (const end of [
      ['stop', '-t', '0'],
      ['rm', '-f', '-t', '0'],
    ]) {
      await host.ok('restart', 'counter');
      await host.ok('pause', 'counter');
      expect(await host.ok(...end, 'counter')).toBe('counter');
    }
  });

  it('B1: a pod is paused as a whole', async () => {
    await using host = await rootHost();
    const pod = await host.ok('pod', 'create', '--name', 'both');
    for (const name of ['one', 'two']) {
      await host.ok('run', '-d', '--pod', 'both', '--name', name, 'host', 'sleep', '1000');
    }
    await host.ok('pause', 'one');
    expect(await host.ok('pod', 'pause', 'both')).toBe(pod);
    expect(await host.ok('ps', '-a', '--format', '{{.State}}')).toBe('paused\npaused');
    expect(await host.ok('pod', 'ps', '--format', '{{.Status}}')).toBe('Paused');
    expect(await host.ok('pod', 'unpause', 'both')).toBe(pod);
    expect(await host.ok('ps', '--format', '{{.State}}')).toBe('running\nrunning');
  });
});

describeForBoth('init', (makeHost) => {
  it('B1: init makes all but the first instruction; start goes on from there, rm and stop end it', async () => {
    await using host = await makeHost();
    await host.ok('create', '--name', 'ready', 'host', 'sh', '-c', 'echo began; exit 5');
    expect(await host.ok('init', 'ready')).toBe('ready');
    expect(await host.ok('ps', '-a', '--format', '{{.Status}} {{.State}}')).toBe('Initialized initialized');
    expect(await host.ok('logs', 'ready')).toBe('');
    const again = await host.peapod('init', 'ready');
    expect(again.exitCode).toBe(125);
    expect(again.stderr).toMatch(/has already been created in runtime: container state improper/);
    expect(await host.ok('container', 'prune', '-f')).toBe('');
    const started = await host.peapod('start', '--attach', 'ready');
    expect(started).toMatchObject({ exitCode: 5, stdout: 'began\n' });
    expect(await host.ok('init', '--all')).toMatch(/^\w{64}$/);
    expect(await host.ok('rm', 'ready')).toBe('ready');
    await host.ok('pod', 'create', '--name', 'both');
    await host.ok('create', '--pod', 'both', '--name', 'member', 'host', 'sleep', '1000');
    await host.ok('init', 'member');
    await host.ok('pod', 'start', 'both');
    expect(await host.ok('ps', '--format', '{{.Names}}')).toBe('member');
    await host.ok('stop', '-t', '0', 'member');
    await host.ok('init', 'member');
    await host.ok('stop', 'member');
    expect(await host.ok('ps', '-a', '--format', '{{.State}}')).toMatch(/created|exited/);
  });
});
