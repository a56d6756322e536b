import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isSurelyInvocable } from '../../src/container/invocable.ts';

describe('what can surely be executed in a root', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'peapod-invocable-'));
    chmodSync(root, 0o755);
    for (const dir of ['bin', 'work', 'closed']) mkdirSync(join(root, dir));
    const write = (path: string, text: string, mode: number) =>
      writeFileSync(join(root, path), text, { mode });
    write('bin/tool', '\x7fELF…', 0o755);
    write('bin/mine', '\x7fELF…', 0o700);
    write('bin/data', '\x7fELF…', 0o644);
    write('bin/script', '#! /bin/tool -x\n', 0o755);
    write('bin/lost', '#!/bin/nothing\n', 0o755);
    write('bin/bare', 'echo\n', 0o755);
    symlinkSync('/bin/tool', join(root, 'bin/absolute'));
    symlinkSync('../../../../bin/tool', join(root, 'bin/upward'));
    symlinkSync('loop', join(root, 'bin/loop'));
    symlinkSync('/etc/passwd', join(root, 'bin/outward'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const surely = (word: string, { cwd = '/', uid = 0, path = '/nowhere:/bin' } = {}) =>
    isSurelyInvocable(root, {
      args: [word, 'x'],
      cwd,
      env: ['PATH=/other', `PATH=${path}`],
      user: { uid, gid: 0, umask: 0 },
    });

  it.each(['tool', 'script', 'absolute', 'upward', '/bin/tool', 'bin/tool', 'mine'])('%s', (word) => {
    expect(surely(word)).toBe(true);
  });

  it.each(['none', 'data', 'lost', 'bare', 'loop', 'outward', '/bin', '/bin/none', 'tool/x', ''])(
    'not %j',
    (word) => {
      expect(surely(word)).toBe(false);
    },
  );

  it('by the PATH, directory and user of the process', () => {
    expect(surely('tool', { path: '/work' })).toBe(false);
    expect(surely('../bin/tool', { cwd: '/work' })).toBe(true);
    expect(surely('tool', { cwd: '/missing' })).toBe(false);
    expect(surely('tool', { cwd: '/bin/tool' })).toBe(false);
    expect(surely('mine', { uid: 1 })).toBe(false);
    expect(surely('tool', { uid: 1 })).toBe(true);
    expect(
      isSurelyInvocable('/nowhere', {
        args: ['tool'],
        cwd: '/',
        env: [],
        user: { uid: 0, gid: 0, umask: 0 },
      }),
    ).toBe(false);
  });
});
