import { readdirSync, readFileSync } from 'node:fs';
import {
  identify,
  killGroup,
  type ProcessIdentity,
  processGroup,
  signalProcess,
  waitForEnd,
} from './processes.ts';

export interface FoundProcess {
  readonly identity: ProcessIdentity;
  /** Its command line, with blanks between the words. */
  readonly words: string;
  readonly match: RegExpExecArray;
}

/** Processes whose words or environment match, as far as this user may see them; without this one. Takes milliseconds. */
export function findProcesses(pattern: RegExp): FoundProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      const words = readWords(`/proc/${name}/cmdline`);
      const match = pattern.exec(words) ?? pattern.exec(readWords(`/proc/${name}/environ`));
      const identity = match && identify(Number(name));
      return match && identity ? [{ identity, words, match }] : [];
    });
}

/** For a pattern: how a path, or what lies below it, is named by a process, also by one that looks in from outside. */
export function namedPath(path: string): string {
  return `(?:^|[\\s=":,]|/proc/\\d+/root)${RegExp.escape(path)}(?=[/\\s",:]|$)`;
}

/** What peapod starts for networks and leaves running, by its command line. */
const helper = /^(?:\S*\/)?(?:slirp4netns|pasta\S*|aardvark-dns|sleep) |\binternal relay | peapod-keeper /;
const endTimeoutMs = 5_000;

/**
 * Ends helpers whose files are gone, so that only their words and environment tell whose they are: those that
 * match. Returns whether there were any.
 */
export async function endStrays(pattern: RegExp): Promise<boolean> {
  const strays = findProcesses(pattern).filter(({ words }) => helper.test(words));
  for (const { identity } of strays) endGroup(identity);
  await Promise.all(strays.map(({ identity }) => waitForEnd(identity, endTimeoutMs)));
  return strays.length > 0;
}

/** With what it has started, where it leads a group of its own. */
function endGroup(identity: ProcessIdentity): void {
  if (processGroup(identity.pid) !== identity.pid) signalProcess(identity, 'SIGKILL');
  else killGroup(identity.pid);
}

function readWords(path: string): string {
  try {
    return readFileSync(path, 'utf8').split('\0').join(' ').trim();
  } catch {
    return '';
  }
}
