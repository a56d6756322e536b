import type { Engine } from '../engine/engine.ts';
import type { FlagSet, FlagValues } from './flags.ts';
import type { Output } from './output.ts';

/** A verb: what help shows of it, what it takes, what it does. One per file, or a few of one kind. */
export interface Command<F extends FlagSet = FlagSet> {
  /** Behind the verb's name: `[options] POD [POD...]`. */
  readonly usage: string;
  /** More than the one line of the registry, where one line is not enough. */
  readonly description?: string;
  /** Without the leading `peapod `. */
  readonly examples?: readonly string[];
  readonly flags: F;
  /** Everything from the first positional on is the container's: `run IMAGE ls -l`. */
  readonly optionsFirst?: boolean;
  /** Throws INVALID_ARGUMENT where the number of arguments is wrong. See arguments.ts. */
  readonly args: ArgumentRule;
  /** Returns the exit code. */
  run(call: Call<F>): Promise<number>;
}

export type ArgumentRule = (args: readonly string[], command: string) => void;

export interface TerminalLook {
  /** False where the user has asked for none (https://no-color.org/) or it can show none. */
  readonly colour: boolean;
}

/** One use of a command. */
export interface Call<F extends FlagSet = FlagSet> {
  /** As typed, aliases and all: `peapod container ls`. */
  readonly command: string;
  readonly values: FlagValues<F>;
  readonly args: readonly string[];
  readonly stdout: Output;
  readonly stderr: Output;
  /** Opens it at the first call. */
  engine(): Promise<Engine>;
  /** Milliseconds since the epoch: what `3 minutes ago` counts from. */
  nowMs(): number;
  /** What standard output is shown on; undefined where that is no terminal. */
  terminal(): Promise<TerminalLook | undefined>;
  /** Prints an error as the last one of a command would be, and goes on. */
  report(error: unknown): void;
}

/** Keeps the types of the flags between `flags` and `run`. */
export function command<F extends FlagSet>(definition: Command<F>): Command {
  return definition as unknown as Command;
}
