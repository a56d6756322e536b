import { describe, expect, it } from 'vitest';
import { parseAll } from '../../src/container/journal.ts';

describe('entries of the journal', () => {
  it('are lines of a container, with the digits of their time, and nothing else that journalctl says', () => {
    const lines = [
      'Hint: You are currently not seeing messages from other users.',
      '{"__CURSOR":"c1","__REALTIME_TIMESTAMP":"1795706563093982","MESSAGE":"out\\n","PRIORITY":"6"}',
      '{"__CURSOR":"c2","__REALTIME_TIMESTAMP":"1795706563000001","MESSAGE":[104,195,164,10],"PRIORITY":"3"}',
      '{"__CURSOR":"c3","__REALTIME_TIMESTAMP":"1795706563000001","MESSAGE":"part","PRIORITY":"6","CONTAINER_PARTIAL_MESSAGE":"true"}',
      '{"__CURSOR":"c4","__REALTIME_TIMESTAMP":"1795706563000001","MESSAGE":null,"PRIORITY":"6"}',
      '',
    ];
    const parsed = parseAll(lines);
    expect(parsed.map(({ cursor }) => cursor)).toEqual(['c1', 'c2', 'c3', 'c4']);
    expect(parsed.map(({ entry }) => [entry.stream, entry.text, entry.partial])).toEqual([
      ['stdout', 'out', false],
      ['stderr', 'hä', false],
      ['stdout', 'part', true],
      ['stdout', '', false],
    ]);
    expect(parsed[0]?.entry).toMatchObject({
      timeMs: 1795706563093.982,
      timestamp: '2026-11-26T15:22:43.093982000Z',
    });
    expect(parsed[1]?.entry.timestamp).toBe('2026-11-26T15:22:43.000001000Z');
  });
});
