import type { Command } from './command.ts';
import type { Flag, FlagSet } from './flags.ts';
import { topFlags } from './global-flags.ts';
import { flagText, flagValueName } from './help.ts';
import { aliases, firstNameOf, groups, verbs, verbsBelow } from './registry.ts';

/**
 * The manual pages by file name, from the definitions, in the macros of man(7). A verb with several names has one
 * page; the others lead to it.
 */
export async function manPages(version: string): Promise<Map<string, string>> {
  const pages = new Map<string, string>([['peapod.1', topPage(version)]]);
  for (const [group, { summary }] of Object.entries(groups))
    pages.set(fileOf(group), groupPage(group, summary, version));
  for (const [path, verb] of Object.entries(verbs)) {
    if (verb.hidden) continue;
    const first = firstNameOf(path);
    if (first === path) pages.set(fileOf(path), verbPage(path, verb.summary, await verb.load(), version));
    else pages.set(fileOf(path), `.so man1/${fileOf(first)}\n`);
  }
  for (const [alias, path] of Object.entries(aliases))
    if (!verbs[path]?.hidden) pages.set(fileOf(alias), `.so man1/${fileOf(firstNameOf(path))}\n`);
  return pages;
}

function topPage(version: string): string {
  const commands = [...Object.keys(groups), ...verbsBelow('').filter((path) => !verbs[path]?.hidden)].sort();
  return page([
    ...title('peapod', 'run pods and containers without a daemon', version),
    '.SH SYNOPSIS',
    '.B peapod',
    '[options] \\fICOMMAND\\fR',
    '.SH DESCRIPTION',
    paragraph(
      'peapod runs pods and containers as an unprivileged user or as root, without a daemon, with the command line of podman.',
    ),
    '.SH COMMANDS',
    ...commands.flatMap((name) => [
      '.TP',
      reference(name),
      text(groups[name]?.summary ?? verbs[name]?.summary ?? ''),
    ]),
    '.SH OPTIONS',
    ...options(topFlags),
    '.SH EXIT STATUS',
    ...exitStatus(),
    '.SH EXAMPLES',
    ...examples([
      'pod create --name web -p 8080:80',
      'run -d --pod web docker.io/library/nginx',
      'pod ps',
      'pod rm -f web',
    ]),
    '.SH ENVIRONMENT',
    ...['PEAPOD_ROOT', 'PEAPOD_RUNROOT'].flatMap((name, index) => [
      '.TP',
      `.B ${text(name)}`,
      text(`The directory of --${['root', 'runroot'][index]}, where that is not given.`),
    ]),
    '.TP',
    '.B NO_COLOR',
    'Where it is set, nothing is coloured.',
  ]);
}

function groupPage(group: string, summary: string, version: string): string {
  return page([
    ...title(`peapod ${group}`, summary, version),
    '.SH SYNOPSIS',
    `.B peapod ${group}`,
    '\\fICOMMAND\\fR',
    '.SH COMMANDS',
    ...verbsBelow(group)
      .filter((path) => !verbs[path]?.hidden)
      .flatMap((path) => ['.TP', reference(path), text(verbs[path]?.summary ?? '')]),
    '.SH SEE ALSO',
    '.BR peapod (1)',
  ]);
}

function verbPage(path: string, summary: string, command: Command, version: string): string {
  const names = Object.keys(verbs).filter((other) => verbs[other] === verbs[path]);
  const others = [
    ...names,
    ...Object.keys(aliases).filter((alias) => names.includes(aliases[alias] as string)),
  ];
  const [group = ''] = path.split(' ');
  const above = Object.hasOwn(groups, group) && path !== group ? `, ${bold(`peapod-${group}`)}(1)` : '';
  return page([
    ...title(`peapod ${path}`, summary, version),
    '.SH SYNOPSIS',
    ...others.flatMap((name, index) => [
      ...(index > 0 ? ['.br'] : []),
      `.B peapod ${text(name)}`,
      ...(command.usage === '' ? [] : [text(command.usage)]),
    ]),
    '.SH DESCRIPTION',
    ...(command.description ?? `${summary}.`).split('\n').flatMap((line) => ['.PP', paragraph(line)]),
    ...(Object.keys(command.flags).length === 0 ? [] : ['.SH OPTIONS', ...options(command.flags)]),
    ...(command.examples === undefined ? [] : ['.SH EXAMPLES', ...examples(command.examples)]),
    '.SH SEE ALSO',
    `${bold('peapod')}(1)${above}`,
  ]);
}

function title(name: string, summary: string, version: string): string[] {
  const dashed = name.replaceAll(' ', '-');
  return [
    `.TH ${dashed.toUpperCase()} 1 "" "peapod ${version}" "peapod"`,
    '.SH NAME',
    `${text(dashed)} \\- ${text(summary[0]?.toLowerCase() + summary.slice(1))}`,
  ];
}

function options(flags: FlagSet): string[] {
  return Object.keys(flags)
    .sort()
    .flatMap((long) => {
      const flag = flags[long] as Flag;
      const value = flagValueName(flag);
      const names = [...(flag.short === undefined ? [] : [`-${flag.short}`]), `--${long}`]
        .map(bold)
        .join(', ');
      return ['.TP', `${names}${value === '' ? '' : ` \\fI${text(value)}\\fR`}`, paragraph(flagText(flag))];
    });
}

function exitStatus(): string[] {
  const meanings = [
    ['125', 'peapod itself has failed'],
    ['126', 'the command of a container cannot be executed'],
    ['127', 'the command of a container is not found'],
  ] as const;
  return [
    ...meanings.flatMap(([code, meaning]) => ['.TP', `.B ${code}`, meaning]),
    '.PP',
    "Anything else is the exit status of the container's command.",
  ];
}

function examples(lines: readonly string[]): string[] {
  return ['.nf', ...lines.map((line) => paragraph(`peapod ${line}`)), '.fi'];
}

function reference(path: string): string {
  return `${bold(`peapod-${path.replaceAll(' ', '-')}`)}(1)`;
}

function fileOf(path: string): string {
  return `peapod-${path.replaceAll(' ', '-')}.1`;
}

function bold(words: string): string {
  return `\\fB${text(words)}\\fR`;
}

/** A line of its own: one that begins as a request does is none. */
function paragraph(line: string): string {
  return text(line).replace(/^([.'])/, '\\&$1');
}

/** What groff takes for itself is escaped; a hyphen is to be found and pasted as it is typed. */
function text(words: string): string {
  return words
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('…', '...')
    .replaceAll('’', "'")
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti');
}

function page(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}
