import type { Output } from '../output.ts';
import { type Candidate, complete, directives, type ListNames } from './complete.ts';

/**
 * What the shell's script asks at each TAB, in cobra's words: a candidate a line, behind a tab what it is, and the
 * directive after a colon. Whatever goes wrong, the user is typing: there is nothing to offer, and nothing is said.
 */
export async function answer(
  words: readonly string[],
  described: boolean,
  stdout: Output,
  listNames: ListNames,
): Promise<number> {
  let completions: Awaited<ReturnType<typeof complete>>;
  try {
    completions = await complete(words, listNames);
  } catch {
    completions = { candidates: [], directive: directives.noFiles };
  }
  for (const candidate of completions.candidates) stdout.line(lineOf(candidate, described));
  stdout.line(`:${completions.directive}`);
  return 0;
}

function lineOf({ word, description }: Candidate, described: boolean): string {
  return described && description ? `${word}\t${description.split('\n')[0]}` : word;
}
