import type { SplitCommand } from '../engine/requests.ts';
import { isSwitch } from './flag-values.ts';
import type { Flag, FlagSet } from './flags.ts';
import { globalFlags, topFlags } from './global-flags.ts';
import { parseFlags } from './parse-flags.ts';
import { podCreate } from './pod-create.ts';
import { create, run } from './run.ts';

/** The words that made a container or pod, sorted: what stands before the verb, its flags one by one, the rest. */
export const splitCreateCommand: SplitCommand = (words) => {
  const [, ...typed] = words;
  const top = parseFlags(typed, topFlags, { command: 'peapod', optionsFirst: true });
  const globals = typed.slice(0, typed.length - top.args.length);
  const path = top.args[0] === 'container' ? top.args.slice(1) : top.args;
  const isPod = path[0] === 'pod' && path[1] === 'create';
  if (!isPod && path[0] !== 'run' && path[0] !== 'create') return undefined;
  const below = path.slice(isPod ? 2 : 1);
  const flags: FlagSet = { ...globalFlags, ...(isPod ? podCreate.flags : { ...create.flags, ...run.flags }) };
  const parsed = parseFlags(below, flags, { command: 'peapod', optionsFirst: true });
  const flagWords = below.slice(0, below.length - parsed.args.length);
  return {
    verb: isPod ? 'pod create' : 'run',
    globals,
    flags: eachFlag(flagWords, flags),
    rest: parsed.args,
    detached: !isPod && (parsed.values as { detach?: boolean }).detach === true,
  };
};

/** Each flag with its value, as it was typed. A cluster of letters (`-dit`) is one. */
function eachFlag(words: readonly string[], flags: FlagSet): { flag: string; words: string[] }[] {
  const found: { flag: string; words: string[] }[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] as string;
    const taken = [word];
    const { name, needsValue } = word.startsWith('--') ? longFlag(word, flags) : shortFlags(word, flags);
    if (needsValue && index + 1 < words.length) taken.push(words[++index] as string);
    found.push({ flag: name, words: taken });
  }
  return found;
}

function longFlag(word: string, flags: FlagSet): { name: string; needsValue: boolean } {
  const [name = ''] = word.slice(2).split('=');
  const [long, flag] =
    Object.entries(flags).find(([key, each]) => key === name || each.aliases?.includes(name)) ?? [];
  return {
    name: `--${long ?? name}`,
    needsValue: flag !== undefined && !isSwitch(flag) && !word.includes('='),
  };
}

function shortFlags(word: string, flags: FlagSet): { name: string; needsValue: boolean } {
  const of = (letter: string): Flag | undefined => Object.values(flags).find(({ short }) => short === letter);
  const letters = [...word.slice(1)];
  // The first letter that takes a value takes the rest of the word, or the next word.
  const at = letters.findIndex((letter) => {
    const flag = of(letter);
    return flag !== undefined && !isSwitch(flag);
  });
  return { name: word.slice(0, 2), needsValue: at >= 0 && at === letters.length - 1 };
}
