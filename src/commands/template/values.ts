/**
 * The values of a template. A plain object is Go's struct (only its own keys exist, a function among them is
 * a method), a `Map` with string keys is Go's map, null is nil, undefined is a map's missing entry.
 */
export type Value = unknown;

/** A point in time: printed as Go prints one, `2026-11-21 03:40:38.701 +0000 UTC`, and as RFC 3339 in JSON. */
export class GoTime {
  readonly rfc3339: string;

  constructor(rfc3339: string) {
    this.rfc3339 = rfc3339;
  }

  static fromMs(timeMs: number): GoTime {
    return new GoTime(new Date(timeMs).toISOString().replace(/\.?0*Z$/, 'Z'));
  }

  /** `.Created.Unix` */
  get unix(): number {
    return Math.floor(Date.parse(this.rfc3339) / 1000);
  }

  toString(): string {
    const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d(?:\.\d+)?)(Z|([-+]\d\d):(\d\d))$/.exec(this.rfc3339);
    if (match === null) return this.rfc3339;
    const [, date, time, , hours, minutes] = match;
    return `${date} ${time} ${hours === undefined ? '+0000 UTC' : `${hours}${minutes} ${hours}${minutes}`}`;
  }

  toJSON(): string {
    return this.rfc3339;
  }
}

export function isStruct(value: Value): value is Record<string, Value> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !isMap(value) &&
    !(value instanceof GoTime)
  );
}

export function isMap(value: Value): value is Map<string, Value> {
  return value instanceof Map;
}

/** What `if` takes for true: not zero, not empty; a struct always is. */
export function isTrue(value: Value): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isMap(value)) return value.size > 0;
  return Boolean(value);
}

/** As `%v`. */
export function display(value: Value): string {
  if (value === undefined) return '<no value>';
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(display).join(' ')}]`;
  if (isMap(value))
    return `map[${sortedEntries(value)
      .map(([k, v]) => `${k}:${display(v)}`)
      .join(' ')}]`;
  if (isStruct(value))
    return `{${Object.values(value)
      .filter((member) => typeof member !== 'function')
      .map((member) => (member === null ? '' : display(member)))
      .join(' ')}}`;
  return typeof value === 'number' ? displayNumber(value) : String(value);
}

/** Go turns to exponents earlier than JavaScript where a number is no whole one. */
function displayNumber(value: number): string {
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  if (Number.isInteger(value) || (exponent >= -4 && exponent < 6)) return String(value);
  return value.toExponential().replace(/e([-+])(\d)$/, 'e$10$2');
}

/** Go ranges over maps and prints them in the order of their keys. */
export function sortedEntries(map: Map<string, Value>): [string, Value][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Go's name of a value's type, as near as JSON allows. */
export function typeName(value: Value): string {
  if (value === null || value === undefined) return 'interface {}';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64';
  if (Array.isArray(value)) return `[]${commonType(value)}`;
  if (isMap(value)) return `map[string]${commonType([...value.values()])}`;
  if (value instanceof GoTime) return 'time.Time';
  return typeof value === 'object' ? 'struct' : typeof value;
}

function commonType(values: readonly Value[]): string {
  const [first, ...others] = values.map(typeName);
  return first !== undefined && others.every((other) => other === first) ? first : 'interface {}';
}

/** Compact, HTML characters unescaped, methods left out. */
export function toJson(value: Value, indent?: string): string {
  const text = JSON.stringify(
    value,
    (_, member) => (isMap(member) ? Object.fromEntries(sortedEntries(member)) : member),
    indent,
  );
  return text ?? 'null';
}
