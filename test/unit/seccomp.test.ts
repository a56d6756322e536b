import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSeccomp } from '../../src/container/seccomp.ts';
import { buildSeccomp } from '../../src/container/seccomp-profile.ts';

const target = { capabilities: ['CAP_CHOWN'], architecture: 'x64', kernelRelease: '6.1.0-30-amd64' };
const profile = {
  defaultAction: 'SCMP_ACT_ERRNO',
  defaultErrnoRet: 38,
  defaultErrno: 'ENOSYS',
  archMap: [
    { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'] },
    { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
  ],
  syscalls: [
    { names: ['always'], action: 'SCMP_ACT_ALLOW', args: [], includes: {}, excludes: {} },
    { names: ['refused'], action: 'SCMP_ACT_ERRNO', errnoRet: 1, errno: 'EPERM' },
    { names: ['amd64'], action: 'SCMP_ACT_ALLOW', includes: { arches: ['amd64', 'x32'] } },
    { names: ['arm64'], action: 'SCMP_ACT_ALLOW', includes: { arches: ['arm64'] } },
    { names: ['notamd64'], action: 'SCMP_ACT_ALLOW', excludes: { arches: ['amd64'] } },
    { names: ['admin'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_SYS_ADMIN'] } },
    { names: ['both'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_SYS_ADMIN', 'CAP_CHOWN'] } },
    { names: ['noadmin'], action: 'SCMP_ACT_ERRNO', excludes: { caps: ['CAP_SYS_ADMIN'] } },
    { names: ['new'], action: 'SCMP_ACT_ALLOW', includes: { minKernel: '4.8' } },
    { names: ['newer'], action: 'SCMP_ACT_ALLOW', includes: { minKernel: '6.2' } },
    {
      name: 'personality',
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: 0, value: 8, valueTwo: 0, op: 'SCMP_CMP_EQ' }],
    },
    { names: ['nullargs'], action: 'SCMP_ACT_ALLOW', args: null },
  ],
};
const names = (built: ReturnType<typeof buildSeccomp>) => built.syscalls.flatMap((rule) => rule.names);

describe('a seccomp profile for a container', () => {
  it('decides architectures, capabilities and kernels', () => {
    const built = buildSeccomp(JSON.stringify(profile), target, 'test');
    expect(names(built)).toEqual(['always', 'refused', 'amd64', 'noadmin', 'new', 'personality', 'nullargs']);
    expect(built.architectures).toEqual(['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32']);
    expect(built.defaultErrnoRet).toBe(38);
  });

  it('lets more through with more capabilities, and another architecture', () => {
    const built = buildSeccomp(
      JSON.stringify(profile),
      { capabilities: ['CAP_SYS_ADMIN', 'CAP_CHOWN'], architecture: 'arm64', kernelRelease: '6.2.1' },
      'test',
    );
    expect(names(built)).toContain('admin');
    expect(names(built)).toContain('both');
    expect(names(built)).toContain('arm64');
    expect(names(built)).toContain('notamd64');
    expect(names(built)).toContain('newer');
    expect(names(built)).not.toContain('noadmin');
    expect(built.architectures).toEqual(['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM']);
  });

  it('writes rules as the runtime specification has them', () => {
    const built = buildSeccomp(JSON.stringify(profile), target, 'test');
    expect(built.syscalls[0]).toEqual({ names: ['always'], action: 'SCMP_ACT_ALLOW' });
    expect(built.syscalls[1]).toEqual({ names: ['refused'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 });
    expect(built.syscalls.find((rule) => rule.names[0] === 'personality')?.args).toEqual([
      { index: 0, value: 8, op: 'SCMP_CMP_EQ' },
    ]);
  });

  it.each([
    ['{', 'it is not JSON'],
    ['[]', 'defaultAction is missing'],
    ['null', 'it is not an object'],
    ['{"defaultAction":"SCMP_ACT_ALLOW","syscalls":{}}', 'syscalls is not a list'],
    ['{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"action":"x"}]}', 'syscalls[0] names no system call'],
    ['{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["x"]}]}', 'syscalls[0] has no action'],
  ])('refuses %s (E6)', (text, why) => {
    expect(() => buildSeccomp(text, target, 'my.json')).toThrow(
      `decoding seccomp profile my.json failed: ${why}`,
    );
  });
});

describe('the compiled filter', () => {
  let dir: string;
  const load = (over: { profile?: string; capabilities?: string[] } = {}) =>
    loadSeccomp({
      profile: join(dir, 'profile.json'),
      capabilities: ['CAP_CHOWN'],
      cacheDir: join(dir, 'cache'),
      runtimePath: '/bin/sh',
      ...over,
    });
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'peapod-seccomp-'));
    writeFileSync(join(dir, 'profile.json'), JSON.stringify(profile));
    mkdirSync(join(dir, 'state', 'c1'), { recursive: true });
    writeFileSync(join(dir, 'state', 'c1', 'seccomp.bpf'), 'program');
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('is handed to crun from the second container on', () => {
    const first = load();
    expect(first.annotations).toEqual({});
    first.remember(join(dir, 'state'), 'c1');
    const second = load();
    expect(second.annotations).toEqual({
      'run.oci.seccomp_bpf_data': Buffer.from('program').toString('base64'),
    });
    expect(second.seccomp).toEqual(first.seccomp);
  });

  it('is not used for other capabilities or a changed profile', () => {
    load().remember(join(dir, 'state'), 'c1');
    expect(load({ capabilities: ['CAP_CHOWN', 'CAP_KILL'] }).annotations).toEqual({});
    writeFileSync(join(dir, 'profile.json'), `${JSON.stringify(profile)} `);
    utimesSync(join(dir, 'profile.json'), 0, 0);
    expect(load().annotations).toEqual({});
  });

  it('is compiled anew where the cache is damaged, and a lost state is no error', () => {
    load().remember(join(dir, 'state'), 'c1');
    const [file] = readdirSync(join(dir, 'cache'));
    writeFileSync(join(dir, 'cache', file as string), '{"seccomp":');
    expect(load().annotations).toEqual({});
    load().remember(join(dir, 'state'), 'gone');
    expect(load().annotations).toEqual({});
  });

  it('is absent where unconfined; a missing profile is named', () => {
    expect(load({ profile: 'unconfined' }).seccomp).toBeUndefined();
    expect(() => load({ profile: '/nope' })).toThrow(
      'opening seccomp profile failed: open /nope: no such file or directory',
    );
  });
});
