import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { followLog } from '../../src/container/log-follow.ts';
import { parseGoDuration, parseLogTime, parseUntil } from '../../src/container/log-time.ts';
import { mergeLogs, readLog } from '../../src/container/logs.ts';

let dir: string;
let log: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'peapod-logs-'));
  log = join(dir, 'ctr.log');
});
afterEach(() => rmSync(dir, { recursive: true }));

/** `at(5, 'stdout F', 'text')`: a line five seconds after midnight. */
const at = (second: number, frame: string, text: string) => {
  const time = new Date(second * 1000).toISOString().slice(11, 19);
  return `2026-01-01T${time}.000000001+00:00 ${frame} ${text}\n`;
};
const texts = (window = {}) => [...readLog(log, window)].map(({ text }) => text);
const newYearMs = Date.parse('2026-01-01T00:00:00Z');

describe('a container’s log (B7)', () => {
  it('has no frame bytes, keeps empty lines and spaces', () => {
    writeFileSync(log, at(1, 'stdout F', 'a  b ') + at(2, 'stderr F', '') + at(3, 'stdout F', ' c'));
    const entries = [...readLog(log, {})];
    expect(entries.map(({ stream, text, partial }) => [stream, text, partial])).toEqual([
      ['stdout', 'a  b ', false],
      ['stderr', '', false],
      ['stdout', ' c', false],
    ]);
    expect(entries[0]?.timestamp).toBe('2026-01-01T00:00:01.000000001+00:00');
  });

  it('joins partial lines of each stream, also where they interleave', () => {
    writeFileSync(
      log,
      at(1, 'stdout P', 'ab') +
        at(2, 'stderr P', 'no') +
        at(3, 'stdout P', 'cd') +
        at(4, 'stderr F', 'pe') +
        at(5, 'stdout F', '') +
        at(6, 'stdout P', 'end'),
    );
    const entries = [...readLog(log, {})];
    expect(entries.map(({ text, partial }) => [text, partial])).toEqual([
      ['nope', false],
      ['abcd', false],
      ['end', true],
    ]);
  });

  it('does not exist before the first start; what conmon did not write is left out (E6)', () => {
    expect(texts()).toEqual([]);
    writeFileSync(log, `garbage\n\n${at(1, 'stdout F', 'x')}2026 stdout\n`);
    expect(texts()).toEqual(['x']);
  });

  it('keeps characters that are cut by a read whole', () => {
    const line = 'ä€😀'.repeat(5000);
    writeFileSync(log, at(1, 'stdout F', line) + at(2, 'stdout F', `x${line}`));
    expect(texts()).toEqual([line, `x${line}`]);
  });

  it('is bounded by times', () => {
    writeFileSync(log, [1, 2, 3, 4].map((n) => at(n, 'stdout F', `${n}`)).join(''));
    expect(texts({ sinceMs: newYearMs + 2000 })).toEqual(['2', '3', '4']);
    expect(texts({ untilMs: newYearMs + 3500 })).toEqual(['1', '2', '3']);
    expect(texts({ tail: 2, untilMs: newYearMs + 3500 })).toEqual(['3']);
  });

  it('gives its last lines, whatever their number and length', () => {
    const lines = Array.from({ length: 3000 }, (_, n) => `${n} ${'x'.repeat((n * 37) % 400)}`);
    writeFileSync(log, lines.map((line, n) => at(n, 'stdout F', line)).join(''));
    for (const tail of [0, 1, 2, 10, 700, 2999, 3000, 5000]) {
      expect(texts({ tail })).toEqual(tail === 0 ? [] : lines.slice(-tail));
    }
  });

  it('counts joined lines for the tail, on both streams', () => {
    const pieces = [
      at(1, 'stdout F', 'first'),
      at(2, 'stdout P', 'a'.repeat(70_000)),
      at(3, 'stderr F', 'e1'),
      at(4, 'stderr P', 'e'),
      at(5, 'stdout F', 'A'),
      at(6, 'stderr F', '2'),
      at(7, 'stdout P', 'unfinished'),
    ];
    writeFileSync(log, pieces.join(''));
    const all = texts();
    expect(all).toEqual(['first', 'e1', `${'a'.repeat(70_000)}A`, 'e2', 'unfinished']);
    for (const tail of [1, 2, 3, 4, 5, 6]) expect(texts({ tail })).toEqual(all.slice(-tail));
  });

  it('does not grow a line without an end for ever (E6)', () => {
    writeFileSync(log, at(1, 'stdout P', 'x'.repeat(8000)).repeat(400));
    const entries = [...readLog(log, {})];
    expect(Math.max(...entries.map(({ text }) => text.length))).toBeLessThan((1 << 20) + 8000);
    expect(entries.reduce((sum, { text }) => sum + text.length, 0)).toBe(400 * 8000);
  });

  it('is merged with others by time', () => {
    const other = join(dir, 'other.log');
    writeFileSync(log, at(1, 'stdout F', 'a1') + at(3, 'stdout F', 'a3') + at(6, 'stdout F', 'a6'));
    writeFileSync(other, at(2, 'stderr F', 'b2') + at(4, 'stdout F', 'b4') + at(5, 'stdout F', 'b5'));
    const merged = mergeLogs([
      ['a', readLog(log, {})],
      ['b', readLog(other, {})],
      ['c', readLog(join(dir, 'none'), {})],
    ]);
    expect([...merged].map(([name, { text }]) => name + text).join(' ')).toBe('aa1 bb2 aa3 bb4 bb5 aa6');
  });
});

describe('following a log (B7)', () => {
  it('gives what is there, what comes, and the unfinished rest at the end', async () => {
    writeFileSync(log, at(1, 'stdout F', 'one') + at(2, 'stdout F', 'two'));
    const seen: string[] = [];
    let running = true;
    const following = followLog(log, {
      tail: 1,
      isRunning: () => running,
      onEntry: ({ text }) => seen.push(text),
    });
    await expect.poll(() => seen).toEqual(['two']);
    appendFileSync(log, at(3, 'stdout P', 'thr'));
    appendFileSync(log, at(3, 'stdout F', 'ee').slice(0, 20));
    appendFileSync(log, at(3, 'stdout F', 'ee').slice(20));
    await expect.poll(() => seen).toEqual(['two', 'three']);
    appendFileSync(log, at(4, 'stderr P', 'rest'));
    running = false;
    await following;
    expect(seen).toEqual(['two', 'three', 'rest']);
  });

  it('waits for a container that has no log yet, and ends with one that never gets any', async () => {
    const seen: string[] = [];
    let running = true;
    const options = { isRunning: () => running, onEntry: ({ text }: { text: string }) => seen.push(text) };
    const following = followLog(log, options);
    const nothing = followLog(join(dir, 'none'), options);
    setTimeout(() => writeFileSync(log, at(1, 'stdout F', 'late')), 30);
    await expect.poll(() => seen).toEqual(['late']);
    running = false;
    await Promise.all([following, nothing]);
  });

  it('ends when told to', async () => {
    writeFileSync(log, at(1, 'stdout P', 'x'));
    const abort = new AbortController();
    const seen: string[] = [];
    const following = followLog(log, {
      isRunning: () => true,
      onEntry: ({ text }) => seen.push(text),
      signal: abort.signal,
    });
    setTimeout(() => abort.abort(), 20);
    await following;
    expect(seen).toEqual([]);
  });
});

describe('times of --since and --until', () => {
  it.each([
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['-2s', -2000],
    ['100ms', 100],
    ['0', 0],
  ])('%s is a duration as Go writes it', (text, expected) => {
    expect(parseGoDuration(text)).toBe(expected);
  });

  it.each(['', '10', 'm', '1x', '1 h', '1hh'])('%j is none', (text) => {
    expect(parseGoDuration(text)).toBeUndefined();
  });

  it('takes RFC 3339, its short forms in local time, Unix seconds and durations back from now', () => {
    expect(parseLogTime('2026-01-01T00:00:00Z', '--since')).toBe(newYearMs);
    expect(parseLogTime('2026-01-01T01:00:00.5+01:00', '--since')).toBe(newYearMs + 500);
    expect(parseLogTime('2026-01-01', '--since')).toBe(new Date(2026, 0, 1).getTime());
    expect(parseLogTime('2026-01-01T13', '--since')).toBe(new Date(2026, 0, 1, 13).getTime());
    expect(parseLogTime('2026-01-01T13:05', '--since')).toBe(new Date(2026, 0, 1, 13, 5).getTime());
    expect(parseLogTime('1767225600.25', '--since')).toBe(newYearMs + 250);
    expect(parseLogTime('10m', '--since', 1_000_000)).toBe(400_000);
  });

  it('takes a duration for --until as one from now on', () => {
    expect(parseUntil('10m', 1_000_000)).toBe(1_600_000);
    expect(parseUntil('2026-01-01T00:00:00Z')).toBe(newYearMs);
  });

  it.each(['yesterday', '', '2026-13-01', '2026-01-01 10:00'])('refuses %j', (text) => {
    expect(() => parseLogTime(text, '--until')).toThrow(`failed to parse --until "${text}" as time value`);
  });
});
