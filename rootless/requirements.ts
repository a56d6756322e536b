import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { PeapodError } from '../src/errors.ts';
import type { HostFacts } from '../src/host/facts.ts';
import { freeRange, parseSubordinateIds } from '../src/host/subordinate-ids.ts';
import { installCommand } from '../src/host/tools.ts';

/** What keeps an unprivileged user from running pods, and the command that mends it. */
export interface HostProblem {
  /** What is wrong, in one line. */
  readonly message: string;
  /** A command for root, as it can be typed. */
  readonly hint: string;
}

/** Texts of the files that decide; undefined where the kernel or the distribution does not have the file. */
export interface RootlessReadings {
  readonly userName: string;
  readonly uid: number;
  readonly subuid: string | undefined;
  readonly subgid: string | undefined;
  readonly maxUserNamespaces: string | undefined;
  /** Debian's and Arch's switch. */
  readonly unprivilegedUsernsClone: string | undefined;
  /** Ubuntu's switch, on since 24.04. */
  readonly apparmorRestrictUserns: string | undefined;
  /** Programs of `rootlessTools` that are not on the PATH. */
  readonly missingTools: readonly string[];
}

const rootlessTools = ['unshare', 'nsenter', 'flock', 'newuidmap', 'newgidmap', 'slirp4netns'];

export function readRootlessReadings(facts: HostFacts): RootlessReadings {
  return {
    userName: facts.userName,
    uid: facts.uid,
    subuid: textOf('/etc/subuid'),
    subgid: textOf('/etc/subgid'),
    maxUserNamespaces: textOf('/proc/sys/user/max_user_namespaces'),
    unprivilegedUsernsClone: textOf('/proc/sys/kernel/unprivileged_userns_clone'),
    apparmorRestrictUserns: textOf('/proc/sys/kernel/apparmor_restrict_unprivileged_userns'),
    get missingTools() {
      return rootlessTools.filter((tool) => !isOnPath(tool, facts.env.PATH));
    },
  };
}

/** Pure: for `doctor`, and for the message where the keeper cannot start. */
export function userNamespaceProblems(readings: RootlessReadings): HostProblem[] {
  const problems: HostProblem[] = [];
  if (readings.maxUserNamespaces?.trim() === '0') {
    problems.push({
      message: 'user namespaces are switched off: user.max_user_namespaces is 0',
      hint: 'sysctl -w user.max_user_namespaces=28633',
    });
  }
  if (readings.unprivilegedUsernsClone?.trim() === '0') {
    problems.push({
      message: 'user namespaces are for root only: kernel.unprivileged_userns_clone is 0',
      hint: 'sysctl -w kernel.unprivileged_userns_clone=1',
    });
  }
  if (readings.apparmorRestrictUserns?.trim() === '1') {
    problems.push({
      message: 'AppArmor restricts user namespaces: kernel.apparmor_restrict_unprivileged_userns is 1',
      hint: 'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0',
    });
  }
  return problems;
}

/** Pure: the subordinate ids that newuidmap(1) and newgidmap(1) will ask for. */
export function subordinateIdProblems(readings: RootlessReadings): HostProblem[] {
  const { userName, uid, subuid = '', subgid = '' } = readings;
  const files = [
    { path: '/etc/subuid', text: subuid, flag: '--add-subuids' },
    { path: '/etc/subgid', text: subgid, flag: '--add-subgids' },
  ].filter(({ text }) => parseSubordinateIds(text, userName, uid).length === 0);
  if (files.length === 0) return [];
  const { start, count } = freeRange(subuid, subgid);
  const words = files.map(({ flag }) => `${flag} ${start}-${start + count - 1}`);
  return [
    {
      message: `${userName} has no range of ids in ${files.map(({ path }) => path).join(' and ')}`,
      hint: `usermod ${words.join(' ')} ${userName}`,
    },
  ];
}

/** Everything at once, the worst first. */
export function rootlessProblems(readings: RootlessReadings): HostProblem[] {
  const packages = new Map<string, string>([
    ['newuidmap', 'uidmap'],
    ['newgidmap', 'uidmap'],
    ['slirp4netns', 'slirp4netns'],
  ]);
  const missing = new Set(readings.missingTools.map((tool) => packages.get(tool) ?? 'util-linux'));
  return [
    ...userNamespaceProblems(readings),
    ...subordinateIdProblems(readings),
    ...[...missing].map((name) => ({
      message: `the package ${name} is not installed`,
      hint: installCommand(name),
    })),
    ...tunProblems(),
  ];
}

/** slirp4netns opens the device as the user who starts it. */
export function tunProblems(device = '/dev/net/tun'): HostProblem[] {
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
    return [];
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? [{ message: `${device} is missing`, hint: 'modprobe tun' }]
      : [{ message: `${device} may not be opened by this user`, hint: `chmod 0666 ${device}` }];
  }
}

export function hostUnfit(problem: HostProblem, cause?: unknown): PeapodError {
  return new PeapodError('HOST_UNFIT', problem.message, { hint: `run as root: ${problem.hint}`, cause });
}

export function isOnPath(
  tool: string,
  path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
): boolean {
  return path.split(delimiter).some((directory) => {
    try {
      accessSync(join(directory || '.', tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
