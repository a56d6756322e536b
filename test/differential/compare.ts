import type { Outcome } from '../support/command.ts';
import type { Tool } from './hosts.ts';
import { normalize, normalizeNumber } from './normalize.ts';

/** One thing in which the tools are unlike; `what` is `exit code`, `stdout`, `json value [].Id`, and so on. */
export interface Finding extends Readonly<Record<Tool, unknown>> {
  readonly what: string;
}

type Pair<T> = Readonly<Record<Tool, T>>;
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export function compareOutcomes(line: string, { podman, peapod }: Pair<Outcome>): Finding[] {
  const findings: Finding[] = [];
  const add = (what: string, theirs: unknown, ours: unknown) => {
    findings.push({ what, podman: theirs, peapod: ours });
  };
  if (podman.exitCode !== peapod.exitCode) add('exit code', podman.exitCode, peapod.exitCode);
  findings.push(...compareOutput(podman.stdout, peapod.stdout));
  const [theirs, ours] = [podman, peapod].map(({ stderr }) => normalize(stderr).trim()) as [string, string];
  const isError = [theirs, ours].map((text) => /^Error: /m.test(text));
  if (isError[0] && isError[1]) {
    const isUnknown = [theirs, ours].map((text) =>
      /unknown (shorthand )?flag|unrecognized command/.test(text),
    );
    if (isUnknown[0] !== isUnknown[1]) add('what is known', theirs, ours);
    const unnamed = namedIn(theirs, line).filter((word) => !ours.includes(word));
    if (unnamed.length > 0) add('error names', theirs, ours);
  } else if (theirs !== ours) add('stderr', theirs, ours);
  return findings;
}

/** Words of every command line, which a message has for other reasons. */
const common =
  /^(TOOL|box|app|pod|container|network|volume|image|secret|system|[a-z]+ create|name|not|create|inspect|run)$/;

/** The words of a command line that a message mentions. */
function namedIn(message: string, line: string): string[] {
  const words = line.split(/[\s='"]+/).filter((word) => word.length > 1 && !common.test(word));
  return words.slice(1).filter((word) => message.includes(word));
}

function compareOutput(podman: string, peapod: string): Finding[] {
  const [theirs, ours] = [parse(podman), parse(peapod)];
  if (theirs !== undefined && ours !== undefined)
    return compareJson('', '', { podman: theirs, peapod: ours });
  const [left, right] = [normalize(podman), normalize(peapod)];
  return left === right ? [] : [{ what: 'stdout', podman: left, peapod: right }];
}

function parse(text: string): Json | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function compareJson(path: string, key: string, { podman, peapod }: Pair<Json>): Finding[] {
  // For Go's nil, an empty list and an empty map are the same.
  if (isEmpty(podman) && isEmpty(peapod)) return [];
  if (Array.isArray(podman) && Array.isArray(peapod)) {
    if (podman.length !== peapod.length) return [{ what: `json length ${path}`, podman, peapod }];
    const [theirs, ours] = unordered.test(key) ? [podman.toSorted(), peapod.toSorted()] : [podman, peapod];
    return theirs.flatMap((each, index) =>
      compareJson(`${path}[]`, key, { podman: each, peapod: ours[index] as Json }),
    );
  }
  if (isObject(podman) && isObject(peapod)) {
    const [theirs, ours] = [podman, peapod].map(withPlainKeys) as [JsonObject, JsonObject];
    return [...new Set([...Object.keys(theirs), ...Object.keys(ours)])].flatMap((name) => {
      const below = `${path}.${name}`;
      const [left, right] = [theirs[name], ours[name]];
      if (left === undefined) return [{ what: `json extra ${below}`, podman: undefined, peapod: right }];
      if (right === undefined) return [{ what: `json missing ${below}`, podman: left, peapod: undefined }];
      return compareJson(below, name, { podman: left, peapod: right });
    });
  }
  const [left, right] = [podman, peapod].map((value) => plainValue(key, value));
  if (JSON.stringify(left) === JSON.stringify(right)) return [];
  return [{ what: `json value ${path}`, podman: left, peapod: right }];
}

/** Lists that Go makes of maps. */
const unordered = /^(SharedNamespaces|Env|Options|EffectiveCaps|BoundingCaps|Networks)$/;

type JsonObject = { [key: string]: Json };

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEmpty(value: Json): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

function withPlainKeys(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [normalize(key), inner]));
}

function plainValue(key: string, value: Json): unknown {
  if (typeof value === 'string') return normalize(value);
  return typeof value === 'number' ? normalizeNumber(key, value) : value;
}
