import { PeapodError } from '../../errors.ts';

/** `template: ps:1: unexpected …`: how Go words an error found while parsing. */
export function templateError(name: string, source: string, offset: number, what: string): PeapodError {
  const line = source.slice(0, offset).split('\n').length;
  return new PeapodError('INVALID_ARGUMENT', `template: ${name}:${line}: ${what}`, { hint: syntaxHint });
}

const syntaxHint = "--format takes 'json' or a Go template such as '{{.ID}} {{.Names}}'";

export interface Place {
  readonly start: number;
  readonly end: number;
  /** Go reports `.A.B` at `.B`. */
  readonly reportAt?: number;
}

/** `template: ps:1:2: executing "ps" at <.Foo>: …`: how Go words an error found while executing. */
export function executionError(
  name: string,
  source: string,
  place: Place,
  what: string,
  hint?: string | undefined,
): PeapodError {
  const offset = place.reportAt ?? place.start;
  const before = source.slice(0, offset);
  const line = before.split('\n').length;
  const column = offset - (before.lastIndexOf('\n') + 1);
  const shown = source.slice(place.start, place.end);
  return new PeapodError(
    'INVALID_ARGUMENT',
    `template: ${name}:${line}:${column}: executing "${name}" at <${shown}>: ${what}`,
    hint === undefined ? {} : { hint },
  );
}
