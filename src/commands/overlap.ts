import { isPeapodError } from '../errors.ts';
import type { Call } from './command.ts';
import { exitCodeOf } from './report-error.ts';

export interface OverlapOptions {
  /** At most so many run at the same time; 1 where the order matters. */
  readonly limit?: number;
  /** A name that does not exist is no error. */
  readonly ignoreMissing?: boolean;
  /** Exit codes that a verb has for an error's code; where errors differ, the largest wins. */
  readonly exitCodes?: Readonly<Record<string, number>>;
}

const defaultLimit = 8;

/**
 * Does something for several names at once, but prints in the order of the names: what `work` returns on
 * standard output (nothing where undefined), its error on standard error. One failure stops no other.
 * Returns the exit code.
 */
export async function overlap(
  call: Pick<Call, 'stdout' | 'report'>,
  names: readonly string[],
  work: (name: string) => Promise<string | undefined>,
  options: OverlapOptions = {},
): Promise<number> {
  const limit = options.limit ?? defaultLimit;
  const results: Promise<{ text?: string | undefined; error?: unknown }>[] = [];
  const running = new Set<Promise<unknown>>();
  let code = 0;
  let printed = 0;
  const print = async (upTo: number) => {
    for (; printed < upTo; printed++) {
      const { text, error } = await (results[printed] as (typeof results)[number]);
      if (error === undefined) {
        if (text !== undefined) call.stdout.line(text);
      } else if (!(options.ignoreMissing && isPeapodError(error, 'NOT_FOUND'))) {
        call.report(error);
        code = Math.max(code, exitCodeFor(error, options.exitCodes));
      }
    }
  };
  for (const name of names) {
    const result = work(name).then(
      (text) => ({ text }),
      (error: unknown) => ({ error: error ?? new Error('unknown error') }),
    );
    results.push(result);
    running.add(result);
    void result.then(() => running.delete(result));
    if (limit === 1) await print(results.length);
    else if (running.size >= limit) await Promise.race(running);
  }
  await print(results.length);
  return code;
}

function exitCodeFor(error: unknown, codes: Readonly<Record<string, number>> = {}): number {
  const own = isPeapodError(error) ? codes[error.code] : undefined;
  return own ?? exitCodeOf(error);
}
