/**
 * What a flag of the command line is, and what its value becomes. The grammar is that of pflag (podman's
 * parser): see parse-flags.ts.
 */
export type FlagKind = 'bool' | 'optionalBool' | 'string' | 'array' | 'list' | 'int' | 'uint';

export interface Flag {
  /**
   * `bool` is false where absent, `optionalBool` undefined. `array` keeps each occurrence as it is typed,
   * `list` also splits at commas (quotes protect them). `int` and `uint` are whole numbers.
   */
  readonly kind: FlagKind;
  /** One letter. */
  readonly short?: string;
  /** Other long spellings that podman takes for the same flag. */
  readonly aliases?: readonly string[];
  readonly help: string;
  /** What help shows for the value; by default the kind. */
  readonly value?: string;
  /** Shown by help only: commands apply their defaults themselves. */
  readonly default?: string;
}

/** By long name. */
export type FlagSet = Readonly<Record<string, Flag>>;

type ValueOf<F extends Flag> = F['kind'] extends 'bool'
  ? boolean
  : F['kind'] extends 'optionalBool'
    ? boolean | undefined
    : F['kind'] extends 'array' | 'list'
      ? readonly string[]
      : F['kind'] extends 'int' | 'uint'
        ? number | undefined
        : string | undefined;

export type FlagValues<F extends FlagSet> = { readonly [K in keyof F]: ValueOf<F[K]> };

type Extras = Omit<Flag, 'kind' | 'help'>;
type Made<K extends FlagKind> = Flag & { readonly kind: K };

function maker<K extends FlagKind>(kind: K) {
  return (help: string, extras: Extras = {}): Made<K> => ({ kind, help, ...extras });
}

export const bool = maker('bool');
export const optionalBool = maker('optionalBool');
export const string = maker('string');
export const array = maker('array');
export const list = maker('list');
export const int = maker('int');
export const uint = maker('uint');

/** How an error or a help text names a flag: `-n, --last`. */
export function flagName(long: string, flag: Flag): string {
  return flag.short === undefined ? `--${long}` : `-${flag.short}, --${long}`;
}
