import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readInPlaces } from '../../src/container/rootfs.ts';
import { lookUpUser, parseDatabase, type ResolvedUser } from '../../src/container/user.ts';

/** As a start does it: from directories that are not mounted, the highest first. */
function resolveUser(spec: string, rootDirs: readonly string[]): ResolvedUser {
  const places = rootDirs.map((dir) => ({ dir, at: '' }));
  const read = (path: string) => parseDatabase(readInPlaces(places, path));
  return lookUpUser(spec, read('/etc/passwd'), read('/etc/group'));
}

import { kindInRoot, readTextInRoot } from '../../src/host/rooted.ts';

const passwd = parseDatabase(
  'root:x:0:0:root:/root:/bin/sh\n# comment\nbroken\nbob:x:1000:1001:Bob:/home/bob:/bin/sh\n42:x:7:7::/seven:/bin/sh\n',
);
const group = parseDatabase('root:x:0:\nwheel:x:10:root,bob\nstaff:x:50:bob\nbob:x:1001:\n');
const look = (spec: string) => lookUpUser(spec, passwd, group);

describe('the user of a container', () => {
  it.each([
    ['', { uid: 0, gid: 0, additionalGids: [10], home: '/root' }],
    ['root', { uid: 0, gid: 0, additionalGids: [0, 10], home: '/root' }],
    ['bob', { uid: 1000, gid: 1001, additionalGids: [1001, 10, 50], home: '/home/bob' }],
    ['1000', { uid: 1000, gid: 1001, additionalGids: [1001, 10, 50], home: '/home/bob' }],
    ['bob:staff', { uid: 1000, gid: 50, additionalGids: [50], home: '/home/bob' }],
    ['bob:7', { uid: 1000, gid: 7, additionalGids: [7], home: '/home/bob' }],
    [':staff', { uid: 0, gid: 50, additionalGids: [50], home: '/root' }],
    ['5', { uid: 5, gid: 0, additionalGids: [0], home: '/' }],
    ['5:6', { uid: 5, gid: 6, additionalGids: [6], home: '/' }],
    ['42', { uid: 7, gid: 7, additionalGids: [7], home: '/seven' }],
  ])('%j is looked up as podman does (B4)', (spec, expected) => {
    expect(look(spec)).toEqual(expected);
  });

  it.each([
    ['nosuch', 'unable to find user nosuch: no matching entries in passwd file'],
    ['bob:nogroup', 'unable to find group nogroup: no matching entries in group file'],
    ['-1', 'uids and gids must be in range 0-2147483647'],
    ['99999999999', 'uids and gids must be in range 0-2147483647'],
    ['1:2147483648', 'uids and gids must be in range 0-2147483647'],
  ])('%j fails with exit code 126', (spec, message) => {
    expect(() => look(spec)).toThrow(expect.objectContaining({ message, exitCode: 126 }));
  });
});

describe('files of a container’s root', () => {
  let root: string;
  let outside: string;
  beforeEach(() => {
    const dir = mkdtempSync(join(tmpdir(), 'peapod-user-'));
    root = join(dir, 'root');
    outside = join(dir, 'outside');
    mkdirSync(join(root, 'etc'), { recursive: true });
    writeFileSync(outside, 'evil:x:666:666::/:/bin/sh\n');
  });
  afterEach(() => rmSync(join(root, '..'), { recursive: true }));

  it('are never reached through a link that leads out (E6)', () => {
    symlinkSync(outside, join(root, 'etc', 'passwd'));
    symlinkSync('../../../outside', join(root, 'etc', 'group'));
    expect(readTextInRoot(root, '/etc/passwd', 1000)).toBeUndefined();
    expect(() => resolveUser('evil', [root])).toThrow('unable to find user evil');
    symlinkSync('../../../../../..', join(root, 'up'));
    expect(kindInRoot(root, '/up/etc')).toBe('directory');
    expect(kindInRoot(root, '/up/outside')).toBeUndefined();
  });

  it('are found through links that stay inside, absolute ones too', () => {
    mkdirSync(join(root, 'real'));
    writeFileSync(join(root, 'real', 'passwd'), 'bob:x:5:6::/home/bob:/bin/sh\n');
    symlinkSync('/real/passwd', join(root, 'etc', 'passwd'));
    expect(resolveUser('bob', [root])).toEqual({ uid: 5, gid: 6, additionalGids: [6], home: '/home/bob' });
  });

  it('that are no regular files or too large do not hold us up (E6)', () => {
    execFileSync('mkfifo', [join(root, 'etc', 'passwd')]);
    expect(resolveUser('', [root])).toEqual({ uid: 0, gid: 0, additionalGids: [], home: '/' });
    writeFileSync(join(root, 'etc', 'group'), 'x'.repeat(2000));
    expect(() => readTextInRoot(root, '/etc/group', 1000)).toThrow('larger than 1000 bytes');
  });

  it('of a higher layer hide those below', () => {
    const lower = join(root, '..', 'lower');
    mkdirSync(join(lower, 'etc'), { recursive: true });
    writeFileSync(join(lower, 'etc', 'passwd'), 'bob:x:1:1::/:\n');
    expect(resolveUser('bob', [root, lower]).uid).toBe(1);
    writeFileSync(join(root, 'etc', 'passwd'), 'bob:x:2:2::/:\n');
    expect(resolveUser('bob', [root, lower]).uid).toBe(2);
  });
});
