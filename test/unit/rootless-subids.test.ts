import { describe, expect, it } from 'vitest';
import {
  type RootlessReadings,
  rootlessProblems,
  subordinateIdProblems,
  userNamespaceProblems,
} from '../../rootless/requirements.ts';
import { freeRange, idMapWords, parseSubordinateIds } from '../../src/host/subordinate-ids.ts';

const healthy: RootlessReadings = {
  userName: 'ann',
  uid: 1000,
  subuid: 'ann:100000:65536\n',
  subgid: 'ann:100000:65536\n',
  maxUserNamespaces: '96343\n',
  unprivilegedUsernsClone: undefined,
  apparmorRestrictUserns: undefined,
  missingTools: [],
};

describe('subordinate ids', () => {
  const text = [
    '# comment',
    'bob:100000:65536',
    'ann:165536:65536',
    '1000:400000:10',
    'ann:bad:1',
    'ann:5',
  ].join('\n');

  it('belong to a name or a number, in any count of ranges', () => {
    expect(parseSubordinateIds(text, 'ann', 1000)).toEqual([
      { start: 165_536, count: 65_536 },
      { start: 400_000, count: 10 },
    ]);
    expect(parseSubordinateIds(text, 'eve', 1001)).toEqual([]);
  });

  it('follow the own id without a gap in the map', () => {
    expect(idMapWords(1000, parseSubordinateIds(text, 'ann', 1000)).join(' ')).toBe(
      '0 1000 1 1 165536 65536 65537 400000 10',
    );
  });

  it('are given from behind the last range that is taken', () => {
    expect(freeRange(text)).toEqual({ start: 400_010, count: 65_536 });
    expect(freeRange('', '')).toEqual({ start: 100_000, count: 65_536 });
  });
});

describe('what an unprivileged user needs', () => {
  it('is all there on a healthy host', () => {
    expect(userNamespaceProblems(healthy)).toEqual([]);
    expect(subordinateIdProblems(healthy)).toEqual([]);
  });

  it('names the command that adds missing ranges, without taking those of others', () => {
    const readings = { ...healthy, subuid: 'bob:100000:65536\n', subgid: undefined };
    expect(subordinateIdProblems(readings)).toEqual([
      {
        message: 'ann has no range of ids in /etc/subuid and /etc/subgid',
        hint: 'usermod --add-subuids 165536-231071 --add-subgids 165536-231071 ann',
      },
    ]);
    expect(subordinateIdProblems({ ...healthy, subgid: '' })[0]?.hint).toBe(
      'usermod --add-subgids 165536-231071 ann',
    );
  });

  it.each([
    [{ maxUserNamespaces: '0\n' }, 'sysctl -w user.max_user_namespaces=28633'],
    [{ unprivilegedUsernsClone: '0\n' }, 'sysctl -w kernel.unprivileged_userns_clone=1'],
    [{ apparmorRestrictUserns: '1\n' }, 'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0'],
  ])('names the sysctl behind %j', (reading, hint) => {
    expect(userNamespaceProblems({ ...healthy, ...reading }).map((problem) => problem.hint)).toEqual([hint]);
  });

  it('names the package of a missing tool once', () => {
    const problems = rootlessProblems({ ...healthy, missingTools: ['newuidmap', 'newgidmap', 'nsenter'] });
    expect(problems.map(({ hint }) => hint)).toEqual(
      expect.arrayContaining(['apt-get install uidmap', 'apt-get install util-linux']),
    );
    expect(problems.filter(({ hint }) => hint.includes('uidmap'))).toHaveLength(1);
  });
});
