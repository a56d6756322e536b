#!/usr/bin/env node
// Writes test/fixtures/podman-4.3-commands.json: every verb of the installed podman with its flags, from what
// `--help` says. docs/compatibility.md is held against it.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [program = 'podman'] = process.argv.slice(2);
const version = run(['--version']).trim().split(' ').at(-1);
const file = fileURLToPath(
  new URL(
    `../test/fixtures/podman-${version.split('.').slice(0, 2).join('.')}-commands.json`,
    import.meta.url,
  ),
);
const commands = {};
walk([]);
// Works, but is in no list.
walk(['completion']);
writeFileSync(file, `${JSON.stringify({ version, commands }, null, 2)}\n`);
console.log(`${Object.keys(commands).length} commands of podman ${version}: ${file}`);

function walk(path) {
  const help = run([...path, '--help']);
  const below = section(help, 'Available Commands').flatMap((line) => /^ {2}(\S+)/.exec(line)?.[1] ?? []);
  const flags = Object.fromEntries(section(help, 'Options').flatMap(readFlag));
  // `podman --help` has its summary first, as all others have.
  if (path.length === 0 || below.length === 0)
    commands[path.join(' ')] = { summary: help.split('\n')[0].trim(), flags };
  for (const name of below) if (name !== 'help') walk([...path, name]);
}

/** `  -l, --latest   Act on …` → ['latest', { short: 'l' }]; `value` is the word for what the flag takes. */
function readFlag(line) {
  const found = /^ {2}(?:-(\w), | {4})--([\w-]+)(?: (\S.*?))?(?: {2,}|$)/.exec(line);
  if (!found || found[2] === 'help') return [];
  const [, short, name, value] = found;
  return [[name, { ...(short ? { short } : {}), ...(value ? { value } : {}) }]];
}

function section(help, title) {
  const lines = help.split('\n');
  const start = lines.indexOf(`${title}:`);
  if (start < 0) return [];
  const end = lines.findIndex((line, index) => index > start && /^\S/.test(line));
  return lines.slice(start + 1, end < 0 ? undefined : end);
}

function run(words) {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}: ${stderr}`);
  return stdout;
}
