import { dlopen, FFIType } from 'bun:ffi';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const CLONE_NEWNS = 0x00020000;
const CLONE_NEWNET = 0x40000000;

/**
 * Moves this test process into a network and a mount namespace of its own, which end with it: the code under
 * test runs as on a host of its own, in process, and the machine's network cannot be touched. Needs root.
 */
export function becomeThrowawayHost(): void {
  const libc = dlopen('libc.so.6', { unshare: { args: [FFIType.i32], returns: FFIType.i32 } });
  if (libc.symbols.unshare(CLONE_NEWNS | CLONE_NEWNET) !== 0)
    throw new Error('unshare failed: these tests need root');
  sh(`
    mount --make-rprivate /
    mount -t tmpfs tmpfs /run
    mount -t sysfs sysfs /sys
    ip link set lo up
  `);
}

/** Runs a script on the throw-away host, or in a network namespace of it. Throws where it fails. */
export function sh(script: string, netnsPath?: string): string {
  const enter = netnsPath ? ['nsenter', `--net=${netnsPath}`, '--'] : [];
  const [program = '', ...args] = [...enter, 'bash', '-ec', script];
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 });
  if (status !== 0) throw new Error(`${script}: exit code ${status}: ${stderr}${stdout}`);
  return stdout.trim();
}

let made = 0;

/** A pinned network namespace as the sandbox makes it. */
export function pinNetns(directory: string): string {
  const path = join(directory, `netns-${made++}`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(path, '');
  sh(`unshare --net=${path} ip link set lo up`);
  return path;
}

export function unpinNetns(path: string): void {
  sh(`umount -l ${path}`);
  rmSync(path);
}

/**
 * A neighbour of the throw-away host on a cable: `198.51.100.1` here, `.2` there, `2001:db8::1` and `::2`.
 * What comes from it comes from outside.
 */
export function connectNeighbour(directory: string): string {
  const path = pinNetns(directory);
  sh(`
    ip link add up0 type veth peer name eth0 netns ${path}
    ip link set up0 addrgenmode none
    ip addr add 198.51.100.1/24 dev up0
    ip addr add 2001:db8::1/64 dev up0 nodad
    ip link set up0 up
    ip route add default via 198.51.100.2
  `);
  sh(
    'ip addr add 198.51.100.2/24 dev eth0; ip addr add 2001:db8::2/64 dev eth0 nodad; ip link set eth0 up',
    path,
  );
  return path;
}
