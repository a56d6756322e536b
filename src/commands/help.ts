import type { Command } from './command.ts';
import type { Flag, FlagSet } from './flags.ts';
import { topFlags } from './global-flags.ts';
import { aliases, groups, verbs, verbsBelow } from './registry.ts';
import type { Verb } from './verb.ts';

const order: readonly Verb['group'][] = [
  'Pods',
  'Containers',
  'Images',
  'Networks',
  'Volumes',
  'Secrets',
  'System',
];

export function topHelp(): string {
  const lines = [
    'Run pods and containers without a daemon, as an unprivileged user or as root',
    '',
    'Usage:',
    '  peapod [options] COMMAND',
  ];
  const entries = [
    ...Object.entries(groups).map(([name, { summary, group }]) => ({ name, summary, group })),
    ...verbsBelow('').map((name) => ({ name, ...(verbs[name] as Verb) })),
  ];
  for (const group of order) {
    lines.push('', `${group}:`);
    const members = entries.filter((entry) => entry.group === group && !('hidden' in entry));
    // Pods have no verbs of their own at the top: show where they are.
    if (group === 'Pods')
      for (const path of verbsBelow('pod'))
        members.push({ name: path, summary: (verbs[path] as Verb).summary, group });
    lines.push(...columns(members.map(({ name, summary }) => [name, summary])));
  }
  lines.push('', 'Options:', ...flagLines(topFlags));
  lines.push(
    '',
    'A first pod:',
    '  peapod pod create --name web -p 8080:80',
    '  peapod run -d --pod web docker.io/library/nginx',
    '  peapod run --rm --pod web host curl localhost    # the programs of this machine, no image',
    '  peapod pod ps',
    '  peapod pod rm -f web',
    '',
    "Run 'peapod COMMAND --help' for more about a command, 'peapod doctor' where something does not work.",
  );
  return `${lines.join('\n')}\n`;
}

export function groupHelp(group: string): string {
  const rows = verbsBelow(group)
    .filter((path) => !verbs[path]?.hidden)
    .map((path) => [path.slice(group.length + 1), (verbs[path] as Verb).summary] as const);
  return `${[groups[group]?.summary, '', 'Usage:', `  peapod ${group} COMMAND`, '', 'Available Commands:', ...columns(rows)].join('\n')}\n`;
}

/** `typed` is the path as the user wrote it, `path` the one it stands for. */
export function commandHelp(typed: string, path: string, verb: Verb, command: Command): string {
  const lines = [verb.summary];
  if (command.description !== undefined)
    lines.push('', 'Description:', ...command.description.split('\n').map((line) => `  ${line}`.trimEnd()));
  lines.push('', 'Usage:', `  peapod ${typed} ${command.usage}`.trimEnd());
  const others = Object.keys(aliases).filter((alias) => aliases[alias] === path);
  if (others.length > 0)
    lines.push('', 'Aliases:', `  ${[path, ...others].map((p) => p.split(' ').at(-1)).join(', ')}`);
  if (command.examples !== undefined)
    lines.push('', 'Examples:', ...command.examples.map((example) => `  peapod ${example}`));
  if (Object.keys(command.flags).length > 0) lines.push('', 'Options:', ...flagLines(command.flags));
  return `${lines.join('\n')}\n`;
}

function flagLines(flags: FlagSet): string[] {
  const rows = Object.keys(flags)
    .sort()
    .map((long) => {
      const flag = flags[long] as Flag;
      return [flagSyntax(long, flag), flagText(flag)] as const;
    });
  return columns(rows);
}

/** `-n, --last int`, or `    --no-trunc` so that long names stand below each other. */
export function flagSyntax(long: string, flag: Flag): string {
  const value = flagValueName(flag);
  const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
  return `${short}--${long}${value === '' ? '' : ` ${value}`}`;
}

/** The word for what it takes; empty for a switch. */
export function flagValueName(flag: Flag): string {
  return flag.value ?? valueName[flag.kind];
}

export function flagText(flag: Flag): string {
  return flag.default === undefined ? flag.help : `${flag.help} (default ${flag.default})`;
}

const valueName: Record<Flag['kind'], string> = {
  bool: '',
  optionalBool: '',
  string: 'string',
  array: 'stringArray',
  list: 'strings',
  int: 'int',
  uint: 'uint',
};

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd());
}
