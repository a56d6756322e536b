import type { Command } from '../command.ts';
import { isSwitch } from '../flag-values.ts';
import type { Flag, FlagSet } from '../flags.ts';
import { globalFlags, topFlags } from '../global-flags.ts';
import { aliases, groups, verbs } from '../registry.ts';

/** Where on a command line the cursor stands. */
export interface Position {
  /** The words that lead to a verb, as typed. */
  readonly path: readonly string[];
  /** Undefined where the verb is not complete yet. */
  readonly command: Command | undefined;
  readonly flags: FlagSet;
  /** The flag that still wants its value. */
  readonly pending: string | undefined;
  readonly positionals: readonly string[];
  /** Whether a word that begins with `-` can still be a flag. */
  readonly flagsAllowed: boolean;
  /** Values of flags, the last of each; `--root` and its like say where to look. */
  readonly roots: Readonly<Record<string, string>>;
}

/** Reads the words before the cursor as the parser would, without ever complaining. */
export async function walk(words: readonly string[]): Promise<Position> {
  const path: string[] = [];
  const positionals: string[] = [];
  const roots: Record<string, string> = {};
  let command: Command | undefined;
  let flags: FlagSet = topFlags;
  let pending: string | undefined;
  let flagsAllowed = true;
  for (const word of words) {
    if (pending) {
      roots[pending] = word;
      pending = undefined;
    } else if (flagsAllowed && word === '--') {
      flagsAllowed = false;
    } else if (flagsAllowed && word.length > 1 && word.startsWith('-')) {
      const [, name = '', value] = /^--([^=]+)=(.*)$/s.exec(word) ?? [];
      if (value === undefined) pending = openFlag(word, flags);
      else roots[name] = value;
    } else if (command === undefined && !(path.length === 0 && word === 'help')) {
      path.push(word);
      command = await commandAt(path);
      if (command !== undefined) flags = { ...globalFlags, ...command.flags };
      else if (!isGroup(path))
        return { path, command, flags: {}, pending: undefined, positionals, flagsAllowed, roots };
    } else if (command !== undefined) {
      positionals.push(word);
      if (command.optionsFirst) flagsAllowed = false;
    }
  }
  return { path, command, flags, pending, positionals, flagsAllowed, roots };
}

export function isGroup(path: readonly string[]): boolean {
  return path.length === 1 && Object.hasOwn(groups, path[0] as string);
}

async function commandAt(path: readonly string[]): Promise<Command | undefined> {
  const typed = path.join(' ');
  const real = Object.hasOwn(aliases, typed) ? (aliases[typed] as string) : typed;
  return Object.hasOwn(verbs, real) ? verbs[real]?.load() : undefined;
}

/** The long name of the flag of `--name` or `-abc` whose value is the next word. */
function openFlag(word: string, flags: FlagSet): string | undefined {
  if (word.startsWith('--')) {
    const long = findLong(flags, word.slice(2));
    return long !== undefined && !isSwitch(flags[long] as Flag) ? long : undefined;
  }
  const letters = [...word.slice(1)];
  for (const [index, letter] of letters.entries()) {
    const long = Object.keys(flags).find((name) => flags[name]?.short === letter);
    if (long === undefined) return undefined;
    if (!isSwitch(flags[long] as Flag)) return index === letters.length - 1 ? long : undefined;
  }
  return undefined;
}

export function findLong(flags: FlagSet, name: string): string | undefined {
  if (Object.hasOwn(flags, name)) return name;
  return Object.keys(flags).find((long) => flags[long]?.aliases?.includes(name));
}
