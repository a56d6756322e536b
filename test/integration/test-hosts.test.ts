import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rootHost, userHost } from '../support/host.ts';
import { internetAddresses, makeInternet } from '../support/internet.ts';
import { runContext } from '../support/run-context.ts';

describe.skipIf(!runContext().root)('test hosts', () => {
  it('give root a network, files and processes of its own', async () => {
    await using host = await rootHost();
    await using other = await rootHost();
    await host.sh('ip link add br0 type bridge; echo here > /run/mark; echo here > /etc/mark');
    expect(await host.sh('id -u; cat /run/mark /etc/mark')).toBe('0\nhere\nhere');
    expect(await other.sh('ls /sys/class/net /run /etc/mark || true')).not.toMatch(/br0|mark$/m);
    expect(existsSync('/etc/mark') || existsSync('/run/mark')).toBe(false);
    await host.sh('ip link del br0');
  });

  it('give a user its identity, its runtime directory and no rights', async () => {
    await using host = await userHost();
    expect(await host.sh('id -un; stat -c "%U %a" $XDG_RUNTIME_DIR; pwd; echo $HOME')).toBe(
      `${host.user.name}\n${host.user.name} 700\n/\n${host.user.home}`,
    );
    expect((await host.exec(['ip', 'link', 'add', 'br0', 'type', 'dummy'])).exitCode).not.toBe(0);
    expect(
      await host.sh('unshare -U sleep 5 & sleep 0.3; newuidmap $! 0 $(id -u) 1; kill $!; echo mapped'),
    ).toBe('mapped');
  });

  it('reach an internet that knows them, and each other', async () => {
    await using internet = await makeInternet();
    await using one = await userHost({ internet });
    await using two = await rootHost({ internet });
    const page = `http://${internetAddresses.web}/`;
    expect(await one.fetch(page)).toBe('internet, you are 203.0.113.11');
    expect(await two.fetch(page)).toBe('internet, you are 203.0.113.12');
    expect(await two.fetch('http://web.example/')).toBe('internet, you are 203.0.113.12');
    expect(await one.reachable('http://203.0.113.12/')).toBe(false);
    const server = two.spawn([
      'busybox',
      'nc',
      '-ll',
      '-p',
      '80',
      '-e',
      'echo',
      '-e',
      'HTTP/1.0 200 OK\r\n\r\ntwo',
    ]);
    expect(await one.fetch('http://203.0.113.12/')).toBe('two');
    await server.stop();
  });

  it('see what was left behind', async () => {
    const host = await rootHost();
    await host.sh(
      'ip link add br0 type bridge; nft add table inet left; mkdir /run/m; mount -t tmpfs t /run/m',
    );
    await host.sh('mkdir -p /var/lib/cni/networks/podman; touch /var/lib/cni/networks/podman/10.88.0.2');
    await host.sh('sleep 60 >/dev/null 2>&1 &');
    expect((await host.leftovers()).map((line) => line.replace(/\d+ sleep/, 'sleep'))).toEqual([
      'mount /run/m (tmpfs)',
      'interface br0',
      'rule table inet left {',
      'process sleep 60',
      'lease podman/10.88.0.2',
    ]);
    await host.destroy();
  });

  it('end a command by a signal, and tell its exit code', async () => {
    await using host = await userHost();
    const trap = host.spawn(['bash', '-c', 'trap "exit 7" INT; echo up; while :; do sleep 0.05; done']);
    await trap.seen(/up/);
    trap.signal('SIGINT');
    expect(await trap.outcome).toEqual({ exitCode: 7, stdout: 'up\n', stderr: '' });
  });

  it('give a command a terminal that can be resized', async () => {
    await using host = await userHost();
    const terminal = await host.terminal([
      'bash',
      '-c',
      'trap "stty size" WINCH; stty size; until read -r -t 0.1 x; do :; done; echo "<$x>"; sleep 60',
    ]);
    await terminal.seen(/24 80/);
    await terminal.resize(100, 30);
    await terminal.seen(/30 100/);
    terminal.type('typed\n');
    await terminal.seen(/<typed>/);
    await terminal.close();
  });
});
