import { PeapodError } from '../errors.ts';

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** A duration as Go writes it (`1h30m`, `1.5s`, `-10m`, `0`), in milliseconds; undefined for anything else. */
export function parseGoDuration(text: string): number | undefined {
  const match = /^([+-]?)((?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.exec(text);
  if (!match) return /^[+-]?0$/.test(text) ? 0 : undefined;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    sum += Number(amount) * (unitMs[unit as string] as number);
  }
  return match[1] === '-' ? -sum : sum;
}

const date = /^(\d{4}-\d\d-\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d(?:\.\d+)?))?)?)?(Z|[+-]\d\d:\d\d)?$/;

/**
 * What `--since` takes, as milliseconds since the epoch: RFC 3339 and its shorter forms (without
 * a zone: local time), Unix seconds with a fraction, or a Go duration back from now.
 * Throws INVALID_ARGUMENT naming the flag.
 */
export function parseLogTime(text: string, flag: string, nowMs = Date.now()): number {
  const durationMs = parseGoDuration(text);
  if (durationMs !== undefined && text !== '0') return nowMs - durationMs;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const parts = date.exec(text);
  if (parts) {
    const [, day, hours = '00', minutes = '00', seconds = '00', zone = ''] = parts;
    const timeMs = Date.parse(`${day}T${hours}:${minutes}:${seconds}${zone}`);
    if (!Number.isNaN(timeMs)) return timeMs;
  }
  throw new PeapodError('INVALID_ARGUMENT', `failed to parse ${flag} "${text}" as time value`, {
    hint: 'give 2006-01-02T15:04:05Z, Unix seconds, or a duration such as 10m',
  });
}

/** As `parseLogTime`, for `--until`: a duration is one from now on, as podman has it. */
export function parseUntil(text: string, nowMs = Date.now()): number {
  const durationMs = parseGoDuration(text);
  return durationMs === undefined ? parseLogTime(text, '--until', nowMs) : nowMs + durationMs;
}
