import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createFailure,
  parseSyncLine,
  readExitCode,
  waitForExitCode,
  wasOomKilled,
} from '../../src/container/exit-status.ts';

describe('conmon’s sync line', () => {
  it('is a pid or what crun said', () => {
    expect(parseSyncLine('{"data": 15375}\n')).toEqual({ pid: 15375, message: '' });
    expect(parseSyncLine('{"data": -1, "message": "open executable: Permission denied\\n"}\n')).toEqual({
      message: 'open executable: Permission denied',
    });
  });

  it('is understood with crun’s JSON in it, and where it was cut short (E6)', () => {
    const json = '{"msg":"first","level":"warning","time":"t"}\n{"msg":"no such thing","level":"error"}\n';
    expect(parseSyncLine(JSON.stringify({ data: -1, message: json }))).toEqual({ message: 'no such thing' });
    expect(parseSyncLine('{"data": -1, "mess')).toEqual({ message: '{"data": -1, "mess' });
  });
});

/** Messages of crun 1.8.1 under conmon 2.1.6. */
describe('a container that crun could not create', () => {
  it.each([
    [
      'executable file `nosuch` not found in $PATH: No such file or directory',
      127,
      'crun: executable file `nosuch` not found in $PATH: No such file or directory: OCI runtime attempted to invoke a command that was not found',
    ],
    [
      'open executable: Permission denied',
      126,
      'crun: open executable: Permission denied: OCI permission denied',
    ],
    [
      'open executable: Operation not permitted',
      126,
      'crun: open executable: Operation not permitted: OCI permission denied',
    ],
    [
      'chdir `/nope`: No such file or directory',
      127,
      'crun: chdir `/nope`: No such file or directory: OCI runtime attempted to invoke a command that was not found',
    ],
    [
      'exec: No such file or directory',
      127,
      'crun: exec: No such file or directory: OCI runtime attempted to invoke a command that was not found',
    ],
    ['exec: Exec format error', 126, 'OCI runtime error: crun: exec: Exec format error'],
    ['open executable: Not a directory', 126, 'OCI runtime error: crun: open executable: Not a directory'],
    [
      'cannot setresuid to 70000: Invalid argument',
      126,
      'OCI runtime error: crun: cannot setresuid to 70000: Invalid argument',
    ],
    ['', 126, 'OCI runtime error: crun: no reason given'],
  ])('%j exits with %i in podman’s words', (message, exitCode, text) => {
    expect(createFailure(message, 'cmd')).toMatchObject({ exitCode, message: text });
  });

  it('is no missing command where only a mount’s source is missing', () => {
    expect(createFailure('cannot stat `/nope`: No such file or directory', 'cmd').code).toBe(
      'COMMAND_FAILED',
    );
  });
});

describe('the exit file', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'peapod-exit-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('holds the code; -1 is 255', () => {
    expect(readExitCode(dir, 'c')).toBeUndefined();
    writeFileSync(join(dir, 'c'), '3');
    writeFileSync(join(dir, 'd'), '-1');
    writeFileSync(join(dir, 'e'), '');
    expect(readExitCode(dir, 'c')).toBe(3);
    expect(readExitCode(dir, 'd')).toBe(255);
    expect(readExitCode(dir, 'e')).toBeUndefined();
  });

  it('is waited for as long as there is a monitor', async () => {
    let monitored = true;
    setTimeout(() => writeFileSync(join(dir, 'c'), '7'), 20);
    expect(await waitForExitCode(dir, 'c', { isMonitored: () => monitored })).toBe(7);
    setTimeout(() => {
      monitored = false;
    }, 20);
    expect(await waitForExitCode(dir, 'd', { isMonitored: () => monitored })).toBeUndefined();
    monitored = true;
    expect(await waitForExitCode(dir, 'd', { isMonitored: () => true, timeoutMs: 10 })).toBeUndefined();
  });

  it('has a marker beside it after an out-of-memory kill', () => {
    expect(wasOomKilled(dir)).toBe(false);
    writeFileSync(join(dir, 'oom'), '');
    expect(wasOomKilled(dir)).toBe(true);
  });
});
