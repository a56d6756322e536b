import { PeapodError } from '../errors.ts';

/** `--filter key=value`, several values of a key are alternatives, as podman has them. */
export type Filters = Readonly<Record<string, readonly string[]>>;

export type Matchers<View> = Readonly<Record<string, (view: View, value: string) => boolean>>;

export interface SelectOptions {
  /** What the error says of a key that there is none of. */
  readonly unknown: (key: string) => string;
  /** Keys whose values must all match. */
  readonly all?: readonly string[];
}

/** Different keys must all match, of one key's values any. Throws INVALID_ARGUMENT. */
export function selectBy<View>(
  views: readonly View[],
  filters: Filters,
  matchers: Matchers<View>,
  { unknown, all = [] }: SelectOptions,
): View[] {
  let left = [...views];
  for (const [key, values] of Object.entries(filters)) {
    const matches = Object.hasOwn(matchers, key) ? matchers[key] : undefined;
    if (!matches) {
      throw new PeapodError('INVALID_ARGUMENT', unknown(key), {
        hint: `filters here: ${Object.keys(matchers).join(', ')}`,
      });
    }
    left = left.filter((view) =>
      all.includes(key)
        ? values.every((value) => matches(view, value))
        : values.some((value) => matches(view, value)),
    );
  }
  return left;
}

/** The value of `--filter dangling=…`. Throws INVALID_ARGUMENT. */
export function readSwitch(value: string): boolean {
  if (/^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw new PeapodError('INVALID_ARGUMENT', `invalid dangling value "${value}": must be true or false`);
}
