import { describe, expect, it } from 'vitest';
import { namedPath } from '../../src/host/process-list.ts';

describe('a path among the words of a process', () => {
  const pattern = new RegExp(namedPath('/run/peapod'));

  it.each([
    'relay /run/peapod/sandboxes/1',
    'aardvark-dns --config /run/peapod',
    'slirp4netns --netns=/run/peapod/net tap0',
    'nsenter --net=/proc/33/root/run/peapod/net',
    'peapod internal files-in {"dir":"/run/peapod/containers/1"}',
    'mount -o lowerdir=/usr,upperdir=/run/peapod/x:workdir=/y',
  ])('is named: %s', (words) => expect(pattern.test(words)).toBe(true));

  it.each(['relay /srv/run/peapod/1', 'relay /run/peapod-other/1', 'relay /run/peapodding'])(
    'is not named: %s',
    (words) => expect(pattern.test(words)).toBe(false),
  );
});
