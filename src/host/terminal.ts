import { checked, libc } from './libc.ts';

/** The terminal on one of this process' standard streams, see termios(3) and ioctl_tty(2). */

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** Larger than any libc's struct termios. */
const termiosBytes = 256;
const TCSADRAIN = 1;
/** Linux on x86, ARM, RISC-V and s390. */
const TIOCGWINSZ = 0x5413;

export function isTerminal(fd: number): boolean {
  return libc().tcgetattr(fd, new Uint8Array(termiosBytes)) === 0;
}

/** Undefined where `fd` is no terminal, or one without a size. */
export function terminalSize(fd: number): TerminalSize | undefined {
  const size = new Uint16Array(4);
  if (libc().ioctl(fd, TIOCGWINSZ, size) !== 0) return undefined;
  const [rows = 0, columns = 0] = size;
  return rows > 0 && columns > 0 ? { rows, columns } : undefined;
}

/** What ends a process unless it listens: the terminal is put right before that happens. */
const endings = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'] as const;

/**
 * Hands every key to the program unchanged. The terminal is as it was after `restore()`, at the exit of the
 * process, and before a signal ends it. Throws ENOTTY.
 */
export function enterRawMode(fd: number): { restore(): void } {
  const original = new Uint8Array(termiosBytes);
  checked('tcgetattr', () => libc().tcgetattr(fd, original));
  const raw = original.slice();
  libc().cfmakeraw(raw);
  checked('tcsetattr', () => libc().tcsetattr(fd, TCSADRAIN, raw));
  let active = true;
  const restore = () => {
    if (!active) return;
    active = false;
    libc().tcsetattr(fd, TCSADRAIN, original);
    process.off('exit', restore);
    for (const signal of endings) process.off(signal, onEnding);
  };
  const onEnding = (signal: NodeJS.Signals) => {
    // Whoever else listens decides what the signal means; alone, it would have ended the process: let it.
    if (process.listenerCount(signal) > 1) return;
    restore();
    process.kill(process.pid, signal);
  };
  process.on('exit', restore);
  for (const signal of endings) process.on(signal, onEnding);
  return { restore };
}
