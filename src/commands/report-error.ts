import { messageOf, PeapodError } from '../errors.ts';
import { BrokenPipe, type Output } from './output.ts';

/** 141 is what a shell reports for a program that a broken pipe ended. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof PeapodError) return error.exitCode;
  return error instanceof BrokenPipe ? 141 : 125;
}

/** `Error: …` and the hint; with `debug` also the stacks of the error and its causes. */
export function printError(error: unknown, stderr: Output, debug: boolean): void {
  stderr.line(`Error: ${messageOf(error)}`);
  if (error instanceof PeapodError && error.hint !== undefined) stderr.line(`hint: ${error.hint}`);
  if (!debug) return;
  for (let at = error; at instanceof Error; at = at.cause) stderr.line(at.stack ?? String(at));
}
