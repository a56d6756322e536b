import { PeapodError } from '../errors.ts';
import { type Flag, type FlagSet, type FlagValues, flagName } from './flags.ts';
import { nearest } from './suggest.ts';

export interface ParseOptions {
  /** The command as typed, for messages: `peapod pod rm`. */
  readonly command: string;
  /** True where everything from the first positional on belongs to somebody else: `run IMAGE ls -l`. */
  readonly optionsFirst: boolean;
}

export interface Parsed<F extends FlagSet> {
  readonly values: FlagValues<F>;
  readonly args: readonly string[];
  /** `--help` or an unclaimed `-h` was met; everything behind it was not looked at. */
  readonly help: boolean;
}

/**
 * Parses words as pflag does, whose grammar podman's users know: `--flag=value`, `--flag value`, `-fvalue`,
 * `-f=value`, `-abc`, `--bool=false`, `--` ends the options. Throws INVALID_ARGUMENT.
 */
export function parseFlags<F extends FlagSet>(
  words: readonly string[],
  flags: F,
  options: ParseOptions,
): Parsed<F> {
  const values = emptyValues(flags);
  const args: string[] = [];
  const parsed = (help: boolean): Parsed<F> => ({ values: values as FlagValues<F>, args, help });

  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    if (word.length < 2 || word[0] !== '-') {
      if (options.optionsFirst) {
        args.push(...words.slice(at));
        break;
      }
      args.push(word);
      continue;
    }
    if (word === '--') {
      args.push(...words.slice(at + 1));
      break;
    }
    if (word.startsWith('--')) {
      const equals = word.indexOf('=');
      const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
      const long = resolveLong(flags, name);
      if (long === undefined) {
        if (name === 'help') return parsed(true);
        throw unknownFlag(flags, name, options);
      }
      const flag = flags[long] as Flag;
      if (equals >= 0) store(values, long, flag, word.slice(equals + 1), options);
      else if (isSwitch(flag)) store(values, long, flag, 'true', options);
      else if (at + 1 < words.length) store(values, long, flag, words[++at] as string, options);
      else throw misuse(`flag needs an argument: --${name}`, options);
      continue;
    }
    for (let letter = 1; letter < word.length; letter++) {
      const long = resolveShort(flags, word[letter] as string);
      if (long === undefined) {
        if (word[letter] === 'h') return parsed(true);
        throw misuse(`unknown shorthand flag: '${word[letter]}' in ${word}`, options);
      }
      const flag = flags[long] as Flag;
      const rest = word.slice(letter + 1);
      if (rest.startsWith('=')) store(values, long, flag, rest.slice(1), options);
      else if (isSwitch(flag)) {
        store(values, long, flag, 'true', options);
        continue;
      } else if (rest !== '') store(values, long, flag, rest, options);
      else if (at + 1 < words.length) store(values, long, flag, words[++at] as string, options);
      else throw misuse(`flag needs an argument: '${word[letter]}' in ${word}`, options);
      break;
    }
  }
  return parsed(false);
}

type Store = Record<string, boolean | number | string | string[] | undefined>;

function emptyValues(flags: FlagSet): Store {
  const values: Store = {};
  for (const [long, flag] of Object.entries(flags)) {
    if (flag.kind === 'bool') values[long] = false;
    else if (flag.kind === 'array' || flag.kind === 'list') values[long] = [];
    else values[long] = undefined;
  }
  return values;
}

function isSwitch(flag: Flag): boolean {
  return flag.kind === 'bool' || flag.kind === 'optionalBool';
}

function resolveLong(flags: FlagSet, name: string): string | undefined {
  if (Object.hasOwn(flags, name)) return name;
  return Object.keys(flags).find((long) => flags[long]?.aliases?.includes(name));
}

function resolveShort(flags: FlagSet, letter: string): string | undefined {
  return Object.keys(flags).find((long) => flags[long]?.short === letter);
}

function store(values: Store, long: string, flag: Flag, text: string, options: ParseOptions): void {
  const refuse = (why: string) =>
    misuse(`invalid argument "${text}" for "${flagName(long, flag)}" flag: ${why}`, options);
  switch (flag.kind) {
    case 'bool':
    case 'optionalBool':
      if (/^(1|t|T|TRUE|true|True)$/.test(text)) values[long] = true;
      else if (/^(0|f|F|FALSE|false|False)$/.test(text)) values[long] = false;
      else throw refuse('must be true or false');
      return;
    case 'int':
    case 'uint':
      if (!(flag.kind === 'int' ? /^[-+]?\d+$/ : /^\d+$/).test(text) || !Number.isSafeInteger(Number(text)))
        throw refuse(flag.kind === 'int' ? 'must be a whole number' : 'must be a whole number, 0 or more');
      values[long] = Number(text);
      return;
    case 'array':
      (values[long] as string[]).push(text);
      return;
    case 'list': {
      const parts = splitAtCommas(text);
      if (parts === undefined) throw refuse('a quote is not closed');
      (values[long] as string[]).push(...parts);
      return;
    }
    default:
      values[long] = text;
  }
}

/** One line of comma-separated values: `a,"b,c"` gives `a` and `b,c`, a doubled quote inside quotes is one. */
function splitAtCommas(text: string): string[] | undefined {
  if (text === '') return [];
  if (!text.includes('"')) return text.split(',');
  const parts: string[] = [];
  let part = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string;
    if (quoted) {
      if (c !== '"') part += c;
      else if (text[i + 1] === '"') part += text[++i];
      else quoted = false;
    } else if (c === '"' && part === '') quoted = true;
    else if (c === ',') {
      parts.push(part);
      part = '';
    } else part += c;
  }
  if (quoted) return undefined;
  parts.push(part);
  return parts;
}

function unknownFlag(flags: FlagSet, name: string, options: ParseOptions): PeapodError {
  const near = nearest(name, Object.keys(flags));
  const suggestion = near.length === 0 ? '' : `did you mean ${near.map((n) => `--${n}`).join(' or ')}? `;
  return misuse(`unknown flag: --${name}`, options, suggestion);
}

function misuse(message: string, options: ParseOptions, before = ''): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', message, { hint: `${before}See '${options.command} --help'` });
}
