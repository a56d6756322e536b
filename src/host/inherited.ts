import { PeapodError } from '../errors.ts';
import { libc } from './libc.ts';

const F_GETFD = 1;
const FD_CLOEXEC = 1;

/** A file descriptor that this process got from its caller: its own ones are all closed at exec. Throws INVALID_ARGUMENT. */
export function checkInherited(fd: number): number {
  const flags = libc().fcntl(fd, F_GETFD, 0);
  if (flags >= 0 && (flags & FD_CLOEXEC) === 0) return fd;
  throw new PeapodError(
    'INVALID_ARGUMENT',
    `file descriptor ${fd} is not available - the preserve-fds option requires that file descriptors must be passed`,
    { hint: `open it in the shell, for example ${fd}<file` },
  );
}
