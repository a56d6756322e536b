import { describe, expect, it } from 'vitest';
import { keepIdMappings, mappedIds, outsideOf } from '../../src/container/user-namespace.ts';
import { parseUserns } from '../../src/engine/parse-userns.ts';

describe('--userns keep-id (E2)', () => {
  it('the caller keeps its id, all others move by one to make room', () => {
    expect(keepIdMappings(1000, 65_537)).toEqual([
      { containerID: 0, hostID: 1, size: 1000 },
      { containerID: 1000, hostID: 0, size: 1 },
      { containerID: 1001, hostID: 1001, size: 64_536 },
    ]);
    expect(keepIdMappings(0, 10)).toEqual([
      { containerID: 0, hostID: 0, size: 1 },
      { containerID: 1, hostID: 1, size: 9 },
    ]);
    // A single id: nobody but the caller.
    expect(keepIdMappings(1000, 1)).toEqual([{ containerID: 1000, hostID: 0, size: 1 }]);
  });

  it('an id above all others has the room below it', () => {
    expect(keepIdMappings(100_000, 10)).toEqual([
      { containerID: 0, hostID: 1, size: 9 },
      { containerID: 100_000, hostID: 0, size: 1 },
    ]);
  });

  it('counts the ids of a map', () => {
    expect(mappedIds('         0       1001          1\n         1     100000      65536\n')).toBe(65_537);
  });

  it('whom those outside see', () => {
    const user = (uid: number) => ({ uid, gid: uid, additionalGids: [], home: '/' });
    const outside = (uid: number) => outsideOf(user(uid), { uid: 1000, gid: 1000 }).uid;
    expect([outside(0), outside(999), outside(1000), outside(1001)]).toEqual([1, 1000, 0, 1001]);
  });

  const facts = { rootless: true, uid: 1001, gid: 1002 };

  it('takes the ids of the caller, or those asked for', () => {
    expect(parseUserns('keep-id', facts)).toEqual({ uid: 1001, gid: 1002 });
    expect(parseUserns('keep-id:uid=5', facts)).toEqual({ uid: 5, gid: 1002 });
    expect(parseUserns('host', facts)).toBeUndefined();
    expect(parseUserns(undefined, facts)).toBeUndefined();
  });

  it.each([
    ['foo', 'unrecognized namespace mode foo passed'],
    ['auto', '--userns auto is not supported'],
    ['nomap', '--userns nomap is not supported'],
    ['keep-id:size=5', 'unknown option specified: "size=5"'],
  ])('%s is refused', (word, message) => {
    expect(() => parseUserns(word, facts)).toThrow(message);
  });

  it('as root it is refused as podman refuses it', () => {
    expect(() => parseUserns('keep-id', { ...facts, rootless: false })).toThrow(
      'keep-id is only supported in rootless mode',
    );
  });
});
