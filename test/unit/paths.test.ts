import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HostFacts } from '../../src/host/facts.ts';
import { makeStateDirectory, privateDirectory, resolvePaths } from '../../src/host/paths.ts';

const facts = (more: Partial<HostFacts>): HostFacts => ({
  env: {},
  uid: 4242,
  gid: 4242,
  userName: 'dev',
  homeDir: '/home/dev',
  rootless: true,
  insideKeeper: false,
  bootId: 'b',
  self: ['peapod'],
  ...more,
});

describe('where peapod keeps its state', () => {
  it('root: /var/lib and /run', () => {
    const paths = resolvePaths(facts({ uid: 0, rootless: false }));
    expect(paths).toMatchObject({
      root: '/var/lib/peapod',
      runRoot: '/run/peapod',
      networkConfig: '/etc/cni/net.d',
      leases: '/var/lib/cni/networks',
    });
  });

  it("users: XDG's directories, else their defaults below the home directory", () => {
    const env = { XDG_RUNTIME_DIR: '/run/user/4242', XDG_DATA_HOME: '/data', XDG_CONFIG_HOME: '/config' };
    expect(resolvePaths(facts({ env }))).toMatchObject({
      root: '/data/peapod',
      runRoot: '/run/user/4242/peapod',
      networkConfig: '/config/cni/net.d',
    });
    expect(resolvePaths(facts({ env: { XDG_RUNTIME_DIR: '/r' } }))).toMatchObject({
      root: '/home/dev/.local/share/peapod',
      networkConfig: '/home/dev/.config/cni/net.d',
    });
  });

  it('relative directories of flags are absolute ones, those of XDG are ignored', () => {
    expect(
      resolvePaths(facts({ env: { XDG_RUNTIME_DIR: '/r' } }), { root: 'r', runRoot: './run' }),
    ).toMatchObject({
      root: join(process.cwd(), 'r'),
      runRoot: join(process.cwd(), 'run'),
    });
    const env = { XDG_RUNTIME_DIR: '/r', XDG_DATA_HOME: 'data', XDG_CONFIG_HOME: 'config' };
    expect(resolvePaths(facts({ env }))).toMatchObject({
      root: '/home/dev/.local/share/peapod',
      networkConfig: '/home/dev/.config/cni/net.d',
    });
  });

  it("somebody else's XDG_RUNTIME_DIR, as after su, is not used, nor is a relative one", () => {
    for (const dir of ['/proc', 'run']) {
      const uid = process.getuid?.() ?? 0;
      const mine = facts({ env: { XDG_RUNTIME_DIR: dir }, uid: uid + 7, insideKeeper: false });
      // Only root could make a directory for that user.
      expect(() => resolvePaths(mine)).toThrow(
        `/tmp/peapod-run-${uid + 7} is not a directory of this user's alone`,
      );
      rmSync(`/tmp/peapod-run-${uid + 7}`, { recursive: true, force: true });
    }
  });

  it('flags win over the environment, which wins over the defaults', () => {
    const env = { PEAPOD_ROOT: '/e/root', PEAPOD_RUNROOT: '/e/run' };
    expect(resolvePaths(facts({ env }))).toMatchObject({ root: '/e/root', runRoot: '/e/run' });
    expect(resolvePaths(facts({ env }), { root: '/f', runRoot: '/g' })).toMatchObject({
      root: '/f',
      runRoot: '/g',
    });
  });
});

describe('a state directory that cannot be made', () => {
  it('is told with the option that chooses another', () => {
    for (const option of ['--root', '--runroot'] as const) {
      expect(() => makeStateDirectory('/proc/x', option)).toThrow(
        expect.objectContaining({ code: 'HOST_UNFIT', hint: expect.stringContaining(option) }),
      );
    }
  });
});

describe('a runtime directory in a place for everybody', () => {
  const uid = process.getuid?.() ?? 0;
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'peapod-paths-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('is made for the user alone, and taken again', () => {
    const path = join(dir, 'mine');
    expect(privateDirectory(path, uid)).toBe(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(privateDirectory(path, uid)).toBe(path);
  });

  it("E6: is refused where it is open to others, a link, or somebody else's", () => {
    const open = join(dir, 'open');
    mkdirSync(open);
    chmodSync(open, 0o755);
    expect(() => privateDirectory(open, uid)).toThrow(/not a directory of this user's alone/);
    const link = join(dir, 'link');
    symlinkSync(dir, link);
    expect(() => privateDirectory(link, uid)).toThrow(/not a directory/);
    const other = join(dir, 'other');
    mkdirSync(other, { mode: 0o700 });
    expect(() => privateDirectory(other, uid + 1)).toThrow(/not a directory/);
  });
});
