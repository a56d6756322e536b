import { parseGoDuration } from '../container/log-time.ts';
import { PeapodError } from '../errors.ts';
import type { HealthcheckSpec } from '../store/records/supervision.ts';
import type { ImageConfig } from '../store/records.ts';
import type { HealthRequest } from './requests.ts';

const defaults = { intervalMs: 30_000, timeoutMs: 30_000, startPeriodMs: 0, retries: 3 };
const actions = ['none', 'kill', 'restart', 'stop'] as const;

type ImageHealthcheck = NonNullable<ImageConfig['config']>['Healthcheck'];

/**
 * The health check that flags ask for, or else the image's, with the flags that change a part of it; undefined where
 * there is none. Throws INVALID_ARGUMENT in podman's words.
 */
export function resolveHealthcheck(
  request: HealthRequest,
  image: ImageHealthcheck | undefined,
): HealthcheckSpec | undefined {
  const { command, none } = request;
  const onFailure = parseAction(request.onFailure);
  if (none) {
    if (command !== undefined) throw invalid('cannot specify both --no-healthcheck and --health-cmd');
    return undefined;
  }
  const test = command === undefined ? (image?.Test ?? []) : parseCommand(command);
  if (test.length === 0 || test[0] === 'NONE') {
    refuseWithoutCheck(request, onFailure);
    return undefined;
  }
  const fromImage = command === undefined ? imageTimes(image) : {};
  return { test, ...defaults, ...fromImage, ...flagTimes(request), onFailure };
}

/** A JSON array, `none`, `CMD words…`, `CMD-SHELL line`, or a line for the container's shell. */
function parseCommand(text: string): readonly string[] {
  const list = text.startsWith('[') ? parseList(text) : undefined;
  if (list) {
    const [first] = list;
    if (first === undefined) throw invalid('must define a healthcheck command for all healthchecks');
    if (first === 'CMD' || first === 'CMD-SHELL') return requireWords(list);
    return first.toUpperCase() === 'NONE' ? ['NONE'] : ['CMD', ...list];
  }
  if (text.trim() === '') throw invalid('must define a healthcheck command for all healthchecks');
  if (text.toUpperCase() === 'NONE') return ['NONE'];
  const [keyword, ...words] = text.split(/\s+/);
  if (keyword === 'CMD') return requireWords(['CMD', ...words]);
  const line = keyword === 'CMD-SHELL' ? text.slice('CMD-SHELL'.length).trim() : text;
  return requireWords(['CMD-SHELL', ...(line === '' ? [] : [line])]);
}

function parseList(text: string): string[] | undefined {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.every((item) => typeof item === 'string') ? list : undefined;
  } catch {
    return undefined; // podman takes what is no JSON as a line
  }
}

function requireWords(test: readonly string[]): readonly string[] {
  if (test.length > 1) return test;
  throw invalid(
    `the health check ${test[0]} has no command`,
    `for example --health-cmd "curl -f http://localhost"`,
  );
}

function flagTimes(request: HealthRequest): Partial<HealthcheckSpec> {
  const { interval, timeout, startPeriod, retries } = request;
  return {
    ...(interval === undefined ? {} : { intervalMs: parseInterval(interval) }),
    ...(timeout === undefined ? {} : { timeoutMs: parseTimeout(timeout) }),
    ...(startPeriod === undefined ? {} : { startPeriodMs: parseStartPeriod(startPeriod) }),
    ...(retries === undefined ? {} : { retries: checkRetries(retries) }),
  };
}

/** `disable`, and 0, for a check that only `healthcheck run` does. */
function parseInterval(text: string): number {
  if (text === 'disable') return 0;
  const ms = parseDuration(text, 'interval');
  if (ms < 0) throw invalid('healthcheck-interval must be 0 seconds or greater');
  return ms;
}

function parseTimeout(text: string): number {
  const ms = parseDuration(text, 'timeout');
  if (ms <= 0) throw invalid('healthcheck-timeout must be greater than 0');
  return ms;
}

function parseStartPeriod(text: string): number {
  const ms = parseDuration(text, 'start-period');
  if (ms < 0) throw invalid('healthcheck-start-period must be 0 seconds or greater');
  return ms;
}

function parseDuration(text: string, name: string): number {
  const ms = parseGoDuration(text);
  if (ms !== undefined) return ms;
  throw invalid(`invalid healthcheck-${name}: "${text}" is no duration`, 'write 30s, 1m30s or 500ms');
}

function checkRetries(retries: number): number {
  if (retries < 1) throw invalid('healthcheck-retries must be greater than 0');
  return retries;
}

/** Nanoseconds; 0 and what is absent stand for the default. */
function imageTimes(image: ImageHealthcheck | undefined): Partial<HealthcheckSpec> {
  const { Interval, Timeout, StartPeriod, Retries } = image ?? {};
  return {
    ...(Interval ? { intervalMs: Interval / 1e6 } : {}),
    ...(Timeout ? { timeoutMs: Timeout / 1e6 } : {}),
    ...(StartPeriod ? { startPeriodMs: StartPeriod / 1e6 } : {}),
    ...(Retries ? { retries: Retries } : {}),
  };
}

function parseAction(word: string | undefined): HealthcheckSpec['onFailure'] {
  const action = actions.find((known) => known === (word ?? 'none'));
  if (action) return action;
  throw invalid(
    `invalid on-failure action "${word}" for health check: supported actions are ${actions.join(',')}`,
  );
}

function refuseWithoutCheck(request: HealthRequest, onFailure: HealthcheckSpec['onFailure']): void {
  if (onFailure !== 'none')
    throw invalid(`cannot set on-failure action to ${onFailure} without a health check`);
  if (request.command !== undefined) return;
  const flags = ['interval', 'timeout', 'startPeriod', 'retries'] as const;
  const [given] = flags.filter((name) => request[name] !== undefined);
  if (given === undefined) return;
  const flag = given === 'startPeriod' ? 'start-period' : given;
  throw invalid(`cannot set --health-${flag} without a health check`, 'give --health-cmd as well');
}

function invalid(message: string, hint?: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', message, hint ? { hint } : {});
}
