import { expect, it } from 'vitest';
import { describeForBoth, describeForRoot, userHost } from '../support/host.ts';
import { sandboxIds } from '../support/sandbox.ts';
import type { TestHost } from '../support/test-host.ts';

/** One line `Error: …`, a hint, nothing on standard output, and nothing made. */
async function expectRefused(host: TestHost, command: readonly string[], message: RegExp): Promise<void> {
  const outcome = await host.peapod(...command);
  const said = `peapod ${command.join(' ')}\n${outcome.stderr}`;
  expect(outcome.exitCode, said).toBe(125);
  expect(outcome.stdout, said).toBe('');
  expect(outcome.stderr, said).toMatch(message);
  expect(
    outcome.stderr.split('\n').filter((line) => line.startsWith('Error: ')),
    said,
  ).toHaveLength(1);
  expect(outcome.stderr, said).toMatch(/^hint: ./m);
  expect(outcome.stderr, said).not.toMatch(/\bat .*\.(ts|js):\d+|node:internal/);
  expect(await host.ok('ps', '-aq')).toBe('');
  expect(await host.ok('pod', 'ps', '-q')).toBe('');
  expect(sandboxIds(host)).toBe('');
}

describeForBoth('bad input', (makeHost) => {
  it.each<[string[], RegExp]>([
    [['pods', 'ps'], /^Error: .*pods.*\n[\s\S]*pod/],
    [['pod', 'craete'], /craete.*\n?[\s\S]*create/],
    [['rnu', 'host', 'true'], /rnu.*\n?[\s\S]*run/],
    [['run', '--nmae', 'x', 'host', 'true'], /--nmae[\s\S]*--name/],
    [['pod', 'create', '--publsh', '80'], /--publsh[\s\S]*--publish/],
    [['run', '-Z', 'host', 'true'], /-Z/],
    [['run'], /at least 1 arg|image/i],
    [['run', '--name'], /--name/],
    [['run', '--rm=maybe', 'host', 'true'], /maybe/],
    [['pod', 'create', 'one', 'two'], /at most 1 arg|two/],
    [['exec'], /argument|container/],
    [['pod', 'rm'], /name|argument|--all/],
  ])('unknown or missing words: %j', async (command, message) => {
    await using host = await makeHost();
    await expectRefused(host, command, message);
  });

  it.each<[string[], RegExp]>([
    [['run', '--pod', 'nowhere', 'host', 'true'], /nowhere/],
    [['run', '--network', 'a b', 'host', 'true'], /a b/],
    [['run', '--network', 'ns:relative', 'host', 'true'], /ns:/],
    [['run', '--network', 'ns:/nowhere/at/all', 'host', 'true'], /\/nowhere\/at\/all/],
    [['run', '--network', 'container:nobody', 'host', 'true'], /nobody/],
    [['run', '--network', 'slirp4netns:mtu=banana', 'host', 'true'], /mtu/],
    [['run', '--network', 'slirp4netns:outbound_addr=nosuch0', 'host', 'true'], /interface nosuch0/],
    [
      ['run', '--network', 'slirp4netns:port_handler=slirp4netns', '-p', '[::1]:8080:80', 'host', 'true'],
      /\[::1\]:8080->80\/tcp/,
    ],
    [['run', '--network', 'slirp4netns:colour=red', 'host', 'true'], /colour/],
    [['run', '--network', 'no-such-network', 'host', 'true'], /no-such-network/],
    [['run', '--network', 'none', '-p', '8080:80', 'host', 'true'], /-p|port/],
    [['pod', 'create', '--share', 'net,soul'], /soul/],
    [['pod', 'create', '--hostname', 'a b'], /a b/],
    [['pod', 'create', '--dns', 'not-an-address'], /not-an-address/],
    [['pod', 'create', '--mac-address', 'zz:zz'], /zz:zz/],
    [['pod', 'create', '--add-host', 'nocolon'], /nocolon/],
    [['run', '-e', '=x', 'host', 'true'], /=x/],
    [['run', '--env-file', '/nowhere', 'host', 'true'], /\/nowhere/],
    [['run', '-v', '/nowhere/at/all:/x', 'host', 'true'], /\/nowhere\/at\/all/],
    [['run', '-v', '/tmp:relative', 'host', 'true'], /relative/],
    [['run', '-v', '/tmp:/x:sideways', 'host', 'true'], /sideways/],
    [['run', '-w', 'relative', 'host', 'true'], /relative/],
    [['run', '--restart', 'sometimes', 'host', 'true'], /sometimes|restart/],
    [['run', '--pull', 'maybe', 'host', 'true'], /maybe/],
    [['run', '--rootfs', '/nowhere/at/all', 'true'], /\/nowhere\/at\/all/],
    [['run', '--pull=never', 'localhost/no-such-image', 'true'], /no-such-image/],
    [['run', 'UPPER/Case:tag', 'true'], /UPPER/],
    [['run', '--cap-add', 'FLY', 'host', 'true'], /FLY/],
    [['load', '-i', '/nowhere.tar'], /\/nowhere\.tar/],
    [['load', '-i', '/etc/passwd'], /\/etc\/passwd|archive/],
  ])('a wrong value: %j', async (command, message) => {
    await using host = await makeHost();
    await expectRefused(host, command, message);
  });

  it.each<[string[], number]>([
    [['pod', 'inspect', 'nobody'], 125],
    [['pod', 'start', 'nobody'], 125],
    [['pod', 'rm', 'nobody'], 1],
    [['inspect', 'nobody'], 125],
    [['start', 'nobody'], 125],
    [['stop', 'nobody'], 125],
    [['rm', 'nobody'], 1],
    [['exec', 'nobody', 'true'], 125],
    [['logs', 'nobody'], 125],
    [['port', 'nobody'], 125],
    [['wait', 'nobody'], 125],
    [['rmi', 'nobody'], 1],
  ])('a name that nothing has: %j', async (command, exitCode) => {
    await using host = await makeHost();
    const outcome = await host.peapod(...command);
    expect(outcome.exitCode, outcome.stderr).toBe(exitCode);
    expect(outcome.stderr).toMatch(/^Error: .*nobody/);
  });

  it('a --format that is no template names the place where it goes wrong', async () => {
    await using host = await makeHost();
    await host.ok('pod', 'create', '--name', 'one');
    for (const format of ['{{.Name', '{{range}}', '{{.Nmae}}', '{{nofunc .Name}}']) {
      const outcome = await host.peapod('pod', 'ps', '--format', format);
      expect(outcome.exitCode, format).toBe(125);
      expect(outcome.stderr).toMatch(/^Error: /);
    }
  });

  it('a tool that is not installed is named with its package, before anything is made', async () => {
    await using host = await makeHost();
    for (const [tool, debianPackage] of [
      ['crun', 'crun'],
      ['conmon', 'conmon'],
      [host.rootless ? 'slirp4netns' : 'nft', host.rootless ? 'slirp4netns' : 'nftables'],
      ...(host.rootless ? [['newuidmap', 'uidmap']] : []),
    ] as string[][]) {
      const path = await host.rootSh(`readlink -f "$(command -v ${tool})"`);
      await host.rootSh(`mount --bind /dev/null ${path}`);
      const command = ['peapod', 'run', '-d', '-p', '8080:80', 'host', 'sleep', '1000'];
      const outcome = await host.exec(command);
      expect(outcome.exitCode, `${tool}: ${outcome.stderr}`).toBe(125);
      expect(outcome.stderr).toMatch(new RegExp(`^Error: .*${tool}`));
      expect(outcome.stderr).toMatch(new RegExp(`install ${debianPackage}`));
      expect(await host.ok('ps', '-aq')).toBe('');
      await host.rootSh(`umount ${path}`);
    }
  });

  it('--replace takes nothing away where what would come instead cannot be made', async () => {
    await using host = await makeHost();
    await host.ok('pod', 'create', '--name', 'web', '-p', '8080:80');
    await host.ok('run', '-d', '--pod', 'web', '--name', 'member', 'host', 'sleep', '1000');
    await host.ok('run', '-d', '--name', 'alone', '-p', '8081:80', 'host', 'sleep', '1000');
    const before = await host.ok('ps', '-q', '--no-trunc');
    const pod = ['pod', 'create', '--replace', '--name', 'web'];
    const run = ['run', '-d', '--replace', '--name', 'alone'];
    const create = ['create', '--replace', '--name', 'alone'];
    for (const [command, message] of [
      [[...pod, '-p', '99999:80'], /99999/],
      [[...pod, '-p', '8081:80'], /"alone"/],
      [[...pod, '--network', 'no-such-network'], /no-such-network/],
      [[...pod, '--pod-id-file', '/etc/passwd'], /--pod-id-file/],
      [[...run, '--cidfile', '/etc/passwd', 'host', 'true'], /--cidfile/],
      [[...pod, '--sysctl', 'kernel.nonsense=1'], /kernel\.nonsense/],
      [[...run, '-p', '99999:80', 'host', 'true'], /99999/],
      [[...run, '-p', '8080:80', 'host', 'true'], /"web"/],
      [[...run, '-v', '/nowhere/at/all:/x', 'host', 'true'], /\/nowhere\/at\/all/],
      [[...run, '--pod', 'new:other', '-p', '8080:80', 'host', 'true'], /"web"/],
      [[...run, '--pod', 'new:other', '-v', '/nowhere/at/all:/x', 'host', 'true'], /\/nowhere\/at\/all/],
      [[...create, '--pod', 'new:other', '-v', '/nowhere/at/all:/x', 'host', 'true'], /\/nowhere\/at\/all/],
      [[...run, '--pod', 'new:other', '--secret', 'no-such-secret', 'host', 'true'], /no-such-secret/],
      [[...run, '--pod', 'new:other', '--requires', 'nobody', 'host', 'true'], /nobody/],
      [[...run, '--pod', 'new:other', '--shm-size', '1m', '--share', 'ipc', 'host', 'true'], /--shm-size/],
      [[...run, '--pod', 'new:other', '--cidfile', '/etc/passwd', 'host', 'true'], /--cidfile/],
      [[...run, '--pod', 'new:web', 'host', 'true'], /the pod name "web" is already in use by pod/],
      [
        [...run, '--pod', 'new:alone', 'host', 'true'],
        /the container name "alone" is already in use by the pod/,
      ],
    ] as [string[], RegExp][]) {
      const outcome = await host.peapod(...command);
      expect(outcome.exitCode, command.join(' ')).toBe(125);
      expect(outcome.stderr).toMatch(message);
      expect(await host.ok('ps', '-q', '--no-trunc'), command.join(' ')).toBe(before);
      expect(await host.ok('pod', 'ps', '--format', '{{.Name}}')).toBe('web');
    }
    // A name is no id that begins so.
    const [alone = ''] = (await host.ok('ps', '-q', '--filter', 'name=alone')).split('\n');
    const web = await host.ok('pod', 'ps', '-q');
    await host.ok('create', '--replace', '--name', alone, 'host', 'true');
    await host.ok('pod', 'create', '--replace', '--name', web);
    expect(await host.ok('ps', '-q', '--no-trunc')).toBe(before);
    await host.ok('pod', 'rm', web);
    // The ports of what goes are free for what comes.
    await host.ok(...run, '-p', '8081:80', 'host', 'sleep', '1000');
    await host.ok(...run, '--pod', 'new:other', '-p', '8081:80', 'host', 'sleep', '1000');
    await host.ok(...pod, '-p', '8080:80');
    expect(await host.ok('ps', '--format', '{{.Names}} {{.PodName}}')).toBe('alone other');
  });

  it('what lies in the working directory steers nothing', async () => {
    await using host = await makeHost();
    await host.sh('mkdir -p /tmp/trap; echo PEAPOD_ROOT=/tmp/trap/root > /tmp/trap/.env');
    await host.sh('cd /tmp/trap && peapod pod ps');
    expect(await host.sh('ls /tmp/trap')).toBe('');
  });
});

describeForRoot('a host that does not fit', () => {
  it('is told by doctor with the command that mends it: no subordinate ids', async () => {
    await using host = await userHost();
    await host.rootSh(`sed -i /^${host.user.name}:/d /etc/subuid /etc/subgid`);
    const doctor = await host.peapod('doctor');
    expect(doctor.exitCode).not.toBe(0);
    expect(doctor.stdout).toMatch(/^ {2}mend it: sudo usermod --add-subuids .*--add-subgids/m);
    const missing = '{{range .Host.Missing}}{{.What}}: {{.Remedy}} {{.Required}}{{"\\n"}}{{end}}';
    expect(await host.ok('info', '--format', missing)).toMatch(/^rootless: sudo usermod .* true$/m);
    const refused = await host.peapod('pod', 'create');
    expect(refused.exitCode).toBe(125);
    expect(refused.stderr).toMatch(/^Error: [^\n]*sub/);
    expect(refused.stderr).toContain(`usermod`);
  });

  it('is told by doctor with the command that mends it: no /dev/net/tun', async () => {
    await using host = await userHost();
    await host.rootSh('mknod -m 600 /tmp/tun c 10 200; mount --bind /tmp/tun /dev/net/tun');
    const doctor = await host.peapod('doctor');
    expect(doctor.exitCode).not.toBe(0);
    expect(doctor.stdout + doctor.stderr).toMatch(/\/dev\/net\/tun/);
    await host.rootSh('umount /dev/net/tun');
    expect((await host.peapod('doctor')).exitCode).toBe(0);
  });
});
