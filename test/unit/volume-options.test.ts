import { describe, expect, it } from 'vitest';
import { parseVolumeDriverOptions, placeOf } from '../../src/engine/volume-options.ts';
import type { Paths } from '../../src/host/paths.ts';

const paths = { volumes: '/store/volumes' } as Paths;

describe('options of the local volume driver', () => {
  it.each([
    [[], {}, { data: '/store/volumes/v/_data', options: [] }],
    [
      ['o=uid=5,gid=6'],
      { o: 'uid=5,gid=6', UID: '5', GID: '6' },
      { data: '/store/volumes/v/_data', options: [] },
    ],
    [
      ['type=bind', 'device=/srv', 'o=bind,ro'],
      { type: 'bind', device: '/srv', o: 'bind,ro' },
      { data: '/srv', options: ['bind', 'ro'] },
    ],
    [
      ['type=tmpfs', 'o=size=2m,uid=5'],
      { type: 'tmpfs', o: 'size=2m,uid=5', UID: '5' },
      {
        data: '/store/volumes/v/_data',
        mount: { type: 'tmpfs', device: 'tmpfs', options: 'size=2m,uid=5' },
      },
    ],
  ])('B5: %j', (words, options, place) => {
    expect(parseVolumeDriverOptions(words, true)).toEqual(options);
    expect(placeOf(paths, { name: 'v', options })).toMatchObject({ dir: '/store/volumes/v', ...place });
  });

  it.each([
    [['foo=bar'], /invalid mount option foo for driver 'local': invalid argument/],
    [['o=uid=root'], /cannot convert UID root to integer/],
    [['o=bind'], /needs -o device=DIRECTORY, an absolute path/],
    [['o=bind', 'device=srv'], /needs -o device=DIRECTORY, an absolute path/],
    [['o=bind,size=3', 'device=/srv'], /"size=3" is no option of a bind mount/],
    [['o=size=3m'], /size and inodes not supported/],
    [['device=/dev/sda1'], /without a type there is nothing to mount/],
    [['type=nfs'], /needs -o device=/],
    [['type=nfs', 'device=host:/dir'], /the kernel lets only root mount nfs/],
  ])('B5: %j is refused', (words, message) => {
    expect(() => parseVolumeDriverOptions(words, true)).toThrow(message);
  });

  it('B5: root may mount what the kernel knows', () => {
    const options = parseVolumeDriverOptions(['type=nfs', 'device=host:/dir', 'o=ro'], false);
    expect(placeOf(paths, { name: 'v', options }).mount).toEqual({
      type: 'nfs',
      device: 'host:/dir',
      options: 'ro',
    });
  });
});
