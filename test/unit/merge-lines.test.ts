import { describe, expect, it } from 'vitest';
import { mergeLines } from '../../src/container/merge-lines.ts';

const before = 'nameserver 10.0.2.3\noptions timeout:1\n';
const after = 'search dns.podman\nnameserver 10.89.0.1\noptions timeout:1\n';

describe('a generated file that is generated anew [C4]', () => {
  it('is the new text where nobody has edited it', () => {
    expect(mergeLines(before, after, before)).toBe(after);
  });

  it('keeps lines that somebody has added, and their deletions', () => {
    expect(mergeLines(before, after, `${before}nameserver 192.0.2.1\n`)).toBe(
      'search dns.podman\nnameserver 10.89.0.1\noptions timeout:1\nnameserver 192.0.2.1\n',
    );
    expect(mergeLines(before, after, 'nameserver 10.0.2.3\n')).toBe(
      'search dns.podman\nnameserver 10.89.0.1\n',
    );
  });

  it('writes no line twice', () => {
    expect(mergeLines(before, after, `${before}nameserver 10.89.0.1\n`)).toBe(
      'search dns.podman\noptions timeout:1\nnameserver 10.89.0.1\n',
    );
  });

  it('goes back when the networks do', () => {
    const edited = mergeLines(before, after, `${before}options rotate\n`);
    expect(mergeLines(after, before, edited).split('\n').filter(Boolean).toSorted()).toEqual([
      'nameserver 10.0.2.3',
      'options rotate',
      'options timeout:1',
    ]);
  });
});
