import { closeSync, constants, openSync, readSync } from 'node:fs';
import { posix } from 'node:path';
import { resolveLinks } from '../host/resolve-links.ts';
import type { OciProcess } from './oci-process.ts';

/** Enough for `#!` and its program: what the kernel reads, see execve(2). */
const headBytes = 256;
const elf = '\x7fELF';

/**
 * Whether a process can surely be started in the root at `rootDir` (`/proc/PID/root`): its working directory is
 * there, and its program, by the PATH of its own, is one that it may execute. False also where that cannot be
 * told: only an attempt shows it then. Costs some calls of lstat(2).
 */
export function isSurelyInvocable(
  rootDir: string,
  { args, cwd, env, user }: Pick<OciProcess, 'args' | 'cwd' | 'env' | 'user'>,
): boolean {
  const mayExecute = (mode: number) => (mode & (user.uid === 0 ? 0o111 : 0o001)) !== 0;
  const find = (path: string) => {
    const found = resolveLinks(path, rootDir);
    return found?.stats && mayExecute(found.stats.mode)
      ? { path: found.path, stats: found.stats }
      : undefined;
  };
  try {
    if (!find(cwd)?.stats.isDirectory()) return false;
    const program = candidates(args[0] ?? '', cwd, env)
      .values()
      .map(find)
      .find((found) => found?.stats.isFile());
    if (!program) return false;
    const head = readHead(`${rootDir}${program.path}`);
    if (head.startsWith(elf)) return true;
    const interpreter = /^#![ \t]*(\/[^\s]+)/.exec(head)?.[1];
    return interpreter !== undefined && find(interpreter)?.stats.isFile() === true;
  } catch {
    return false;
  }
}

function candidates(word: string, cwd: string, env: readonly string[]): string[] {
  if (word.includes('/')) return [posix.resolve(cwd, word)];
  const path = env.findLast((entry) => entry.startsWith('PATH='))?.slice('PATH='.length) ?? '';
  return path.split(':').map((dir) => posix.resolve(cwd, dir, word));
}

function readHead(path: string): string {
  // The file was a plain one a moment ago; what has taken its place must neither lead away nor block.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const head = Buffer.alloc(headBytes);
    return head.toString('latin1', 0, readSync(fd, head));
  } finally {
    closeSync(fd);
  }
}
