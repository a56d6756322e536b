import { readFileSync } from 'node:fs';
import type { Filters } from '../engine/filters.ts';
import { messageOf, PeapodError } from '../errors.ts';
import { wrongArguments } from './arguments.ts';

export interface TargetOptions {
  readonly command: string;
  readonly names: readonly string[];
  readonly all?: boolean;
  readonly latest?: boolean;
  /** Files that hold one id each. */
  readonly idFiles?: readonly string[];
  /** `--filter`, as typed. */
  readonly filters?: readonly string[];
  /** What an error says where nothing was named. */
  readonly missing?: string;
  list(filters?: Filters): Promise<readonly { id: string; createdAtMs: number }[]>;
}

/** The names a command works on: those typed, those in files, or the ids of those that flags choose. */
export async function targets(options: TargetOptions): Promise<string[]> {
  const { command, names, all = false, latest = false, idFiles = [], filters = [] } = options;
  if (all || latest || filters.length > 0) {
    const flag = all ? '--all' : latest ? '--latest' : '--filter';
    if (names.length > 0) throw wrongArguments(`no arguments are needed with ${flag}`, command);
    if (all && latest) throw wrongArguments('--all and --latest cannot be used together', command);
    const found = await options.list(filters.length > 0 ? parseFilters(filters) : undefined);
    if (!latest) return found.map(({ id }) => id);
    const [first, ...others] = found;
    if (first === undefined) throw new PeapodError('NOT_FOUND', 'there is no latest one: nothing exists');
    return [others.reduce((newest, one) => (one.createdAtMs >= newest.createdAtMs ? one : newest), first).id];
  }
  const chosen = [...names, ...idFiles.map(readId)];
  if (chosen.length === 0)
    throw wrongArguments(options.missing ?? 'you must provide at least one name or id', command);
  return chosen;
}

/** The id in a file that `--cidfile` or `--pod-id-file` wrote. */
export function readId(path: string): string {
  const hint = 'give the file that --cidfile or --pod-id-file wrote when it was made';
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new PeapodError('INVALID_ARGUMENT', `cannot read the id file: ${messageOf(cause)}`, {
      hint,
      cause,
    });
  }
  const id = text.split('\n')[0]?.trim() ?? '';
  if (id === '') throw new PeapodError('INVALID_ARGUMENT', `the id file ${path} is empty`, { hint });
  return id;
}

/** `key=value`, several of one key are alternatives. Which keys exist is the engine's to say. */
export function parseFilters(typed: readonly string[]): Filters {
  const filters: Record<string, string[]> = Object.create(null);
  for (const filter of typed) {
    const equals = filter.indexOf('=');
    if (equals <= 0)
      throw new PeapodError('INVALID_ARGUMENT', `invalid filter "${filter}"`, {
        hint: 'a filter is written KEY=VALUE, for example --filter name=web',
      });
    const key = filter.slice(0, equals);
    filters[key] ??= [];
    filters[key].push(filter.slice(equals + 1));
  }
  return filters;
}
