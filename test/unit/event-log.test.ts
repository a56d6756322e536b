import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventFilter } from '../../src/engine/event-filter.ts';
import { type Event, EventLog } from '../../src/store/event-log.ts';

function withDirectory(work: (dir: string) => void): void {
  const dir = mkdtempSync(join(tmpdir(), 'peapod-events-'));
  try {
    work(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

describe('the log of events', () => {
  it('keeps two files of a size, and every line whole', () =>
    withDirectory((dir) => {
      const log = new EventLog(join(dir, 'made', 'events.log'), 2000);
      for (let n = 0; n < 60; n++) log.volume('create', `v${n}`);
      const lines = [log.olderPath, log.path]
        .filter((path) => existsSync(path))
        .flatMap((path) => readFileSync(path, 'utf8').trimEnd().split('\n'))
        .map((line) => JSON.parse(line) as Event);
      expect(lines.at(-1)).toMatchObject({ Type: 'volume', Status: 'create', Name: 'v59', Attributes: null });
      expect(lines.length).toBeGreaterThan(15);
      for (const path of [log.olderPath, log.path])
        if (existsSync(path)) expect(statSync(path).size).toBeLessThan(2200);
    }));

  it('never fails a command', () => {
    expect(() => new EventLog('/proc/no/such/place').volume('create', 'v')).not.toThrow();
  });
});

describe('filters of events', () => {
  const event: Event = {
    ID: 'abc123',
    Name: 'web',
    Status: 'died',
    Time: '2026-01-01T00:00:00Z',
    Type: 'container',
    Attributes: { tier: 'front' },
  };

  it.each([
    [{}, true],
    [{ container: ['web'] }, true],
    [{ container: ['abc'] }, true],
    [{ CONTAINER: ['other', 'abc'] }, true],
    [{ pod: ['web'] }, false],
    [{ type: ['container'], event: ['start', 'died'] }, true],
    [{ type: ['container'], status: ['start'] }, false],
    [{ label: ['tier'] }, true],
    [{ label: ['tier=front'] }, true],
    [{ label: ['tier=back'] }, false],
    [{ volume: ['web'] }, false],
  ])('%o', (filters, matches) => {
    expect(eventFilter(filters)(event)).toBe(matches);
  });

  it('refuses a key there is none of', () => {
    expect(() => eventFilter({ foo: ['x'] })).toThrow('foo is an invalid filter');
  });
});
