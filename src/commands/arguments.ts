import { PeapodError } from '../errors.ts';
import type { ArgumentRule } from './command.ts';

/** `podman ps` takes no arguments, and its words for it. */
export const noArguments: ArgumentRule = (args, command) => {
  if (args.length > 0) throw wrongArguments(`\`${command}\` takes no arguments`, command);
};

export function exactly(count: number): ArgumentRule {
  return (args, command) => {
    if (args.length !== count)
      throw wrongArguments(`accepts ${count} arg(s), received ${args.length}`, command);
  };
}

export function atMost(count: number): ArgumentRule {
  return (args, command) => {
    if (args.length > count)
      throw wrongArguments(`accepts at most ${count} arg(s), received ${args.length}`, command);
  };
}

export function atLeast(count: number): ArgumentRule {
  return (args, command) => {
    if (args.length < count)
      throw wrongArguments(`requires at least ${count} arg(s), only received ${args.length}`, command);
  };
}

export function between(least: number, most: number): ArgumentRule {
  return (args, command) => {
    if (args.length < least || args.length > most)
      throw wrongArguments(`accepts between ${least} and ${most} arg(s), received ${args.length}`, command);
  };
}

/** The command looks itself, because flags such as `--all` decide. */
export const anyArguments: ArgumentRule = () => {};

export function wrongArguments(message: string, command: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', message, { hint: `See '${command} --help'` });
}
