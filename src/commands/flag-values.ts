import type { PeapodError } from '../errors.ts';
import { type Flag, type FlagSet, flagName } from './flags.ts';

/** Values by long name while a command line is read. */
export type ValueStore = Record<string, boolean | number | string | string[] | undefined>;

export function emptyValues(flags: FlagSet): ValueStore {
  const values: ValueStore = {};
  for (const [long, flag] of Object.entries(flags)) {
    if (flag.kind === 'bool') values[long] = false;
    else if (flag.kind === 'array' || flag.kind === 'list') values[long] = [];
    else values[long] = undefined;
  }
  return values;
}

export function isSwitch(flag: Flag): boolean {
  return flag.kind === 'bool' || flag.kind === 'optionalBool';
}

/** Adds one occurrence of a flag. Throws what `misuse` makes of the reason, in podman's words. */
export function storeValue(
  values: ValueStore,
  long: string,
  flag: Flag,
  text: string,
  misuse: (message: string) => PeapodError,
): void {
  const refuse = (why: string) =>
    misuse(`invalid argument "${text}" for "${flagName(long, flag)}" flag: ${why}`);
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
