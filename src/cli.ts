import type { TerminalLook } from './commands/command.ts';
import { descriptorOutput } from './commands/output.ts';
import { exitCodeOf, printError } from './commands/report-error.ts';
import { version } from './version.ts';

/** The entry: runs a command line or an internal process, and is the only place that ends the process. */
process.exit(await run(process.argv.slice(2)));

async function run(argv: readonly string[]): Promise<number> {
  const stdout = descriptorOutput(1, true);
  const stderr = descriptorOutput(2, false, stdout);
  const [verb, name, ...rest] = argv;
  if (verb === 'internal' && name !== undefined) {
    const { internalVerbs } = await import('./internal.ts');
    const load = Object.hasOwn(internalVerbs, name) ? internalVerbs[name] : undefined;
    if (load !== undefined) {
      try {
        return await (await load())(rest);
      } catch (error) {
        printError(error, stderr, true);
        return exitCodeOf(error);
      }
    }
  }
  const { dispatch } = await import('./commands/dispatch.ts');
  return dispatch(argv, {
    stdout,
    stderr,
    version,
    nowMs: Date.now,
    terminal: lookAtTerminal,
    listNames: async (kinds, roots) => (await import('./engine/name-list.ts')).listNames(kinds, roots),
    openEngine: async (options) => (await import('./main.ts')).openEngine(options),
  });
}

async function lookAtTerminal(): Promise<TerminalLook | undefined> {
  const [{ isTerminal }, { readHostFacts }] = await Promise.all([
    import('./host/terminal.ts'),
    import('./host/facts.ts'),
  ]);
  if (!isTerminal(1)) return undefined;
  const { NO_COLOR, TERM } = readHostFacts().env;
  return { colour: !NO_COLOR && TERM !== undefined && TERM !== 'dumb' };
}
