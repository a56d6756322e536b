import { describe, expect, it } from 'vitest';
import { keepIdMappings, mappedIds, noMapMappings, outsideOf } from '../../src/container/user-namespace.ts';
import { allocate, freeRanges, outOfRange, overlapping } from '../../src/engine/id-ranges.ts';
import { parseUserns } from '../../src/engine/parse-userns.ts';
import {
  insideId,
  mappingKey,
  mappingWords,
  outsideId,
  ownerOutside,
  parseIdMap,
} from '../../src/host/id-mappings.ts';

const map = (containerID: number, hostID: number, size: number) => ({ containerID, hostID, size });

describe('id mappings (E2)', () => {
  it('keep-id: the caller keeps its id, all others move by one to make room', () => {
    expect(keepIdMappings(1000, 65_537)).toEqual([map(0, 1, 1000), map(1000, 0, 1), map(1001, 1001, 64_536)]);
    expect(keepIdMappings(0, 10)).toEqual([map(0, 0, 1), map(1, 1, 9)]);
    // A single id: nobody but the caller.
    expect(keepIdMappings(1000, 1)).toEqual([map(1000, 0, 1)]);
  });

  it('keep-id: an id above all others has the room below it', () => {
    expect(keepIdMappings(100_000, 10)).toEqual([map(0, 1, 9), map(100_000, 0, 1)]);
  });

  it('nomap: everybody but the caller', () => {
    expect(noMapMappings(65_537)).toEqual([map(0, 1, 65_536)]);
    expect(noMapMappings(1)).toEqual([]);
  });

  const kernels = '         0       1001          1\n         1     100000      65536\n';

  it('reads those of the kernel', () => {
    expect(mappedIds(kernels)).toBe(65_537);
    expect(parseIdMap(kernels)).toEqual([map(0, 1001, 1), map(1, 100_000, 65_536)]);
  });

  it('whom those outside see, and the other way round', () => {
    const ids = keepIdMappings(1000, 65_537);
    expect([0, 999, 1000, 1001].map((id) => outsideId(ids, id))).toEqual([1, 1000, 0, 1001]);
    expect([1, 1000, 0, 1001].map((id) => insideId(ids, id))).toEqual([0, 999, 1000, 1001]);
    expect(outsideId([map(0, 5, 10)], 10)).toBeUndefined();
    const user = { uid: 1000, gid: 0, additionalGids: [], home: '/' };
    expect(outsideOf(user, { uids: ids, gids: ids })).toEqual({ ...user, uid: 0, gid: 1 });
    expect(outsideOf(user, undefined)).toEqual(user);
  });

  it('what belongs to an id that the container has not is nobody’s', () => {
    expect(ownerOutside([map(0, 100_000, 10)], 5)).toBe(100_005);
    expect(ownerOutside([map(0, 100_000, 10)], 10)).toBe(0);
    // 0 outside is somebody there.
    expect(ownerOutside([map(0, 0, 10)], 10)).toBe(65_534);
  });

  it('names them', () => {
    expect(mappingWords([map(0, 1, 2), map(2, 9, 1)])).toEqual(['0:1:2', '2:9:1']);
    expect(mappingKey({ uids: [map(0, 1, 2)], gids: [map(0, 1, 2)] })).toBe('0-1-2');
    expect(mappingKey({ uids: [map(0, 1, 2), map(2, 9, 1)], gids: [map(0, 1, 2)] })).toBe(
      '0-1-2_2-9-1__0-1-2',
    );
  });
});

describe('ranges of ids for --userns auto (E2)', () => {
  const range = (start: number, count: number) => ({ start, count });

  it('leaves what others have', () => {
    expect(freeRanges([range(100, 50)], [])).toEqual([range(100, 50)]);
    expect(freeRanges([range(100, 50)], [range(120, 10), range(90, 15)])).toEqual([
      range(105, 15),
      range(130, 20),
    ]);
    expect(freeRanges([range(100, 50)], [range(100, 50)])).toEqual([]);
  });

  it('counts ids that two lines of /etc/subuid give once', () => {
    expect(freeRanges([range(100, 50), range(120, 50)], [])).toEqual([range(100, 50), range(150, 20)]);
    expect(freeRanges([range(100, 50), range(120, 10)], [range(100, 50)])).toEqual([]);
  });

  it('takes one range where one is large enough, else several', () => {
    expect(allocate(10, [], [range(5, 3), range(100, 50)])).toEqual([map(0, 100, 10)]);
    expect(allocate(10, [], [range(5, 3), range(100, 8)])).toEqual([map(0, 5, 3), map(3, 100, 7)]);
    expect(allocate(12, [], [range(5, 3), range(100, 8)])).toBeUndefined();
  });

  it('puts the ids that were asked for in between', () => {
    expect(allocate(10, [map(4, 7, 2)], [range(100, 50)])).toEqual([
      map(0, 100, 4),
      map(4, 7, 2),
      map(6, 104, 4),
    ]);
    expect(allocate(4, [map(1000, 7, 1)], [range(100, 50)])).toEqual([map(0, 100, 4), map(1000, 7, 1)]);
  });

  it('finds mappings that contradict each other, or lead nowhere', () => {
    expect(overlapping([map(0, 100, 10), map(10, 200, 10)])).toBeUndefined();
    expect(overlapping([map(0, 100, 10), map(9, 200, 10)])).toEqual(map(9, 200, 10));
    expect(overlapping([map(0, 100, 10), map(10, 109, 10)])).toEqual(map(10, 109, 10));
    expect(outOfRange([map(0, 5, 10)], [range(0, 15)])).toBeUndefined();
    expect(outOfRange([map(0, 5, 11)], [range(0, 15)])).toEqual(map(0, 5, 11));
  });
});

describe('--userns and --uidmap (E2)', () => {
  const ranges = (name: string, file: string) => {
    if (name !== 'containers') throw new Error(`no ${file} ranges found for user "${name}" in /etc/${file}`);
    return [
      { start: 1000, count: 10 },
      { start: 5000, count: 20 },
    ];
  };
  const parse = (flags: Parameters<typeof parseUserns>[0], rootless = true) =>
    parseUserns(flags, rootless, ranges);

  it('knows the modes', () => {
    expect(parse({})).toBeUndefined();
    expect(parse({ userns: 'host' })).toBeUndefined();
    expect(parse({ userns: 'keep-id' })).toEqual({ kind: 'keep-id' });
    expect(parse({ userns: 'keep-id:uid=5' })).toEqual({ kind: 'keep-id', uid: 5 });
    expect(parse({ userns: 'nomap' })).toEqual({ kind: 'nomap' });
    expect(parse({ userns: 'container:web' })).toEqual({ kind: 'container', name: 'web' });
    expect(parse({ userns: 'ns:/run/x' })).toEqual({ kind: 'path', path: '/run/x' });
    expect(parse({ userns: 'auto' }, false)).toEqual({ kind: 'auto', uids: [], gids: [] });
    expect(parse({ userns: 'auto:size=9,uidmapping=0:7:1,gidmapping=1:8:2' })).toEqual({
      kind: 'auto',
      size: 9,
      uids: [map(0, 7, 1)],
      gids: [map(1, 8, 2)],
    });
  });

  it('one map stands for the other one where that is left out', () => {
    expect(parse({ uidmaps: ['0:1000:10'] })).toEqual({
      kind: 'mapped',
      onHost: false,
      uids: [map(0, 1000, 10)],
      gids: [map(0, 1000, 10)],
    });
    expect(parse({ uidmaps: ['0:1000:10', '10:5000:1'], gidmaps: ['0:7:1'] })).toMatchObject({
      uids: [map(0, 1000, 10), map(10, 5000, 1)],
      gids: [map(0, 7, 1)],
    });
    expect(parse({ subgidname: 'containers' })).toEqual({
      kind: 'mapped',
      onHost: true,
      uids: [map(0, 1000, 10), map(10, 5000, 20)],
      gids: [map(0, 1000, 10), map(10, 5000, 20)],
    });
  });

  it.each([
    [{ userns: 'foo' }, 'unrecognized namespace mode foo passed'],
    [{ userns: 'private' }, 'must provide at least one UID or GID mapping'],
    [{ userns: 'auto:foo=1' }, 'unknown option specified: "foo"'],
    [{ userns: 'auto:size=0' }, 'size=0 is no number of ids'],
    [{ userns: 'auto:uidmapping=0:1' }, 'UID setting is malformed'],
    [{ userns: 'auto:uidmapping=0:1:5,uidmapping=4:9:1' }, '4:9:1 conflicts with other mappings'],
    [{ userns: 'keep-id:size=5' }, 'unknown option specified: "size"'],
    [{ userns: 'auto', uidmaps: ['0:1:1'] }, 'are mutually exclusive'],
    [{ userns: 'host', subuidname: 'containers' }, 'are mutually exclusive'],
    [{ uidmaps: ['0:x:1'] }, 'UID setting is malformed expected ["uint32:uint32:uint32"]: ["0:x:1"]'],
    [{ gidmaps: ['0:1:0'] }, 'GID setting is malformed'],
    [{ uidmaps: ['0:4294967290:10'] }, 'UID setting is malformed'],
    [{ uidmaps: ['5:1000:10'] }, 'container ID 0 cannot be mapped to a host ID'],
    [{ uidmaps: ['0:1000:10', '5:3000:10'] }, 'the specified UID and/or GID mapping 5:3000:10 conflicts'],
    [{ subuidname: 'nobody' }, 'no subuid ranges found for user "nobody" in /etc/subuid'],
  ])('%j is refused', (flags, message) => {
    expect(() => parse(flags)).toThrow(message);
  });

  it.each(['keep-id', 'keep-id:uid=5', 'nomap'])('as root %s is refused as podman refuses it', (userns) => {
    const mode = userns.split(':')[0];
    expect(() => parse({ userns }, false)).toThrow(`${mode} is only supported in rootless mode`);
  });
});
