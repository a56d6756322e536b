import { describe, expect, it } from 'vitest';
import { shieldedPaths } from '../../src/container/masked-paths.ts';
import { aboveCeiling, rlimits } from '../../src/container/rlimits.ts';
import { resolveEnvironment } from '../../src/engine/container-environment.ts';
import type { ProcessFlags } from '../../src/engine/container-flags.ts';
import { parseCgroup } from '../../src/engine/parse-cgroup.ts';
import { parseDevices } from '../../src/engine/parse-devices.ts';
import { parseNamespaces } from '../../src/engine/parse-namespaces.ts';
import { parseProcess } from '../../src/engine/parse-process.ts';
import { parseSecurityOptions } from '../../src/engine/parse-security.ts';

const ulimit = (...ulimits: string[]) => parseProcess({ ulimits }, '/bin').ulimits;

describe('the first process', () => {
  it('--ulimit: soft and hard, the last of a name wins, host for the caller’s own', () => {
    expect(ulimit('nofile=5:10', 'core=-1', 'nofile=7')).toEqual([
      { name: 'nofile', soft: 7, hard: 7 },
      { name: 'core', soft: -1, hard: -1 },
    ]);
    expect(ulimit('host')).toBe('host');
    const limits = { openFiles: 20, processes: 30 };
    expect(rlimits(limits, [{ name: 'nofile', soft: 1, hard: 2 }])).toEqual([
      { type: 'RLIMIT_NOFILE', soft: 1, hard: 2 },
      { type: 'RLIMIT_NPROC', soft: 30, hard: 30 },
    ]);
    expect(rlimits(limits, 'host')).toEqual([]);
  });

  it('a limit above the caller’s own is found', () => {
    const table = 'Max open files            1024                 2000                files     \n';
    const at = (hard: number) => aboveCeiling([{ name: 'nofile', soft: 1, hard }], table)?.ceiling;
    expect([at(2000), at(2001), at(-1)]).toEqual([undefined, 2000, 2000]);
  });

  it.each<[ProcessFlags, string]>([
    [{ ulimits: ['foo=1'] }, 'invalid ulimit type: foo'],
    [{ ulimits: ['nofile=5:3'] }, 'soft limit must be less than or equal to hard limit: 5 > 3'],
    [{ ulimits: ['nofile=x'] }, 'ulimit option "nofile=x" requires name=SOFT:HARD'],
    [{ ulimits: ['host', 'nofile=1'] }, 'only alone'],
    [{ oomScoreAdj: 2000 }, 'not in the range from -1000 to 1000'],
    [{ umask: '999' }, 'invalid umask string 999: invalid argument'],
    [
      { groupAdd: ['keep-groups', '5'] },
      "the '--group-add keep-groups' option is not allowed with any other",
    ],
    [{ personality: 'BSD' }, 'unknown personality'],
    [{ timezone: 'No/Where' }, 'stat /usr/share/zoneinfo/No/Where: no such file or directory'],
    [{ timezone: '../../../etc/passwd' }, 'finding timezone'],
    [{ init: true, initPath: '/none' }, 'container-init binary not found on the host: stat /none'],
  ])('%j is refused', (flags, message) => {
    expect(() => parseProcess(flags, '/bin')).toThrow(message);
  });
});

describe('the environment', () => {
  const resolve = (environment: object, env: string[] = [], image = ['PATH=/image', 'A=image']) =>
    resolveEnvironment(
      { env, envFiles: [], envHost: false, environment },
      { http_proxy: 'p', B: 'host' },
      image,
    );

  it('proxy settings of the caller come by themselves, below all others', () => {
    expect(resolve({})).toEqual({ http_proxy: 'p', PATH: '/image', A: 'image' });
    expect(resolve({ httpProxy: false })).toEqual({ PATH: '/image', A: 'image' });
    expect(resolve({}, ['http_proxy=mine']).http_proxy).toBe('mine');
  });

  it('--unsetenv takes from the image, not from flags; --env-merge builds on the image', () => {
    const quiet = { httpProxy: false };
    expect(resolve({ ...quiet, unset: ['A'] })).toEqual({ PATH: '/image' });
    expect(resolve({ ...quiet, unset: ['A'] }, ['A=flag'])).toEqual({ PATH: '/image', A: 'flag' });
    expect(resolve({ ...quiet, unsetAll: true })).toEqual({});
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax of --env-merge
    expect(resolve({ ...quiet, merge: ['PATH=${PATH}:/more', 'A=$A$none'] })).toEqual({
      PATH: '/image:/more',
      A: 'image',
    });
  });
});

describe('devices and kernel settings', () => {
  it('--device: places, permissions, a directory for all in it', () => {
    const devices = (word: string) => parseDevices({ devices: [word] }, false).devices;
    expect(devices('/dev/null')).toEqual([
      { source: '/dev/null', destination: '/dev/null', permissions: 'rwm' },
    ]);
    expect(devices('/dev/null:r')?.[0]).toMatchObject({ destination: '/dev/null', permissions: 'r' });
    expect(devices('/dev/null:/dev/x:rw')?.[0]).toMatchObject({ destination: '/dev/x', permissions: 'rw' });
  });

  it.each([
    [{ devices: ['/none'] }, 'stat /none: no such file or directory'],
    [{ devices: ['/dev/null:/x:q'] }, 'invalid device mode: q'],
    [{ devices: ['/etc/passwd'] }, 'is not a device node'],
    [{ devices: ['vendor.com/gpu=all'] }, 'CDI devices are not supported'],
    [{ sysctls: ['foo=1'] }, "sysctl 'foo' is not allowed"],
    [{ sysctls: ['kernel.shmmax'] }, 'sysctl values must be in the form of KEY=VALUE'],
    [{ sysctls: ['net/../kernel/core_pattern=x'] }, 'is not allowed'],
    [{ cgroupRules: ['x 1:1 r'] }, 'invalid value for --device-cgroup-rule'],
    [{ shmSize: 'x' }, "invalid size: 'x'"],
  ])('%j is refused', (flags, message) => {
    expect(() => parseDevices(flags, false)).toThrow(message);
  });

  it('rules of the device cgroup are root’s', () => {
    expect(() => parseDevices({ cgroupRules: ['c 1:1 r'] }, true)).toThrow(/not supported in rootless mode/);
  });
});

describe('namespaces and cgroups', () => {
  const parse = (flags: object) => parseNamespaces(flags, (name) => `id-of-${name}`);

  it('host, private, a container’s, a file', () => {
    const flags = { pid: 'container:x', ipc: 'shareable', uts: 'host', cgroupns: 'ns:/proc/self/ns/cgroup' };
    expect(parse(flags)).toEqual({
      pid: 'container:id-of-x',
      ipc: 'shareable',
      uts: 'host',
      cgroup: 'ns:/proc/self/ns/cgroup',
    });
    expect(parse({ pid: '' })).toEqual({});
  });

  it.each([
    [{ pid: 'foo' }, 'unrecognized namespace mode foo passed'],
    [{ pid: 'shareable' }, 'unrecognized namespace mode shareable passed'],
    [{ uts: 'ns:/etc/passwd' }, 'not a namespace'],
  ])('%j is refused', (flags, message) => {
    expect(() => parse(flags)).toThrow(message);
  });

  it.each([
    [{ cgroups: 'foo' }, 'invalid cgroup mode "foo"'],
    [{ cgroups: 'split' }, '--cgroups=split is not supported'],
    [{ cgroups: 'disabled', cgroupParent: '/x' }, 'cannot set cgroup parent if not creating cgroups'],
    [{ cgroupParent: '/a/../../b' }, 'must not contain ..'],
  ])('%j is refused', (flags, message) => {
    expect(() => parseCgroup(flags)).toThrow(message);
  });
});

describe('--security-opt (E2)', () => {
  const parse = (words: string[], host = { selinux: false, apparmor: false }) =>
    parseSecurityOptions(words, '/', () => host);

  it('takes what podman takes', () => {
    const words = [
      'no-new-privileges',
      'mask=/a:/b',
      'unmask=/proc/*',
      'proc-opts=hidepid=2',
      'label=disable',
    ];
    expect(parse(words)).toEqual({
      noNewPrivileges: true,
      seccompProfile: '',
      security: { words, mask: ['/a', '/b'], unmask: ['/proc/*'], procOptions: ['hidepid=2'] },
    });
    expect(parse(['apparmor=mine'], { selinux: false, apparmor: true }).security?.apparmor).toBe('mine');
    expect(parse(['apparmor=unconfined']).security?.apparmor).toBeUndefined();
    expect(parse([]).security).toBeUndefined();
  });

  it.each([
    ['foo', /invalid --security-opt "foo"/],
    ['foo=bar', /invalid --security-opt "foo=bar"/],
    ['apparmor=mine', /apparmor profile "mine" specified, but Apparmor is not enabled on this system/],
    ['seccomp=/none.json', /opening seccomp profile failed: open \/none.json: no such file or directory/],
    ['proc-opts=suid', /invalid --security-opt/],
    ['mask=relative', /invalid --security-opt/],
    ['systempaths=x', /invalid --security-opt/],
    ['label=colour', /invalid --security-opt/],
  ])('%s is refused', (word, message) => {
    expect(() => parse([word])).toThrow(message);
  });

  it('a label is refused where it would mean something', () => {
    expect(() => parse(['label=type:x_t'], { selinux: true, apparmor: false })).toThrow(
      /invalid --security-opt/,
    );
    expect(() => parse(['label=disable'], { selinux: true, apparmor: false })).not.toThrow();
  });

  it('masked and read-only paths follow', () => {
    const open = shieldedPaths({ unmask: ['ALL'], mask: ['/mine'] }, []);
    expect(open).toEqual({ maskedPaths: ['/mine'], readonlyPaths: [] });
    const some = shieldedPaths({ unmask: ['/proc/k*'] }, ['/sys/kernel']);
    expect(some.maskedPaths).not.toContain('/proc/kcore');
    expect(some.maskedPaths).toContain('/sys/kernel');
    expect(some.readonlyPaths).toContain('/proc/sys');
  });
});
