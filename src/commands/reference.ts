import type { Command } from './command.ts';
import type { Flag } from './flags.ts';
import { topFlags } from './global-flags.ts';
import { flagSyntax, flagText } from './help.ts';
import { aliases, verbs } from './registry.ts';
import type { Verb } from './verb.ts';

/** docs/cli.md, from the definitions: a test keeps the file true. */
export async function reference(): Promise<string> {
  const lines = [
    '# Command line reference',
    '',
    'Generated from the definitions in `src/commands/`; `peapod COMMAND --help` prints the same.',
    '',
    'Options may stand anywhere before `--`, but for `run`, `create` and `exec`: there everything from the image or',
    'container on belongs to the command that is run. `--flag=false` unsets a switch. Errors are one line',
    '`Error: …` on standard error, often with a `hint: …` below it. Exit codes: 125 for failures of peapod, 126 for',
    "a container's command that cannot be executed, 127 for one that is not found, else the command's own.",
    '',
    '## Options of every command',
    '',
    ...flagTable(topFlags),
  ];
  const byGroup = Map.groupBy(Object.entries(verbs), ([, { group }]) => group);
  for (const [group, entries] of byGroup) {
    lines.push('', `## ${group}`);
    for (const [path, verb] of entries) {
      if (verb.hidden || isRepeated(path, verb)) continue;
      lines.push('', ...section(path, verb, await verb.load()));
    }
  }
  return `${lines.join('\n')}\n`;
}

/** `container run` is `run`: one section does for both. */
function isRepeated(path: string, verb: Verb): boolean {
  return Object.keys(verbs).find((other) => verbs[other] === verb) !== path;
}

function section(path: string, verb: Verb, command: Command): string[] {
  const names = Object.keys(verbs).filter((other) => verbs[other] === verb);
  const others = [
    ...names,
    ...Object.keys(aliases).filter((a) => names.includes(aliases[a] as string)),
  ].filter((name) => name !== path);
  const lines = [`### peapod ${path}`, '', `${verb.summary}.`];
  if (command.description !== undefined) lines.push('', ...command.description.split('\n'));
  lines.push('', '```', `peapod ${path} ${command.usage}`.trimEnd(), '```');
  if (others.length > 0) lines.push('', `Also: ${others.map((name) => `\`peapod ${name}\``).join(', ')}.`);
  if (Object.keys(command.flags).length > 0) lines.push('', ...flagTable(command.flags));
  if (command.examples !== undefined)
    lines.push('', '```sh', ...command.examples.map((example) => `peapod ${example}`), '```');
  return lines;
}

function flagTable(flags: Readonly<Record<string, Flag>>): string[] {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  return [
    '| Option | |',
    '|---|---|',
    ...Object.keys(flags)
      .sort()
      .map((long) => {
        const flag = flags[long] as Flag;
        return `| \`${cell(flagSyntax(long, flag).trim())}\` | ${cell(flagText(flag))} |`;
      }),
  ];
}
