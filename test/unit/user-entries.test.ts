import { describe, expect, it } from 'vitest';
import { lookUpUser, parseDatabase } from '../../src/container/user.ts';
import { userEntries } from '../../src/container/user-entries.ts';

const own = {
  passwd: 'root:x:0:0:root:/root:/bin/sh\nbob:x:1000:1001:Bob:/home/bob:/bin/sh\n',
  group: 'root:x:0:\nstaff:x:50:bob\n',
};
const plain = { ...own, workdir: '/work', mountPoints: [], asked: undefined };
const ann = { name: 'ann', uid: 1234, gid: 1235, gecos: 'Ann', home: '/home/ann' };

describe('lines for the user of a container (B4)', () => {
  it.each([
    ['', '', ''],
    ['bob', '', ''],
    ['1000', '', '1000:x:1000:1000\n'],
    ['5', '5:*:5:0:container user:/work:/bin/sh\n', '5:x:5:5\n'],
    ['5:6', '5:*:5:6:container user:/work:/bin/sh\n', '6:x:6:5\n'],
    ['5:staff', '5:*:5:50:container user:/work:/bin/sh\n', ''],
    ['5:50', '5:*:5:50:container user:/work:/bin/sh\n', ''],
    ['bob:7', '', '7:x:7:bob\n'],
  ])('%j gets those that podman writes', (user, passwd, group) => {
    expect(userEntries({ ...plain, user })).toEqual({ passwd, group });
  });

  it('come from the host, once each, at home where that is mounted', () => {
    const asked = { users: [ann, { ...ann, uid: 9 }, { ...ann, name: 'root' }] };
    const line = (home: string) => ({ passwd: `ann:*:1234:1235:Ann:${home}:/bin/sh\n`, group: '' });
    expect(userEntries({ ...plain, user: '', asked })).toEqual(line('/work'));
    const mountPoints = ['/home', '/homes'];
    expect(userEntries({ ...plain, user: 'ann', asked, mountPoints })).toEqual(line('/home/ann'));
  });

  it('of a caller who keeps its ids stand for its number as well', () => {
    const asked = { users: [ann], group: { name: 'anns', gid: 1235, member: 'ann' } };
    expect(userEntries({ ...plain, user: '1234:1235', asked })).toEqual({
      passwd: 'ann:*:1234:1235:Ann:/work:/bin/sh\n',
      group: 'anns:x:1235:ann\n',
    });
  });

  it('follow --passwd-entry, whose values are not looked at again', () => {
    const asked = { entry: '$USERNAME:$UID:$GID:$NAME:$HOME:$SHELL', users: [{ ...ann, gecos: '$UID' }] };
    expect(userEntries({ ...plain, user: '5', asked }).passwd).toBe(
      'ann:1234:1235:$UID:/work:$SHELL\n5:5:0:container user:/work:$SHELL\n',
    );
  });

  it('change no group of the user at a later start', () => {
    const { passwd, group } = userEntries({ ...plain, user: '5' });
    const later = lookUpUser('5', parseDatabase(own.passwd + passwd), parseDatabase(own.group + group));
    expect(later).toEqual({ uid: 5, gid: 0, additionalGids: [0], home: '/work' });
  });
});
