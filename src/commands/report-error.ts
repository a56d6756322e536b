import { type ErrorCode, messageOf, PeapodError } from '../errors.ts';
import { BrokenPipe, type Output } from './output.ts';

/** 141 is what a shell reports for a program that a broken pipe ended. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof PeapodError) return error.exitCode;
  return error instanceof BrokenPipe ? 141 : 125;
}

/** For errors that know no better way on. */
const generalHints: Readonly<Partial<Record<ErrorCode, string>>> = {
  BUSY: 'try again when the other command has ended',
  COMMAND_FAILED: '--log-level debug shows each step and each command',
  HOST_UNFIT: "'peapod doctor' names what stands in the way",
  INTERNAL:
    "this should not happen: --log-level debug shows where, 'peapod system check' whether anything is left",
  NETWORK_DRIFT: "'peapod network reload' puts back what is missing",
};

/** `Error: …` and the hint; with `debug` also the stacks of the error and its causes. `command` is what was typed. */
export function printError(error: unknown, stderr: Output, debug: boolean, command?: string): void {
  stderr.line(`Error: ${messageOf(error)}`);
  const hint =
    error instanceof PeapodError ? (error.hint ?? generalHint(error.code, debug, command)) : undefined;
  if (hint !== undefined) stderr.line(`hint: ${hint}`);
  if (!debug) return;
  for (let at = error; at instanceof Error; at = at.cause) stderr.line(at.stack ?? String(at));
}

function generalHint(code: ErrorCode, debug: boolean, command: string | undefined): string | undefined {
  if (code === 'INVALID_ARGUMENT' && command !== undefined) return `See '${command} --help'`;
  return debug ? undefined : generalHints[code];
}
