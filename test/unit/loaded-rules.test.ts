import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { LoadedRules } from '../../rootful/loaded-rules.ts';

const directory = mkdtempSync(join(tmpdir(), 'peapod-rules-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe('what the firewall is known to have', () => {
  it('is what was noted, of the same bridge and with the same text', () => {
    const rules = new LoadedRules(join(directory, 'rules'));
    expect(rules.has('br0', 'add this')).toBe(false);
    rules.note('br0', 'add this');
    expect(new LoadedRules(join(directory, 'rules')).has('br0', 'add this')).toBe(true);
    expect(rules.has('br0', 'add that')).toBe(false);
    expect(rules.has('br1', 'add this')).toBe(false);
    expect(readdirSync(join(directory, 'rules'))).toEqual(['br0']);
  });

  it('is forgotten by bridge, and where there is no directory never known', () => {
    const rules = new LoadedRules(join(directory, 'other'));
    rules.note('br0', 'a');
    rules.note('br1', 'b');
    rules.forget(['br0', 'missing']);
    expect([rules.has('br0', 'a'), rules.has('br1', 'b')]).toEqual([false, true]);
    const none = new LoadedRules(undefined);
    none.note('br0', 'a');
    none.forget(['br0']);
    expect(none.has('br0', 'a')).toBe(false);
  });
});
