import { existsSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { PeapodError } from '../errors.ts';
import type { SecuritySpec } from '../store/records/isolation.ts';

/** What the host's kernel enforces beside permissions. */
export interface SecurityHost {
  readonly selinux: boolean;
  readonly apparmor: boolean;
}

export function readSecurityHost(): SecurityHost {
  const apparmor = '/sys/module/apparmor/parameters/enabled';
  return {
    selinux: existsSync('/sys/fs/selinux/enforce'),
    apparmor: existsSync(apparmor) && readFileSync(apparmor, 'utf8').startsWith('Y'),
  };
}

interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  readonly seccompProfile: string;
  readonly security?: SecuritySpec;
}

const known =
  'known are no-new-privileges, seccomp=FILE|unconfined, apparmor=PROFILE, mask=PATHS, unmask=PATHS|ALL, proc-opts=OPTIONS, systempaths=unconfined, label=…';

/** `--security-opt`, `key=value` or the older `key:value`. Throws INVALID_ARGUMENT, HOST_UNFIT. */
export function parseSecurityOptions(
  words: readonly string[],
  cwd: string,
  host: () => SecurityHost,
): SecurityOptions {
  let noNewPrivileges = false;
  let seccompProfile = '';
  const more: { -readonly [K in keyof SecuritySpec]: SecuritySpec[K] } = { words };
  const add = (key: 'mask' | 'unmask' | 'procOptions', values: readonly string[]) => {
    more[key] = [...(more[key] ?? []), ...values];
  };
  for (const word of words) {
    const [key, value] = word.split(/[=:](.*)/s);
    const refuse = (hint: string = known) =>
      new PeapodError('INVALID_ARGUMENT', `invalid --security-opt "${word}"`, { hint });
    if (key === 'no-new-privileges' && ['true', 'false', undefined].includes(value)) {
      noNewPrivileges = value !== 'false';
      continue;
    }
    if (value === undefined || value === '') throw refuse();
    if (key === 'seccomp') seccompProfile = seccompFile(value, cwd);
    else if (key === 'mask') add('mask', checkPaths(value, refuse));
    else if (key === 'unmask')
      add('unmask', value.toUpperCase() === 'ALL' ? ['ALL'] : checkPaths(value, refuse));
    else if (key === 'systempaths') {
      if (value !== 'unconfined') throw refuse('only systempaths=unconfined is supported');
      add('unmask', ['ALL']);
    } else if (key === 'proc-opts') add('procOptions', checkProcOptions(value, refuse));
    else if (key === 'apparmor') {
      if (value !== 'unconfined') more.apparmor = checkApparmor(value, host());
    } else if (key === 'label') checkLabel(value, host(), refuse);
    else throw refuse();
  }
  return { noNewPrivileges, seccompProfile, ...(words.length > 0 ? { security: more } : {}) };
}

function seccompFile(value: string, cwd: string): string {
  if (value === 'unconfined') return value;
  const path = resolve(cwd, value);
  if (statSync(path, { throwIfNoEntry: false })?.isFile()) return path;
  throw new PeapodError(
    'INVALID_ARGUMENT',
    `opening seccomp profile failed: open ${value}: no such file or directory`,
    { hint: 'a JSON file as docker and podman take it, or seccomp=unconfined' },
  );
}

function checkPaths(value: string, refuse: (hint: string) => PeapodError): string[] {
  const paths = value.split(':');
  if (paths.every((path) => path.startsWith('/'))) return paths;
  throw refuse('absolute paths, with colons between them');
}

/** proc(5), "Mount options". */
function checkProcOptions(value: string, refuse: (hint: string) => PeapodError): string[] {
  const options = value.split(',');
  const isKnown = (option: string) =>
    /^(hidepid=([0-4]|off|noaccess|invisible|ptraceable)|gid=\d+|subset=pid)$/.test(option);
  if (options.every(isKnown)) return options;
  throw refuse('options of the proc mount: hidepid=N, gid=N, subset=pid');
}

function checkApparmor(profile: string, host: SecurityHost): string {
  if (host.apparmor) return profile;
  throw new PeapodError(
    'HOST_UNFIT',
    `apparmor profile "${profile}" specified, but Apparmor is not enabled on this system`,
    { hint: 'leave it out, or boot with apparmor=1 security=apparmor' },
  );
}

/** Containers carry no SELinux label of their own: the truth on a host without SELinux, `disable` on any. */
function checkLabel(value: string, host: SecurityHost, refuse: (hint: string) => PeapodError): void {
  if (!/^(disable|nested|(user|role|type|level|filetype):.+)$/.test(value))
    throw refuse('label=disable, or label=user:…, role:…, type:…, level:…, filetype:…');
  if (value !== 'disable' && host.selinux)
    throw refuse('SELinux labels of containers are not supported; label=disable is');
}
