import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PeapodError } from '../../src/errors.ts';
import { commandLine } from './command-line.ts';

const missing = new PeapodError('NOT_FOUND', 'no such container');
const running = new PeapodError('WRONG_STATE', 'it is running');

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'peapod-commands-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

describe('commands for several names', () => {
  it.each<[string, unknown[][], string]>([
    [
      'stop a b',
      [
        ['containers.stop', 'a', undefined],
        ['containers.stop', 'b', undefined],
      ],
      'a\nb\n',
    ],
    ['stop -t 0 a', [['containers.stop', 'a', 0]], 'a\n'],
    ['restart a', [['containers.restart', 'a', undefined]], 'a\n'],
    ['restart -t 0 a', [['containers.restart', 'a', 0]], 'a\n'],
    ['pause a', [['containers.pause', 'a']], 'a\n'],
    ['unpause a', [['containers.unpause', 'a']], 'a\n'],
    ['rename a b', [['containers.rename', 'a', 'b']], ''],
    ['pod restart a', [['pods.restart', 'a']], 'a\n'],
    ['pod kill -s 1 a', [['pods.kill', 'a', '1']], 'a\n'],
    ['pod pause a', [['pods.pause', 'a']], 'a\n'],
    ['pod unpause a', [['pods.unpause', 'a']], 'a\n'],
    ['kill a', [['containers.kill', 'a', 'KILL']], 'a\n'],
    ['kill -s TERM a', [['containers.kill', 'a', 'TERM']], 'a\n'],
    [
      'start a b',
      [
        ['containers.start', 'a'],
        ['containers.start', 'b'],
      ],
      'a\nb\n',
    ],
    [
      'rm a',
      [
        [
          'containers.remove',
          'a',
          { force: false, volumes: false, depend: false, timeoutSeconds: undefined },
        ],
      ],
      'a\n',
    ],
    [
      'rm -fv -t 3 a',
      [['containers.remove', 'a', { force: true, volumes: true, depend: false, timeoutSeconds: 3 }]],
      'a\n',
    ],
    ['container cleanup a', [['containers.cleanup', 'a']], ''],
    ['pod start a', [['pods.start', 'a']], 'id-a\n'],
    ['pod stop -t 5 a', [['pods.stop', 'a', 5]], 'id-a\n'],
    ['pod rm a', [['pods.remove', 'a', { force: false, timeoutSeconds: undefined }]], 'id-a\n'],
    ['pod rm -f a', [['pods.remove', 'a', { force: true, timeoutSeconds: undefined }]], 'id-a\n'],
    ['rmi -f a', [['images.remove', 'a', { force: true, noPrune: false }]], 'Untagged: a\nDeleted: id\n'],
  ])('%s', async (typed, expected, printed) => {
    const id = (name: string) => `id-${name}`;
    const { calls, stdout, code } = await commandLine(typed.split(' '), {
      'pods.start': id,
      'pods.stop': id,
      'pods.remove': id,
      'images.remove': (name: string) => [`Untagged: ${name}`, 'Deleted: id'],
    });
    expect(calls).toEqual(expected);
    expect(stdout).toBe(printed);
    expect(code).toBe(0);
  });

  it('overlap, yet print in the order of the names; one failure stops no other', async () => {
    const events: string[] = [];
    const outcome = await commandLine(['stop', 'slow', 'bad', 'fast'], {
      'containers.stop': async (name: string) => {
        events.push(`start ${name}`);
        if (name === 'bad') throw missing;
        await new Promise((done) => setTimeout(done, name === 'slow' ? 30 : 1));
        events.push(`end ${name}`);
        return name;
      },
    });
    expect(events).toEqual(['start slow', 'start bad', 'start fast', 'end fast', 'end slow']);
    expect(outcome).toMatchObject({
      code: 125,
      stdout: 'slow\nfast\n',
      stderr: 'Error: no such container\n',
    });
  });

  it('at most eight at a time', async () => {
    let now = 0;
    let most = 0;
    await commandLine(['stop', ...'abcdefghijklmnopqrst'], {
      'containers.stop': async (name: string) => {
        most = Math.max(most, ++now);
        await new Promise((done) => setTimeout(done, 1));
        now--;
        return name;
      },
    });
    expect(most).toBe(8);
  });

  it('start keeps the order, because one may need the other', async () => {
    let now = 0;
    let most = 0;
    await commandLine(['start', 'a', 'b', 'c'], {
      'containers.start': async (name: string) => {
        most = Math.max(most, ++now);
        await new Promise((done) => setTimeout(done, 1));
        now--;
        return name;
      },
    });
    expect(most).toBe(1);
  });

  it.each([
    ['rm a', missing, 1],
    ['rm a', running, 2],
    ['rm -i a', missing, 0],
    ['rm -f a', missing, 0],
    ['stop a', missing, 125],
    ['stop -i a', missing, 0],
    ['pod rm a', missing, 1],
    ['pod rm a', running, 125],
    ['pod rm -f a', missing, 0],
    ['pod stop a', missing, 125],
    ['pod stop --ignore a', missing, 0],
    ['rmi a', missing, 1],
    ['rmi a', new PeapodError('IMAGE_IN_USE', 'in use'), 2],
    ['rmi -i a', missing, 0],
    ['wait a', missing, 125],
    ['stop a', new PeapodError('INTERRUPTED', 'interrupted', { exitCode: 130 }), 130],
  ])('%s and %s: exit code %i', async (typed, error, code) => {
    const fail = () => {
      throw error;
    };
    const operations = [
      'containers.remove',
      'containers.stop',
      'containers.wait',
      'pods.remove',
      'pods.stop',
      'images.remove',
    ];
    const outcome = await commandLine(
      typed.split(' '),
      Object.fromEntries(operations.map((name) => [name, fail])),
    );
    expect(outcome.code).toBe(code);
    expect(outcome.stderr).toBe(code === 0 ? '' : `Error: ${error.message}\n`);
  });

  it.each([
    ['stop --all', { status: ['running', 'paused', 'restarting'] }],
    ['kill -a', { status: ['running', 'paused', 'restarting'] }],
    ['pause -a', { status: ['running'] }],
    ['pause -f name=x', { name: ['x'], status: ['running'] }],
    ['unpause -a', { status: ['paused'] }],
    ['restart -a', undefined],
    ['restart --running', { status: ['running'] }],
    ['restart --running -f name=x', { name: ['x'], status: ['running'] }],
    ['rm --all', undefined],
    ['rm --filter label=a --filter label=b', { label: ['a', 'b'] }],
    ['start --filter name=x', { name: ['x'] }],
  ])('%s works on what the list has', async (typed, filters) => {
    const { calls, stdout } = await commandLine(typed.split(' '), {
      'containers.list': () => [
        { id: 'x', createdAtMs: 1 },
        { id: 'y', createdAtMs: 2 },
      ],
    });
    expect(calls[0]).toEqual(['containers.list', filters]);
    expect(stdout).toBe('x\ny\n');
  });

  it('A15: pod rm -a -f removes every pod', async () => {
    const { calls, code } = await commandLine(['pod', 'rm', '-a', '-f'], {
      'pods.list': () => [
        { id: 'x', createdAtMs: 1 },
        { id: 'y', createdAtMs: 2 },
      ],
    });
    expect(calls.slice(1).map(([, name]) => name)).toEqual(['x', 'y']);
    expect(code).toBe(0);
  });

  it('--all of nothing does nothing, --latest of nothing is an error', async () => {
    expect(await commandLine(['rm', '--all'])).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(await commandLine(['rm', '--latest'])).toMatchObject({ code: 125 });
  });

  it('--cidfile reads the id', async () => {
    const file = join(directory, 'cid');
    writeFileSync(file, 'abc');
    expect((await commandLine(['rm', '--cidfile', file])).calls[0]?.[1]).toBe('abc');
    writeFileSync(file, '\n');
    expect((await commandLine(['rm', '--cidfile', file])).stderr).toBe(
      `Error: the id file ${file} is empty\nhint: give the file that --cidfile or --pod-id-file wrote when it was made\n`,
    );
  });
});

describe('start attached', () => {
  it('returns the exit code', async () => {
    const { calls, code, stdout } = await commandLine(['start', '-ai', 'x'], {
      'containers.startAttached': () => 7,
    });
    expect(calls[0]).toEqual([
      'containers.startAttached',
      'x',
      { interactive: true, sigProxy: true, detachKeys: undefined },
    ]);
    expect({ code, stdout }).toEqual({ code: 7, stdout: '' });
  });
});

describe('wait', () => {
  it('prints an exit code a line', async () => {
    const { calls, stdout } = await commandLine(['wait', '--interval', '1s', 'a', 'b'], {
      'containers.wait': () => [0, 3],
    });
    expect(stdout).toBe('0\n3\n');
    const request = { conditions: ['stopped'], intervalMs: 1000, ignore: false };
    expect(calls).toEqual([['containers.wait', ['a', 'b'], request]]);
  });
});

describe('attach', () => {
  it('hands on how, and returns the exit code', async () => {
    const { calls, code } = await commandLine(
      ['attach', '--no-stdin', '--sig-proxy=false', '--detach-keys=a,b', 'x'],
      { 'containers.attach': () => 7 },
    );
    const how = { stdin: false, sigProxy: false, detachKeys: 'a,b' };
    expect(calls).toEqual([['containers.attach', 'x', how]]);
    expect(code).toBe(7);
    expect((await commandLine(['attach'])).code).toBe(125);
  });
});

describe('prune', () => {
  it.each(['containers', 'pods'])('%s: prints what was removed', async (part) => {
    const words = [part.slice(0, -1), 'prune', '-f', '--filter', 'until=1h'];
    const { calls, stdout } = await commandLine(words, { [`${part}.prune`]: () => ['x', 'y'] });
    expect(calls).toEqual([[`${part}.prune`, { until: ['1h'] }, { dryRun: false }]]);
    expect(stdout).toBe('x\ny\n');
  });
});

describe('exists', () => {
  it.each([
    ['pod', 'pods'],
    ['container', 'containers'],
    ['image', 'images'],
  ])('%s exists says it by the exit code alone', async (kind, part) => {
    for (const [there, code] of [
      [true, 0],
      [false, 1],
    ] as const)
      expect(await commandLine([kind, 'exists', 'x'], { [`${part}.exists`]: () => there })).toMatchObject({
        code,
        stdout: '',
        stderr: '',
      });
  });
});
