import { topFlags } from '../global-flags.ts';
import { aliases, verbs } from '../registry.ts';
import {
  type ComparedCommand,
  compare,
  findFlag,
  type PodmanCommands,
  type Verdict,
} from './compatibility.ts';

/** docs/compatibility.md: a test keeps the file true. `differences` are what podman beside peapod has shown. */
export async function compatibilityText(
  podman: PodmanCommands,
  differences: Readonly<Record<string, readonly string[]>>,
): Promise<string> {
  const { commands } = await compare(podman);
  const below = commands.filter(({ path }) => path !== '');
  const here = below.filter(({ verdict }) => verdict.is !== 'not here');
  const flags = distinct(commands).flatMap((command) => command.flags);
  const flagsHere = flags.filter(({ verdict }) => verdict.is !== 'not here');
  const lines = [
    '# Compatibility with podman 4.3',
    '',
    `Every verb and flag that the help of podman ${podman.version} shows: whether it works here as there, differs (and`,
    'how), or is not here (and why). What is not here is refused by name, never ignored.',
    '',
    `${here.length} of ${below.length} verbs are here, and ${flagsHere.length} of ${flags.length} flags of those.`,
    '',
    "Generated from the definitions in `src/commands/`, the remarks in `src/commands/podman/` and podman's own help",
    '(`scripts/podman-commands.mjs`). docs/cli.md tells what each verb does.',
    '',
    '## Verbs',
    '',
    '| podman | here |',
    '|---|---|',
    ...below.map(({ path, verdict }) => `| \`${path}\` | ${wordsOf(verdict)} |`),
    '',
    '## Flags of podman itself',
    '',
    ...flagTable(commands.find(({ path }) => path === '') as ComparedCommand),
    '',
    '## Flags of the verbs',
  ];
  for (const command of distinct(here)) {
    const names = here.filter(({ path }) => verbOf(path) === verbOf(command.path)).map(({ path }) => path);
    lines.push('', `### ${names.join(', ')}`, '');
    lines.push(...(command.flags.length === 0 ? ['No flags.'] : flagTable(command)));
  }
  lines.push(
    '',
    '## What comes of the same command line',
    '',
    'The tests run each line of `test/differential/lines/` by podman 4.3 and by peapod: exit codes, output, errors and JSON',
    'are the same, but for this:',
  );
  for (const [topic, reasons] of Object.entries(differences)) {
    lines.push('', `### ${topic}`, '', ...reasons.map((reason) => `- ${reason}`));
  }
  lines.push('', '## Only here', '', ...(await onlyHere(podman)));
  return `${lines.join('\n')}\n`;
}

/** `container run` is `run`: one of them does for both. */
function distinct(commands: readonly ComparedCommand[]): ComparedCommand[] {
  return commands
    .toSorted((a, b) => a.path.split(' ').length - b.path.split(' ').length)
    .filter(({ path }, at, all) => all.findIndex((other) => isSameVerb(other.path, path)) === at);
}

function isSameVerb(a: string, b: string): boolean {
  return a === b || (verbOf(a) !== undefined && verbOf(a) === verbOf(b));
}

function verbOf(path: string) {
  return verbs[aliases[path] ?? path];
}

function flagTable({ flags }: ComparedCommand): string[] {
  return [
    '| Flag | here |',
    '|---|---|',
    ...flags.map(({ name, verdict }) => `| \`${name}\` | ${wordsOf(verdict)} |`),
  ];
}

function wordsOf({ is, remark }: Verdict): string {
  return (remark ? `${is}: ${remark}` : is).replaceAll('|', '\\|');
}

async function onlyHere({ commands }: PodmanCommands): Promise<string[]> {
  const lines: string[] = ['| Verb | Flags that podman 4.3 does not have |', '|---|---|'];
  const known = Object.keys(commands).filter((path) => verbOf(path) !== undefined);
  const seen = new Set();
  for (const [path, verb] of Object.entries(verbs)) {
    if (verb.hidden || seen.has(verb)) continue;
    seen.add(verb);
    const theirs = known.filter((other) => verbOf(other) === verb);
    if (theirs.length === 0) {
      lines.push(`| \`${path}\` | all of it: ${verb.summary} |`);
      continue;
    }
    const { flags } = await verb.load();
    const named = new Set(
      theirs.flatMap((other) =>
        Object.keys(commands[other]?.flags ?? {}).map((name) => findFlag(flags, name)?.help),
      ),
    );
    const more = Object.keys(flags).filter((name) => !named.has(flags[name]?.help));
    if (more.length > 0) lines.push(`| \`${path}\` | ${more.map((name) => `\`--${name}\``).join(', ')} |`);
  }
  const top = Object.keys(topFlags).filter((name) => !Object.hasOwn(commands['']?.flags ?? {}, name));
  return top.length === 0
    ? lines
    : [...lines, `| itself | ${top.map((name) => `\`--${name}\``).join(', ')} |`];
}
