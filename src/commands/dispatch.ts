import type { Engine } from '../engine/engine.ts';
import { PeapodError } from '../errors.ts';
import type { Call, Command, TerminalLook } from './command.ts';
import type { ListNames } from './completion/complete.ts';
import { emptyValues } from './flag-values.ts';
import type { FlagSet, FlagValues } from './flags.ts';
import { type GlobalOptions, globalFlags, globalOptions, topFlags } from './global-flags.ts';
import { BrokenPipe, type Output } from './output.ts';
import type { Parsed, ParseOptions } from './parse-flags.ts';
import { aliases, groups, verbs, verbsBelow } from './registry.ts';
import { exitCodeOf, printError } from './report-error.ts';
import { nearest } from './suggest.ts';

export interface Surroundings {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly version: string;
  nowMs(): number;
  openEngine(options: GlobalOptions): Promise<Engine>;
  /** What is called how, for shells to complete. By default nothing is. */
  listNames?: ListNames;
  /** By default there is none. */
  terminal?(): Promise<TerminalLook | undefined>;
}

/** What is known by now of how errors are to be told. */
interface State {
  debug: boolean;
  command: string | undefined;
}

/**
 * One command line, from its words to the exit code. Loads the named verb and nothing of the others; opens
 * the engine only where the verb asks for it, and closes it. Never throws.
 */
export async function dispatch(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const state: State = { debug: false, command: undefined };
  const report = (error: unknown) => printError(error, surroundings.stderr, state.debug, state.command);
  let code: number;
  try {
    code = await perform(argv, surroundings, report, state);
  } catch (error) {
    code = exitCodeOf(error);
    if (!(error instanceof BrokenPipe)) report(error);
  }
  surroundings.stdout.flush();
  surroundings.stderr.flush();
  return code;
}

async function perform(
  argv: readonly string[],
  surroundings: Surroundings,
  report: (error: unknown) => void,
  state: State,
): Promise<number> {
  const { stdout, stderr } = surroundings;
  if (argv[0] === '__complete' || argv[0] === '__completeNoDesc') {
    const { answer } = await import('./completion/answer.ts');
    const listNames = surroundings.listNames ?? (async () => []);
    return answer(argv.slice(1), argv[0] === '__complete', stdout, listNames);
  }
  const top = await parse('', argv, topFlags, { command: 'peapod', optionsFirst: true });
  if (top.values.version) {
    stdout.line(`peapod version ${surroundings.version}`);
    return 0;
  }
  let words = top.args;
  const help = top.help || words[0] === 'help';
  if (words[0] === 'help') words = words.slice(1);

  const [first, second] = words as [string?, string?];
  if (first === undefined || Object.hasOwn(groups, first)) {
    const path = [first ?? [], second ?? []].flat().join(' ');
    const known = path !== '' && resolve(path) !== undefined;
    if (!known && (second === undefined || second.startsWith('-') || help))
      return groupHelp(first ?? '', second, help, surroundings);
  }
  const length = Object.hasOwn(groups, first as string) ? 2 : 1;
  const path = words.slice(0, length).join(' ');
  const entry = resolve(path);
  if (entry === undefined) throw await unrecognized(path, length === 2 ? (first as string) : '', words);

  state.command = `peapod ${path}`;
  const command = await entry.verb.load();
  const parsed = await parse(
    entry.path,
    words.slice(length),
    { ...globalFlags, ...command.flags },
    { command: `peapod ${path}`, optionsFirst: command.optionsFirst ?? false },
  );
  if (help || parsed.help) {
    const { commandHelp } = await import('./help.ts');
    stdout.write(commandHelp(path, entry.path, entry.verb, command));
    return 0;
  }
  const options = globalOptions(top.values, parsed.values);
  state.debug = options.logLevel === 'debug' || options.logLevel === 'trace';
  return await runCommand(command, `peapod ${path}`, parsed, options, surroundings, report, stderr);
}

/**
 * As parseFlags, whose commander takes 2.5 ms to load: where no word can be an option there is nothing to parse.
 * What podman has and peapod has not is refused with the reason.
 */
async function parse<F extends FlagSet>(
  path: string,
  words: readonly string[],
  flags: F,
  options: ParseOptions,
): Promise<Parsed<F>> {
  const candidates = options.optionsFirst ? words.slice(0, 1) : words;
  if (!candidates.some((word) => word.startsWith('-'))) {
    return { values: emptyValues(flags) as FlagValues<F>, args: words, help: false };
  }
  const { parseFlags, UnknownFlag } = await import('./parse-flags.ts');
  try {
    return parseFlags(words, flags, options);
  } catch (error) {
    if (!(error instanceof UnknownFlag)) throw error;
    const { whyNoFlag, flagNotHere } = await import('./podman/refuse.ts');
    // Options of podman itself may stand behind its verbs, too.
    const why = whyNoFlag(path, error.flag) ?? whyNoFlag('', error.flag);
    throw why === undefined ? error : flagNotHere(error.flag, options.command, why);
  }
}

async function runCommand(
  command: Command,
  path: string,
  parsed: { values: Call<FlagSet>['values']; args: readonly string[] },
  options: GlobalOptions,
  surroundings: Surroundings,
  report: (error: unknown) => void,
  stderr: Output,
): Promise<number> {
  command.args(parsed.args, path);
  let opened: Promise<Engine> | undefined;
  const call: Call = {
    command: path,
    values: parsed.values,
    args: parsed.args,
    stdout: surroundings.stdout,
    stderr,
    nowMs: surroundings.nowMs,
    terminal: async () => surroundings.terminal?.(),
    report,
    engine: () => {
      opened ??= surroundings.openEngine(options);
      return opened;
    },
  };
  try {
    return await command.run(call);
  } finally {
    // Where opening failed there is nothing to close, and the command has thrown that error already.
    const engine = await (opened as Promise<Engine> | undefined)?.catch(() => undefined);
    engine?.close();
  }
}

function resolve(path: string) {
  const real = Object.hasOwn(aliases, path) ? (aliases[path] as string) : path;
  return Object.hasOwn(verbs, real) ? { path: real, verb: verbs[real] as (typeof verbs)[string] } : undefined;
}

async function groupHelp(
  group: string,
  below: string | undefined,
  wanted: boolean,
  { stdout, stderr }: Surroundings,
): Promise<number> {
  const asked = wanted || below === '--help' || below === '-h';
  if (below !== undefined && !asked) {
    const { parseFlags } = await import('./parse-flags.ts');
    parseFlags([below], globalFlags, { command: `peapod ${group}`, optionsFirst: true });
  }
  const { topHelp, groupHelp: textOf } = await import('./help.ts');
  const text = group === '' ? topHelp() : textOf(group);
  if (asked) {
    stdout.write(text);
    return 0;
  }
  stderr.write(text);
  throw new PeapodError(
    'INVALID_ARGUMENT',
    `missing command '${['peapod', group].join(' ').trim()} COMMAND'`,
  );
}

async function unrecognized(path: string, group: string, words: readonly string[]): Promise<PeapodError> {
  const { whyNoVerb, verbNotHere } = await import('./podman/refuse.ts');
  const why = whyNoVerb(words.slice(0, 3).join(' '));
  if (why !== undefined) return verbNotHere(path, why);
  const typed = path.slice(group === '' ? 0 : group.length + 1);
  const below = [
    ...verbsBelow(group),
    ...Object.keys(aliases).filter((a) => group && a.startsWith(`${group} `)),
  ]
    .map((known) => known.slice(group === '' ? 0 : group.length + 1))
    .concat(group === '' ? Object.keys(groups) : []);
  const near = nearest(typed, below).map((name) => `'peapod ${group === '' ? '' : `${group} `}${name}'`);
  return new PeapodError('INVALID_ARGUMENT', `unrecognized command \`peapod ${path}\``, {
    hint: `${near.length === 0 ? '' : `did you mean ${near.join(' or ')}? `}Try '${['peapod', group].join(' ').trim()} --help'`,
  });
}
