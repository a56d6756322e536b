import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { describeForBoth, describeForRoot, rootHost } from '../support/host.ts';
import {
  addressOf,
  configDirectory,
  type Inspected,
  inspectNetwork,
  run,
  subnetsOf,
  writeConflist,
} from '../support/networks.ts';

const foreign = (name: string, subnet: string, bridge: string) =>
  JSON.stringify({
    cniVersion: '1.0.0',
    name,
    plugins: [
      {
        type: 'bridge',
        bridge,
        isGateway: true,
        ipMasq: true,
        ipam: { type: 'host-local', ranges: [[{ subnet }]], routes: [{ dst: '0.0.0.0/0' }] },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  });

describeForBoth('networks as files', (makeHost) => {
  it('C5: --network-config-dir is where they are, also for what ends a container behind one’s back', async () => {
    await using host = await makeHost();
    await host.sh('mkdir ~/networks');
    const elsewhere = ['--network-config-dir', await host.sh('cd ~/networks; pwd')];
    await host.ok(...elsewhere, 'network', 'create', 'apart');
    expect(await host.sh('ls ~/networks')).toContain('apart.conflist');
    expect(await host.ok('network', 'ls', '-q')).not.toContain('apart');
    expect(await host.ok('__complete', ...elsewhere, 'network', 'rm', 'ap')).toBe('apart\tnetwork\n:4');
    const run = ['run', '--name', 'c', '--network', 'apart', 'host', 'true'];
    const { exitCode, stderr } = await host.peapod(...elsewhere, '--log-level', 'debug', ...run);
    expect(exitCode).toBe(0);
    expect(stderr).toContain(`--exit-command-arg ${elsewhere.join(' --exit-command-arg ')}`);
    await host.ok(...elsewhere, 'rm', 'c');
    await host.ok(...elsewhere, 'network', 'rm', 'apart');
    expect(await host.sh('ls ~/networks')).toBe('cni.lock');
  });

  it('C5: subnets keep clear of what the host routes; a chosen one that does not is refused', async () => {
    await using host = await makeHost();
    await host.rootSh(
      'ip link add busy0 type bridge; ip link set busy0 up; ip address add 10.89.0.9/23 dev busy0',
    );
    await host.ok('network', 'create', 'web');
    expect(await subnetsOf(host, 'web')).toEqual(['10.89.2.0/24']);
    for (const [subnet, holder] of [
      ['10.89.1.0/24', 'the host, which routes 10.89.0.0/23 through busy0'],
      ['10.89.2.0/25', 'network web (10.89.2.0/24)'],
      ['10.88.9.0/24', 'network podman (10.88.0.0/16)'],
      ...(host.rootless ? [['10.0.2.0/24', 'the uplink']] : []),
    ]) {
      const outcome = await host.peapod('network', 'create', '--subnet', subnet as string, 'bad');
      expect(outcome.exitCode).toBe(125);
      expect(outcome.stderr).toContain(`subnet ${subnet} is already used by ${holder}`);
    }
    expect(await host.ok('network', 'ls', '-q')).toBe('podman\nweb');
    await host.rootSh('ip link delete busy0');
  });

  it('C5: conflists of others are listed and usable; a broken one is named and breaks no other', async () => {
    await using host = await makeHost();
    await writeConflist(host, '10-theirs.conflist', foreign('theirs', '10.123.45.0/24', 'theirbr0'));
    const broken = await writeConflist(host, '20-broken.conflist', '{"name": "broken", "plugins": [');
    const wrong = foreign('wrong', '10.9.0.1/24', 'wrongbr0');
    const wrongPath = await writeConflist(host, '30-wrong.conflist', wrong);

    const listed = await host.peapod('network', 'ls', '-q');
    expect(listed).toMatchObject({ exitCode: 0, stdout: 'podman\ntheirs\n' });
    expect(listed.stderr).toContain(`warning: ${broken}: is not JSON`);
    expect(listed.stderr).toContain(
      `warning: ${wrongPath}: plugins[0].ipam.ranges[0][0].subnet: has host bits set`,
    );

    await run(host, 'theirs', 'web', 'on theirs');
    await host.ok('run', '-d', '--name', 'client', '--network', 'theirs', 'host', 'sleep', '1000');
    const address = await addressOf(host, 'web');
    expect(address).toMatch(/^10\.123\.45\./);
    expect(await host.fetchFrom('client', address)).toBe('on theirs');
    await run(host, 'podman', 'usual');

    for (const name of ['broken', 'wrong']) {
      const outcome = await host.peapod('run', '--rm', '--network', name, 'host', 'true');
      expect(outcome).toMatchObject({
        exitCode: 125,
        stderr: expect.stringContaining(`-${name}.conflist: `),
      });
    }
    await host.ok('rm', '-f', '-t', '0', 'web', 'client', 'usual');
    expect(await host.ok('network', 'create', 'web')).toBe('web');
    // What others have configured for themselves is theirs to remove by name.
    expect(await host.ok('network', 'prune', '-f')).toBe('web');
    expect(await host.ok('network', 'rm', 'theirs')).toBe('theirs');
  });

  it('C5: a file that is to define the default network is not passed over when it is broken', async () => {
    await using host = await makeHost();
    const list = foreign('podman', '10.123.45.0/24', 'theirbr0');
    await writeConflist(host, '87-podman-bridge.conflist', list);
    await host.ok('run', '-d', '--name', 'web', '--network', 'bridge', 'host', 'sleep', '1000');
    expect(await addressOf(host, 'web')).toMatch(/^10\.123\.45\./);
    for (const text of ['', list.slice(0, 12), 'none']) {
      const path = await writeConflist(host, '87-podman-bridge.conflist', text);
      for (const words of [
        ['run', '--rm', '--network', 'bridge', 'host', 'true'],
        ['network', 'inspect', 'podman'],
      ]) {
        expect(await host.peapod(...words)).toMatchObject({
          exitCode: 125,
          stderr: expect.stringMatching(
            new RegExp(`^Error: ${path}: .*\\n.*mend the file, or move it away\\n$`),
          ),
        });
      }
    }
    await run(host, 'none', 'apart');
    expect(await host.ok('rm', '-f', '-t', '0', 'web', 'apart')).toBe('web\napart');
  });

  it('C5: bad input is one error, and nothing is written', async () => {
    await using host = await makeHost();
    await host.ok('network', 'create', 'web');
    for (const [words, message] of [
      [['web'], 'network name web already used: network already exists'],
      [['host'], 'conflicts with a valid network mode'],
      [['--interface-name', 'cni-podman1', 'x'], 'bridge name cni-podman1 already in use by network web'],
      [['--subnet', '10.90.0.0/24', '--gateway', '10.91.0.1', 'x'], 'gateway 10.91.0.1 not in subnet'],
      [
        ['--driver', 'macvlan', '--opt', 'isolate=true', 'x'],
        host.rootless ? 'need root' : 'isolate option is only',
      ],
      [['--driver', 'nonsense', 'x'], 'unsupported driver nonsense'],
      [['--opt', 'colour=red', 'x'], 'unsupported bridge network option colour'],
    ] as const) {
      const outcome = await host.peapod('network', 'create', ...words);
      expect(outcome).toMatchObject({ exitCode: 125, stdout: '' });
      expect(outcome.stderr).toContain(`Error: `);
      expect(outcome.stderr).toContain(message);
    }
    expect(await host.sh(`ls -A ${configDirectory(host)}`)).toBe('cni.lock\nweb.conflist');
    expect(await host.ok('network', 'create', '--ignore', 'web')).toBe('web');
    const unknown = await host.peapod('pod', 'create', '--network', 'nowhere', 'p');
    expect(unknown.exitCode).toBe(125);
    expect(unknown.stderr).toContain('unable to find network with name or ID nowhere: network not found');
    expect(await host.ok('pod', 'ps', '-q')).toBe('');
    expect((await host.peapod('network', 'rm', 'podman')).stderr).toContain('cannot be removed');
  });

  it('C5: networks made at the same time get names, bridges and subnets of their own', async () => {
    await using host = await makeHost();
    const names = await Promise.all(Array.from({ length: 6 }, () => host.ok('network', 'create')));
    expect(new Set(names).size).toBe(6);
    const inspected = await host.json<Inspected[]>('network', 'inspect', ...names);
    expect(new Set(inspected.map(({ subnets: [first] }) => first?.subnet)).size).toBe(6);
    expect(new Set(inspected.map(({ network_interface }) => network_interface)).size).toBe(6);
    const same = await Promise.all([1, 2, 3].map(() => host.peapod('network', 'create', 'same')));
    expect(same.map(({ exitCode }) => exitCode).sort()).toEqual([0, 125, 125]);
  });

  it('C5: prune asks first, and takes only what matches', async () => {
    await using host = await makeHost();
    await host.ok('network', 'create', '--label', 'keep', 'kept');
    await host.ok('network', 'create', 'idle');
    const prune = (input: string) =>
      host.exec(['peapod', 'network', 'prune', '--filter', 'label!=keep'], { input });
    const refused = await prune('n\n');
    expect(refused.stdout).toBe(
      'WARNING! This will remove all networks not used by at least one container.\nAre you sure you want to continue? [y/N] ',
    );
    expect((await prune('')).stdout).not.toContain('idle');
    expect((await prune('y\n')).stdout).toMatch(/\[y\/N\] idle\n$/);
    expect(await host.ok('network', 'ls', '-q')).toBe('kept\npodman');
  });

  it('C5: leases that another runtime holds keep the network', async () => {
    await using host = await makeHost();
    await host.ok('network', 'create', 'shared');
    const leases = host.rootless ? `${host.env.HOME}/.local/share/peapod/leases` : '/var/lib/cni/networks';
    await host.sh(`mkdir -p ${leases}/shared; printf 'abc123\\r\\neth0' > ${leases}/shared/10.89.0.7`);
    expect(await host.ok('network', 'prune', '-f')).toBe('');
    expect(await host.peapod('network', 'rm', 'shared')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('of another runtime: abc123 has 10.89.0.7'),
    });
    await host.sh(`rm ${leases}/shared/10.89.0.7`);
    await host.ok('network', 'rm', 'shared');
    expect(existsSync(host.path(`${leases}/shared`))).toBe(false);
  });
});

describeForRoot('networks as files of root', () => {
  it('C5: a bridge is not given the name of an interface that the host has', async () => {
    await using host = await rootHost();
    await host.rootSh('ip link add cni-podman1 type bridge; ip link add taken0 type bridge');
    await host.ok('network', 'create', 'web');
    expect((await inspectNetwork(host, 'web')).network_interface).toBe('cni-podman2');
    const outcome = await host.peapod('network', 'create', '--interface-name', 'taken0', 'x');
    expect(outcome.stderr).toContain('bridge name taken0 already in use by the host');
    await host.rootSh('ip link delete cni-podman1; ip link delete taken0');
  });
});
