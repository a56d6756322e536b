import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { TestUser } from './run-context.ts';

const testUserName = 'peapod-test';

/** Brings the machine to what a distribution's own set-up gives its users. Needs root; idempotent. */
export function prepareMachine(): TestUser {
  openTun();
  mountHugetlbWhereHybrid();
  return ensureUser(testUserName);
}

/** The caller, for a run without root. */
export function callingUser(): TestUser {
  const { username, uid, gid, homedir } = userInfo();
  return { name: username, uid, gid, home: homedir };
}

/** udev makes /dev/net/tun 0666 on every distribution that has it; a bare container or VM has 0600. */
function openTun(): void {
  if (!existsSync('/dev/net/tun')) {
    mkdirSync('/dev/net', { recursive: true });
    execFileSync('mknod', ['/dev/net/tun', 'c', '10', '200']);
  }
  if ((statSync('/dev/net/tun').mode & 0o666) !== 0o666) chmodSync('/dev/net/tun', 0o666);
}

/**
 * crun refuses hybrid cgroups while the v2 hierarchy at `unified` still holds a controller. hugetlb is the
 * one that older set-ups forget to mount as v1.
 */
function mountHugetlbWhereHybrid(): void {
  const dir = '/sys/fs/cgroup/hugetlb';
  if (!existsSync('/sys/fs/cgroup/unified/cgroup.controllers') || existsSync(`${dir}/tasks`)) return;
  if (!/^hugetlb\s/m.test(readFileSync('/proc/cgroups', 'utf8'))) return;
  mkdirSync(dir, { recursive: true });
  execFileSync('mount', ['-t', 'cgroup', '-o', 'hugetlb', 'cgroup', dir]);
}

/** A real unprivileged user with the subordinate ids that useradd gives. */
function ensureUser(name: string): TestUser {
  if (!findUser(name)) execFileSync('useradd', ['--create-home', '--shell', '/bin/bash', name]);
  for (const [file, flag] of [
    ['/etc/subuid', '--add-subuids'],
    ['/etc/subgid', '--add-subgids'],
  ] as const) {
    const known = existsSync(file) && readFileSync(file, 'utf8').includes(`${name}:`);
    if (!known) execFileSync('usermod', [flag, freeRange(file), name]);
  }
  const user = findUser(name);
  if (!user) throw new Error(`useradd ${name} made no user`);
  return user;
}

function freeRange(file: string): string {
  const entries = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  const ends = entries
    .map((line) => line.split(':'))
    .map(([, start, count]) => Number(start) + Number(count));
  const start = Math.max(100_000, ...ends.filter(Number.isFinite));
  return `${start}-${start + 65_535}`;
}

function findUser(name: string): TestUser | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`));
  if (!line) return undefined;
  const [, , uid, gid, , home = ''] = line.split(':');
  return { name, uid: Number(uid), gid: Number(gid), home };
}
