import { describe, expect, it } from 'vitest';
import { nextHealth } from '../../src/engine/health.ts';
import { resolveHealthcheck } from '../../src/engine/health-spec.ts';
import type { HealthcheckSpec, HealthRecord } from '../../src/store/records/supervision.ts';

const defaults = { intervalMs: 30_000, timeoutMs: 30_000, startPeriodMs: 0, retries: 3, onFailure: 'none' };
type Request = Parameters<typeof resolveHealthcheck>[0];
const resolve = (request: Partial<Request>, image?: Parameters<typeof resolveHealthcheck>[1]) =>
  resolveHealthcheck({ none: false, ...request }, image);

describe('what a health check is asked to be', () => {
  it.each([
    ['ls /x', ['CMD-SHELL', 'ls /x']],
    ['CMD ls /x', ['CMD', 'ls', '/x']],
    ['CMD-SHELL ls  /x', ['CMD-SHELL', 'ls  /x']],
    ['["CMD","ls","/x"]', ['CMD', 'ls', '/x']],
    ['["CMD-SHELL","ls /x && true"]', ['CMD-SHELL', 'ls /x && true']],
    ['["ls","/x"]', ['CMD', 'ls', '/x']],
    ['[ -e /x ]', ['CMD-SHELL', '[ -e /x ]']],
  ])('--health-cmd %s', (command, test) => {
    expect(resolve({ command })).toEqual({ ...defaults, test });
  });

  it.each(['none', 'NONE', '["NONE"]'])('--health-cmd %s switches the check of the image off', (command) => {
    expect(resolve({ command }, { Test: ['CMD', 'x'] })).toBeUndefined();
  });

  it('the image has one, in nanoseconds, and flags change a part of it', () => {
    const image = { Test: ['CMD', 'x'], Interval: 5e9, Timeout: 1e9, StartPeriod: 2e9, Retries: 7 };
    const spec = { test: ['CMD', 'x'], intervalMs: 5000, timeoutMs: 1000, startPeriodMs: 2000, retries: 7 };
    expect(resolve({}, image)).toEqual({ ...spec, onFailure: 'none' });
    expect(resolve({ interval: '1m', onFailure: 'kill' }, image)).toEqual({
      ...spec,
      intervalMs: 60_000,
      onFailure: 'kill',
    });
    expect(resolve({ none: true }, image)).toBeUndefined();
    expect(resolve({}, { Test: ['NONE'] })).toBeUndefined();
    expect(resolve({ command: 'y', interval: 'disable' }, image)).toEqual({
      ...defaults,
      test: ['CMD-SHELL', 'y'],
      intervalMs: 0,
    });
  });

  it.each<[Partial<Request>, string]>([
    [{ command: '[]' }, 'must define a healthcheck command for all healthchecks'],
    [{ command: '' }, 'must define a healthcheck command for all healthchecks'],
    [{ command: 'CMD-SHELL' }, 'the health check CMD-SHELL has no command'],
    [{ command: 'ls', none: true }, 'cannot specify both --no-healthcheck and --health-cmd'],
    [{ command: 'ls', interval: '5' }, 'invalid healthcheck-interval: "5" is no duration'],
    [{ command: 'ls', interval: '-5s' }, 'healthcheck-interval must be 0 seconds or greater'],
    [{ command: 'ls', retries: 0 }, 'healthcheck-retries must be greater than 0'],
    [{ command: 'ls', timeout: '0s' }, 'healthcheck-timeout must be greater than 0'],
    [{ command: 'ls', startPeriod: '-1s' }, 'healthcheck-start-period must be 0 seconds or greater'],
    [
      { command: 'ls', onFailure: 'foo' },
      'invalid on-failure action "foo" for health check: supported actions are none,kill,restart,stop',
    ],
    [{ onFailure: 'kill' }, 'cannot set on-failure action to kill without a health check'],
    [{ interval: '3s' }, 'cannot set --health-interval without a health check'],
  ])('%o is refused', (request, message) => {
    expect(() => resolve(request)).toThrow(message);
  });
});

describe('what a result makes of the health', () => {
  const spec = { ...defaults, test: ['CMD', 'x'], retries: 2, startPeriodMs: 1000 } as HealthcheckSpec;
  const result = (exitCode: number, startMs = 5000) => ({
    startMs,
    endMs: startMs + 1,
    exitCode,
    output: '',
  });
  const starting: HealthRecord = { status: 'starting', failingStreak: 0, log: [] };

  it('is unhealthy after as many failures as it has retries, and healthy by one success', () => {
    const once = nextHealth(spec, starting, result(1), 0);
    expect(once).toMatchObject({ status: 'starting', failingStreak: 1 });
    const twice = nextHealth(spec, once, result(-1), 0);
    expect(twice).toMatchObject({ status: 'unhealthy', failingStreak: 2 });
    expect(nextHealth(spec, twice, result(0), 0)).toMatchObject({ status: 'healthy', failingStreak: 0 });
  });

  it('does not count failures in the start period, but a success', () => {
    const early = nextHealth(spec, starting, result(1, 5999), 5000);
    expect(early).toMatchObject({ status: 'starting', failingStreak: 0 });
    expect(nextHealth(spec, early, result(0, 5999), 5000).status).toBe('healthy');
  });

  it('keeps the last five results', () => {
    let health = starting;
    for (let n = 0; n < 8; n++) health = nextHealth(spec, health, result(n), 0);
    expect(health.log.map(({ exitCode }) => exitCode)).toEqual([3, 4, 5, 6, 7]);
  });
});
