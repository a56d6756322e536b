import { describe, expect, it } from 'vitest';
import { lastLine } from '../../src/host/last-line.ts';

describe('what a program says of its failure', () => {
  it.each([
    ['', ''],
    ['  \n', ''],
    [
      'warning: x\nmount: /m: special device a does not exist.\n',
      'mount: /m: special device a does not exist.',
    ],
    [
      'mount: /m: mount(2) failed: No such file.\n       dmesg(1) may have more information after failed mount system call.\n',
      'mount: /m: mount(2) failed: No such file.',
    ],
  ])('%j', (said, line) => {
    expect(lastLine(said)).toBe(line);
  });
});
