import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Outcome } from '../support/command.ts';
import type { TestHost } from '../support/test-host.ts';
import { imagesPath, type Tool } from './hosts.ts';

const directory = fileURLToPath(new URL('lines', import.meta.url));
const secondsALine = 30;

/**
 * The command lines of a topic. In its file, a line is the words after the tool's name, as a shell reads
 * them; after `$ ` it is shell itself, with TOOL for the tool. `#` begins a comment.
 */
export function readLines(topic: string): string[] {
  return readFileSync(join(directory, `${topic}.txt`), 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** Runs lines one after the other in one shell, so that variables go on; the outcome of each. */
export async function runLines(host: TestHost, tool: Tool, lines: readonly string[]): Promise<Outcome[]> {
  const texts = lines.map((line) => (line.startsWith('$ ') ? line.slice(2) : `TOOL ${line}`));
  const body = texts.map(
    (text, index) => `{ ${text}\n} >$at/${index}.out 2>$at/${index}.err </dev/null
echo $? >$at/${index}.code`,
  );
  const script = `TOOL() { timeout ${secondsALine} ${tool} "$@"; }
IMAGES=${imagesPath(host)}
at=$(mktemp -d)
cd "$(mktemp -d)"
${body.join('\n')}
echo $at`;
  const at = await host.sh(`set +e\n${script}`, { timeoutMs: 300_000 });
  const read = (index: number, kind: string) => readFileSync(host.path(`${at}/${index}.${kind}`), 'utf8');
  return lines.map((_, index) => ({
    exitCode: Number(read(index, 'code')),
    stdout: read(index, 'out'),
    stderr: read(index, 'err'),
  }));
}
