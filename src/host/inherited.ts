import { readlinkSync } from 'node:fs';
import { PeapodError } from '../errors.ts';

/** So many descriptors of the caller from 3 on, as `--preserve-fds` counts them. Throws INVALID_ARGUMENT. */
export function inheritedFds(count: number, ownDir: string): number[] {
  return Array.from({ length: count }, (_, index) => checkInherited(3 + index, ownDir));
}

/**
 * A file descriptor that this process got from its caller. The runtime marks those like its own, so that only what is
 * behind one tells: the runtime's are kernel objects, peapod's are below `ownDir`. Throws INVALID_ARGUMENT.
 */
function checkInherited(fd: number, ownDir: string): number {
  const target = targetOf(fd);
  if (target !== undefined && !/^anon_inode:\[event/.test(target) && !target.startsWith(`${ownDir}/`))
    return fd;
  throw new PeapodError(
    'INVALID_ARGUMENT',
    `file descriptor ${fd} is not available - the preserve-fds option requires that file descriptors must be passed`,
    { hint: `open it in the shell, for example ${fd}<file` },
  );
}

function targetOf(fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}
