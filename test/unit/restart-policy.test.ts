import { describe, expect, it } from 'vitest';
import { isUsersEnd, nextPauseMs, parseRestart, wantsRestart } from '../../src/engine/restart-policy.ts';

const ended = (more: Partial<Parameters<typeof wantsRestart>[1]> = {}) => ({
  exitCode: 1,
  restartCount: 0,
  userSignal: undefined,
  stopSignal: 15,
  ...more,
});

describe('restart policies', () => {
  it.each([
    [undefined, undefined],
    ['', undefined],
    ['no', undefined],
    ['always', { policy: 'always' }],
    ['unless-stopped', { policy: 'unless-stopped' }],
    ['on-failure', { policy: 'on-failure' }],
    ['on-failure:0', { policy: 'on-failure', maxRetries: 0 }],
    ['on-failure:12', { policy: 'on-failure', maxRetries: 12 }],
  ])('B6: --restart %s', (word, spec) => {
    expect(parseRestart(word, false)).toEqual(spec);
  });

  it.each([
    ['No', '"No" is not a valid restart policy: invalid argument'],
    ['always:1', 'restart policy retries can only be specified with on-failure restart policy'],
    ['on-failure:x', 'parsing restart policy retry count: "x" is no number'],
    ['on-failure:-1', 'must specify restart policy retry count as a number greater than 0'],
    ['on-failure:1:2', 'invalid restart policy: may specify retries at most once'],
  ])('B6: --restart %s is refused', (word, message) => {
    expect(() => parseRestart(word, false)).toThrow(message);
  });

  it('B6: on-failure counts, and zero is no limit', () => {
    const twice = { policy: 'on-failure', maxRetries: 2 } as const;
    expect(wantsRestart(twice, ended({ restartCount: 1 }))).toBe(true);
    expect(wantsRestart(twice, ended({ restartCount: 2 }))).toBe(false);
    expect(wantsRestart(twice, ended({ exitCode: 0 }))).toBe(false);
    expect(wantsRestart({ policy: 'on-failure', maxRetries: 0 }, ended({ restartCount: 99 }))).toBe(true);
    expect(wantsRestart({ policy: 'always' }, ended({ exitCode: 0 }))).toBe(true);
    expect(wantsRestart(undefined, ended())).toBe(false);
  });

  it("B6: a user's end is one by SIGKILL, by the stop signal, or by a signal that it died of", () => {
    expect(isUsersEnd(ended({ userSignal: 9, exitCode: 0 }))).toBe(true);
    expect(isUsersEnd(ended({ userSignal: 15, exitCode: 0 }))).toBe(true);
    expect(isUsersEnd(ended({ userSignal: 1, exitCode: 129 }))).toBe(true);
    expect(isUsersEnd(ended({ userSignal: 1, exitCode: 137 }))).toBe(false);
    expect(isUsersEnd(ended({ exitCode: 137 }))).toBe(false);
  });

  it('B6: pauses double up to a minute, and begin anew for one that ran ten seconds', () => {
    const pauses = [nextPauseMs(0, 5)];
    while (pauses.length < 12) pauses.push(nextPauseMs(pauses.at(-1) as number, 9_999));
    expect(pauses.slice(0, 4)).toEqual([100, 200, 400, 800]);
    expect(pauses.slice(-2)).toEqual([60_000, 60_000]);
    expect(nextPauseMs(60_000, 10_000)).toBe(100);
  });
});
