import type { NamedThing, NameKind, StoreRoots } from '../../engine/name-list.ts';
import type { Flag } from '../flags.ts';
import { aliases, firstNameOf, groups, verbs } from '../registry.ts';
import { states } from './states.ts';
import { type CompletionKind, type Place, placeOf, takesRootfs } from './usage.ts';
import { flagValues } from './values.ts';
import { findLong, isGroup, type Position, walk } from './walk.ts';

export interface Candidate {
  readonly word: string;
  readonly description?: string;
}

/** What the shell does beside offering the candidates: the bits of cobra's ShellCompDirective. */
export const directives = { files: 0, noSpace: 2, noFiles: 4, directories: 16 } as const;

export interface Completions {
  readonly candidates: readonly Candidate[];
  readonly directive: number;
}

export type ListNames = (kinds: readonly NameKind[], roots: StoreRoots) => Promise<readonly NamedThing[]>;

/** What may stand in place of the last of `words`, of which shells show what begins as it does. */
export async function complete(words: readonly string[], listNames: ListNames): Promise<Completions> {
  const typed = words.at(-1) ?? '';
  const position = await walk(words.slice(0, -1));
  const { pending, flagsAllowed, flags } = position;
  const ofFlag = (long: string | undefined, value: string) => valuesOf(long, value, position, listNames);
  if (pending !== undefined) return ofFlag(pending, typed);
  const [, name, value] = /^--([^=]+)=(.*)$/s.exec(typed) ?? [];
  if (flagsAllowed && name !== undefined) return ofFlag(findLong(flags, name), value as string);
  if (flagsAllowed && typed.startsWith('-')) return beginningWith(typed, flagNames(position));
  if (position.command === undefined) return beginningWith(typed, verbNames(position));
  return argument(position, position.command.usage, typed, listNames);
}

function argument(
  position: Position,
  usage: string,
  typed: string,
  listNames: ListNames,
): Promise<Completions> {
  const place = placeOf(usage, position.positionals.length);
  const kinds = takesRootfs(usage)
    ? place.kinds.map((kind) => (kind === 'image' ? 'rootfs' : kind))
    : place.kinds;
  return namesOf({ ...place, kinds }, typed, position, listNames);
}

async function valuesOf(
  long: string | undefined,
  typed: string,
  position: Position,
  listNames: ListNames,
): Promise<Completions> {
  const flag = long === undefined ? undefined : position.flags[long];
  const entries = flagValues[`${firstNameOf(position.path.join(' '))} --${long}`] ?? flagValues[long ?? ''];
  if (flag === undefined || entries === undefined) return { candidates: [], directive: directives.files };
  // What stands before the last comma of a list is said already.
  const before = flag.kind === 'list' ? typed.slice(0, typed.lastIndexOf(',') + 1) : '';
  const rest = typed.slice(before.length);
  const found = await Promise.all(
    entries.map((entry) => {
      const [, prefix = entry, name, suffix = ''] = /^(.*)<([a-z]+)>(:?)$/.exec(entry) ?? [];
      const head = /^[^=:]*[=:]/.exec(prefix)?.[0] ?? '';
      const isOpen = !rest.startsWith(head);
      if (isOpen)
        return { candidates: head.startsWith(rest) ? [{ word: head }] : [], directive: directives.noFiles };
      const place = { kinds: name === undefined ? [] : [name as CompletionKind], suffix, words: [] };
      if (name !== undefined) return namesOf(place, rest.slice(prefix.length), position, listNames, prefix);
      return beginningWith(rest, entry === head ? [] : [{ word: entry }]);
    }),
  );
  const words = new Map(found.flatMap(({ candidates }) => candidates.map((each) => [each.word, each])));
  const files = found.find(({ directive }) => (directive & directives.noFiles) === 0);
  const candidates = [...words.values()].map((each) => ({ ...each, word: before + each.word }));
  return { candidates, directive: (files?.directive ?? directives.noFiles) | goesOn(candidates) };
}

async function namesOf(
  { kinds, suffix, words }: Place,
  typed: string,
  position: Position,
  listNames: ListNames,
  prefix = '',
): Promise<Completions> {
  const directive = kinds.includes('file')
    ? directives.files
    : kinds.includes('directory')
      ? directives.directories
      : directives.noFiles;
  const stored = [...new Set(kinds.flatMap(storedKind))];
  const things = stored.length === 0 ? [] : await listNames(stored, position.roots);
  const wanted = states[position.path.at(-1) ?? ''];
  const candidates: Candidate[] = words.map((word) => ({ word }));
  if (kinds.includes('rootfs'))
    candidates.push({ word: 'host', description: 'the programs of this machine' });
  for (const { kind, name, id, state } of things) {
    if (kind === 'container' && wanted && state && !wanted.includes(state)) continue;
    const said =
      position.positionals.includes(name) || (id !== undefined && position.positionals.includes(id));
    if (said) continue;
    const description = [kind, state].filter(Boolean).join(', ');
    // Most people know things by their names: ids are for those who have begun to type one.
    if (id !== undefined && typed !== '' && !name.startsWith(typed))
      candidates.push({ word: id.slice(0, 12) + suffix, description: name || description });
    if (name !== '') candidates.push({ word: name + suffix, description });
  }
  const fitting = candidates
    .filter(({ word }) => word.startsWith(typed))
    .map((each) => ({ ...each, word: prefix + each.word }));
  return { candidates: fitting, directive: directive | goesOn(fitting) };
}

/** No space behind what still wants something. */
function goesOn(candidates: readonly Candidate[]): number {
  const all = candidates.length > 0 && candidates.every(({ word }) => /[=:,.]$|^table $/.test(word));
  return all ? directives.noSpace : 0;
}

function storedKind(kind: CompletionKind): NameKind[] {
  if (kind === 'file' || kind === 'directory') return [];
  return [kind === 'rootfs' ? 'image' : kind];
}

function beginningWith(typed: string, all: readonly Candidate[]): Completions {
  return { candidates: all.filter(({ word }) => word.startsWith(typed)), directive: directives.noFiles };
}

function flagNames({ flags }: Position): Candidate[] {
  return Object.keys(flags)
    .sort()
    .map((long) => ({ word: `--${long}`, description: (flags[long] as Flag).help }))
    .concat({ word: '--help', description: 'Show what this command does' });
}

function verbNames({ path }: Position): Candidate[] {
  if (path.length > 0 && !isGroup(path)) return [];
  const prefix = path.length === 0 ? '' : `${path[0]} `;
  const depth = path.length + 1;
  const own = Object.entries(verbs).filter(([, verb]) => !verb.hidden);
  const others = Object.entries(aliases).map(([alias, real]) => [alias, verbs[real]] as const);
  const below = [...own, ...others]
    .filter(([name]) => name.startsWith(prefix) && name.split(' ').length === depth)
    .map(([name, verb]) => ({ word: name.slice(prefix.length), description: verb?.summary ?? '' }));
  if (path.length > 0) return below;
  const leading = Object.entries(groups).map(([word, { summary }]) => ({ word, description: summary }));
  return [...leading, ...below, { word: 'help', description: 'Show what a command does' }];
}
