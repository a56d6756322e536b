import { sprintf } from './printf.ts';
import { display, isMap, isTrue, toJson, typeName, type Value } from './values.ts';

export interface TemplateFunction {
  readonly min: number;
  /** Infinity where any number will do. */
  readonly max: number;
  /** Throws an Error whose message says what is wrong. */
  readonly call: (...args: Value[]) => Value;
}

/**
 * The functions of Go's text/template and those that podman adds. `and` and `or` stop at the first argument
 * that decides; execute.ts sees to that.
 */
export const functions: Readonly<Record<string, TemplateFunction>> = {
  and: any(1, (...args) => args.find((arg) => !isTrue(arg)) ?? args.at(-1)),
  or: any(1, (...args) => args.find(isTrue) ?? args.at(-1)),
  not: fixed(1, (value) => !isTrue(value)),
  len: fixed(1, (value) => lengthOf(value)),
  index: any(1, (value, ...keys) => keys.reduce(indexInto, value)),
  slice: { min: 1, max: 4, call: (value, ...bounds) => sliceOf(value, bounds) },
  print: any(0, (...args) => print(args)),
  println: any(0, (...args) => `${args.map(display).join(' ')}\n`),
  printf: any(1, (format, ...args) => sprintf(text('printf', format), args)),
  html: any(0, (...args) => print(args).replace(/[&<>'"]/g, (c) => htmlEscapes[c] as string)),
  urlquery: any(0, (...args) =>
    encodeURIComponent(print(args))
      .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
      .replaceAll('%20', '+'),
  ),
  js: any(0, (...args) =>
    print(args)
      .replace(/[\\'"]/g, '\\$&')
      .replace(/[<>&=\p{Cc}]/gu, (c) => `\\u${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`),
  ),

  eq: any(2, (first, ...others) => others.some((other) => equal(first, other))),
  ne: fixed(2, (a, b) => !equal(a, b)),
  lt: fixed(2, (a, b) => order(a, b) < 0),
  le: fixed(2, (a, b) => order(a, b) <= 0),
  gt: fixed(2, (a, b) => order(a, b) > 0),
  ge: fixed(2, (a, b) => order(a, b) >= 0),

  json: fixed(1, (value) => toJson(value)),
  join: fixed(2, (list, separator) => items('join', list).map(display).join(text('join', separator))),
  split: fixed(2, (value, separator) => text('split', value).split(text('split', separator))),
  lower: fixed(1, (value) => text('lower', value).toLowerCase()),
  upper: fixed(1, (value) => text('upper', value).toUpperCase()),
  title: fixed(1, (value) =>
    text('title', value).replace(
      /(^|[^\p{L}\p{N}_'])(\p{L})/gu,
      (_, before, letter) => before + letter.toUpperCase(),
    ),
  ),
  pad: fixed(3, (value, before, after) =>
    text('pad', value) === ''
      ? ''
      : ' '.repeat(whole('pad', before)) + text('pad', value) + ' '.repeat(whole('pad', after)),
  ),
  truncate: fixed(2, (value, length) =>
    [...text('truncate', value)].slice(0, whole('truncate', length)).join(''),
  ),
};

const htmlEscapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
};

function fixed(count: number, call: TemplateFunction['call']): TemplateFunction {
  return { min: count, max: count, call };
}

function any(min: number, call: TemplateFunction['call']): TemplateFunction {
  return { min, max: Number.POSITIVE_INFINITY, call };
}

function wrongType(name: string, value: Value, wanted: string): Error {
  return new Error(`error calling ${name}: wrong type for value; expected ${wanted}; got ${typeName(value)}`);
}

function text(name: string, value: Value): string {
  if (typeof value !== 'string') throw wrongType(name, value, 'string');
  return value;
}

function whole(name: string, value: Value): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 1_000_000)
    throw wrongType(name, value, 'int');
  return value;
}

function items(name: string, value: Value): readonly Value[] {
  if (!Array.isArray(value)) throw wrongType(name, value, '[]string');
  return value;
}

function lengthOf(value: Value): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (isMap(value)) return value.size;
  // JSON has null for Go's nil slices and maps.
  if (value === null) return 0;
  throw new Error(`error calling len: len of type ${typeName(value)}`);
}

function indexInto(value: Value, key: Value): Value {
  const fail = (what: string) => new Error(`error calling index: ${what}`);
  if (isMap(value)) {
    if (typeof key !== 'string') throw fail(`value has type ${typeName(key)}; should be string`);
    if (value.has(key)) return value.get(key);
    return typeName(value) === 'map[string]string' ? '' : undefined;
  }
  if (value === null || value === undefined) throw fail('index of untyped nil');
  if (!Array.isArray(value) && typeof value !== 'string')
    throw fail(`can't index item of type ${typeName(value)}`);
  if (typeof key !== 'number') throw fail(`cannot index slice/array with type ${typeName(key)}`);
  if (!Number.isInteger(key) || key < 0 || key >= value.length) throw fail(`index out of range: ${key}`);
  return typeof value === 'string' ? value.charCodeAt(key) : value[key];
}

function sliceOf(value: Value, bounds: readonly Value[]): Value {
  if (typeof value !== 'string' && !Array.isArray(value))
    throw new Error(`error calling slice: can't slice item of type ${typeName(value)}`);
  const [from = 0, to = value.length] = bounds.map((bound) => whole('slice', bound));
  if (from > to || to > value.length)
    throw new Error(`error calling slice: index out of range: ${from > value.length ? from : to}`);
  return value.slice(from, to);
}

function equal(a: Value, b: Value): boolean {
  if (a === null || b === null || a === undefined || b === undefined) return (a ?? null) === (b ?? null);
  if (typeof a !== typeof b) throw new Error('error calling eq: incompatible types for comparison');
  if (typeof a === 'object') throw new Error('error calling eq: non-comparable type');
  return a === b;
}

function order(a: Value, b: Value): number {
  if (typeof a !== typeof b) throw new Error('error calling lt: incompatible types for comparison');
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  throw new Error('error calling lt: invalid type for comparison');
}

/** Spaces stand between operands of which neither is a string. */
function print(args: readonly Value[]): string {
  return args.reduce<string>((line, arg, i) => {
    const space = i > 0 && typeof arg !== 'string' && typeof args[i - 1] !== 'string' ? ' ' : '';
    return line + space + display(arg);
  }, '');
}
