import { Command, CommanderError, Option } from 'commander';
import { PeapodError } from '../errors.ts';
import { emptyValues, isSwitch, storeValue } from './flag-values.ts';
import type { Flag, FlagSet, FlagValues } from './flags.ts';
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

/** A flag that nobody has defined; `flag` as typed, `--name` or `-n`. */
export class UnknownFlag extends PeapodError {
  readonly flag: string;

  constructor(flag: string, message: string, hint: string) {
    super('INVALID_ARGUMENT', message, { hint });
    this.flag = flag;
  }
}

/** Thrown by commander's option event: the rest of the words no longer matters. */
class HelpAsked extends Error {}

type Misuse = (message: string, before?: string) => PeapodError;

/** Marks what was rewritten for commander. No word of a real command line can hold it. */
const mark = '\0';

/**
 * Parses words by commander, and what podman's users know beyond it: `--rm=false`, `-t=0`, `-e=A=b`.
 * Throws INVALID_ARGUMENT in podman's words.
 */
export function parseFlags<F extends FlagSet>(
  words: readonly string[],
  flags: F,
  options: ParseOptions,
): Parsed<F> {
  const misuse: Misuse = (message, before = '') =>
    new PeapodError('INVALID_ARGUMENT', message, { hint: `${before}See '${options.command} --help'` });
  const values = emptyValues(flags);
  const parser = buildParser(mentioned(words, flags), flags, options, (long, text) =>
    storeValue(values, long, flags[long] as Flag, text.replace(mark, ''), misuse),
  );
  const result = (args: readonly string[], help: boolean): Parsed<F> => ({
    values: values as FlagValues<F>,
    args,
    help,
  });
  try {
    parser.parse(rewrite(words, flags), { from: 'user' });
  } catch (error) {
    if (error instanceof HelpAsked) return result([], true);
    if (error instanceof CommanderError) throw inPodmansWords(error, words, flags, options.command, misuse);
    throw error;
  }
  // What belongs to somebody else is handed on as it was typed.
  const args = options.optionsFirst ? words.slice(words.length - parser.args.length) : parser.args;
  return result(args, false);
}

/** The flags that words could name: a parser that knows all of `run` takes milliseconds to build. */
function mentioned(words: readonly string[], flags: FlagSet): [string, Flag][] {
  const names = new Set<string>();
  const letters = new Set<string>();
  for (const word of words) {
    if (word.startsWith('--')) names.add(word.slice(2).replace(/=.*/s, ''));
    else if (word.startsWith('-')) for (const letter of word.slice(1)) letters.add(letter);
  }
  return Object.entries(flags).filter(
    ([long, { short, aliases }]) =>
      names.has(long) || letters.has(short ?? '') || aliases?.some((alias) => names.has(alias)),
  );
}

/** Of `known` options; `flags` are all that the command has. */
function buildParser(
  known: readonly [string, Flag][],
  flags: FlagSet,
  options: ParseOptions,
  store: (long: string, text: string) => void,
): Command {
  const parser = new Command(options.command)
    .exitOverride()
    .configureOutput({ writeErr() {}, writeOut() {} })
    .helpOption(false)
    .showSuggestionAfterError(false)
    .argument('[words...]')
    .passThroughOptions(options.optionsFirst)
    .action(() => {});
  const add = (option: string, name: string, listener: (text: string | null) => void) =>
    parser.addOption(new Option(option)).on(`option:${name}`, listener);
  for (const [long, flag] of known) {
    for (const name of [long, ...(flag.aliases ?? [])]) {
      const short = name === long && flag.short ? `-${flag.short}, ` : '';
      add(`${short}--${name}${isSwitch(flag) ? '' : ' <value>'}`, name, (text) =>
        store(long, text ?? 'true'),
      );
      if (isSwitch(flag))
        add(`--${name}${mark} <value>`, `${name}${mark}`, (text) => store(long, text ?? ''));
    }
  }
  if (!Object.hasOwn(flags, 'help')) {
    const short = resolveShort(flags, 'h') === undefined ? '-h, ' : '';
    add(`${short}--help`, 'help', () => {
      throw new HelpAsked();
    });
  }
  return parser;
}

/** `--rm=false` becomes an option that takes a value; the `=` of `-e=A=b` goes, as pflag has it. */
function rewrite(words: readonly string[], flags: FlagSet): string[] {
  const end = words.indexOf('--');
  return words.map((word, index) => {
    if (end >= 0 && index > end) return word;
    const [, dashes, name = '', value = ''] = /^(--?)([^-=][^=]*)=(.*)$/s.exec(word) ?? [];
    if (dashes === undefined) return word;
    const long = dashes === '--' ? resolveLong(flags, name) : resolveShort(flags, name.at(-1) as string);
    const flag = long === undefined ? undefined : flags[long];
    if (!flag) return word;
    if (isSwitch(flag)) return dashes === '--' || name.length === 1 ? `--${long}${mark}=${value}` : word;
    return dashes === '--' ? word : `-${name}${mark}${value}`;
  });
}

function resolveLong(flags: FlagSet, name: string): string | undefined {
  if (Object.hasOwn(flags, name)) return name;
  return Object.keys(flags).find((long) => flags[long]?.aliases?.includes(name));
}

function resolveShort(flags: FlagSet, letter: string): string | undefined {
  return Object.keys(flags).find((long) => flags[long]?.short === letter);
}

function inPodmansWords(
  error: CommanderError,
  words: readonly string[],
  flags: FlagSet,
  command: string,
  misuse: Misuse,
): PeapodError {
  const [, named = ''] = /option '([^']*)'/.exec(error.message) ?? [];
  if (error.code === 'commander.optionMissingArgument') {
    const last = words.at(-1) ?? '';
    const letter = last.startsWith('--') ? '' : last.at(-1);
    return misuse(`flag needs an argument: ${letter ? `'${letter}' in ${last}` : last}`);
  }
  if (error.code !== 'commander.unknownOption') return misuse(error.message.replace(/^error: /, ''));
  if (named.startsWith('--')) {
    const name = named.slice(2).replace(/=.*/s, '');
    const near = nearest(name, [...Object.keys(flags), 'help']);
    const before = near.length === 0 ? '' : `did you mean ${near.map((n) => `--${n}`).join(' or ')}? `;
    return new UnknownFlag(`--${name}`, `unknown flag: --${name}`, `${before}See '${command} --help'`);
  }
  const letter = named[1] ?? '';
  const word = words.find((each) => /^-[^-]/.test(each) && each.includes(letter)) ?? named;
  const message = `unknown shorthand flag: '${letter}' in ${word}`;
  return new UnknownFlag(`-${letter}`, message, `See '${command} --help'`);
}
