import { expect, it } from 'vitest';
import { describeForBoth } from '../support/host.ts';

const mkdirDenied = JSON.stringify({
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 13 }],
});

describeForBoth('what a container may do', (makeHost) => {
  it('E2: capabilities added and dropped; contradictions and unknown names are refused', async () => {
    await using host = await makeHost();
    const effective = async (...flags: string[]) => {
      const words = ['--rm', '--network', 'none', ...flags, 'host', 'grep', 'CapEff', '/proc/self/status'];
      return Number.parseInt((await host.ok('run', ...words)).split(/\s+/)[1] as string, 16);
    };
    const netRaw = 1 << 13;
    expect((await effective()) & netRaw).toBe(0);
    expect((await effective('--cap-add', 'net_raw')) & netRaw).toBe(netRaw);
    expect(await effective('--cap-drop', 'all')).toBe(0);
    expect(await effective('--cap-drop', 'all', '--cap-add', 'NET_RAW')).toBe(netRaw);
    for (const [flags, message] of [
      [['--cap-add', 'NOPE'], '"CAP_NOPE": unknown capability'],
      [['--cap-add', 'NET_RAW', '--cap-drop', 'NET_RAW'], 'cannot be dropped and added'],
      [['--cap-add', 'ALL', '--cap-drop', 'ALL'], 'adding all caps and removing all caps not allowed'],
    ] as const) {
      const outcome = await host.peapod('run', ...flags, 'host', 'true');
      expect(outcome.exitCode).toBe(125);
      expect(outcome.stderr).toContain(message);
    }
    expect(await host.ok('ps', '-aq')).toBe('');
  });

  it('E2: no new privileges, and a seccomp profile of the user’s own', async () => {
    await using host = await makeHost();
    host.write(`${host.env.HOME}/deny.json`, mkdirDenied);
    const run = (option: string, script: string) =>
      host.exec([
        'bash',
        '-c',
        `cd && peapod run --rm --network none --security-opt ${option} host sh -c '${script}'`,
      ]);
    expect((await run('no-new-privileges', 'grep NoNewPrivs /proc/self/status')).stdout).toMatch(/1$/m);
    expect((await run('seccomp=deny.json', 'mkdir /tmp/x')).stderr).toMatch(/Permission denied/);
    expect((await run('seccomp=unconfined', 'grep -w Seccomp: /proc/self/status')).stdout).toMatch(/0$/m);
  });

  it('E2: members of a pod cannot change its links and routes', async () => {
    await using host = await makeHost();
    await host.ok('pod', 'create', '--network', 'none', 'front');
    for (const command of [
      'ip link set lo down',
      'ip link add x type dummy',
      'ip route add 10.0.0.0/8 dev lo',
    ]) {
      const outcome = await host.peapod('run', '--rm', '--pod', 'front', 'host', ...command.split(' '));
      expect(outcome.stderr, command).toMatch(/Operation not permitted/);
    }
  });
});
