import { type ErrorCode, isPeapodError, messageOf, PeapodError } from '../errors.ts';

/** How a process of its own tells its parent what went wrong: one line of JSON, the last on standard error. */
interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** Runs the work of an internal verb; returns its exit code. */
export async function reporting(work: () => Promise<void> | void): Promise<number> {
  try {
    await work();
    return 0;
  } catch (error) {
    const known = isPeapodError(error);
    const failure: Failure = {
      code: known ? error.code : 'COMMAND_FAILED',
      message: messageOf(error),
      hint: known ? error.hint : undefined,
    };
    process.stderr.write(`${JSON.stringify(failure)}\n`);
    return 1;
  }
}

/** The parent's side; undefined where all went well. */
export function failureOf(result: {
  readonly exitCode: number;
  readonly stderr: string;
}): PeapodError | undefined {
  if (result.exitCode === 0) return undefined;
  const line = result.stderr.trim().split('\n').at(-1) ?? '';
  try {
    const { code, message, hint } = JSON.parse(line) as Failure;
    return new PeapodError(code as ErrorCode, message, hint === undefined ? {} : { hint });
  } catch {
    return new PeapodError('COMMAND_FAILED', line || `a helper of peapod ended with ${result.exitCode}`);
  }
}
