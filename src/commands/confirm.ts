import { readSync } from 'node:fs';
import type { Call } from './command.ts';

/** Asks on standard output, reads one line of standard input; only `y` and `yes` mean yes. */
export async function confirm(call: Pick<Call, 'stdout'>, warning: string): Promise<boolean> {
  call.stdout.line(warning);
  call.stdout.write('Are you sure you want to continue? [y/N] ');
  call.stdout.flush();
  return /^y(es)?$/i.test(readLine().trim());
}

/** Blocks; empty at the end of the input. */
function readLine(): string {
  const byte = Buffer.alloc(1);
  const bytes: number[] = [];
  for (;;) {
    try {
      if (readSync(0, byte) === 0 || byte[0] === 0x0a) return Buffer.from(bytes).toString('utf8');
    } catch (error) {
      // Node reports the end of some inputs so; a terminal that is non-blocking has nothing yet.
      if ((error as NodeJS.ErrnoException).code === 'EOF') return Buffer.from(bytes).toString('utf8');
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      continue;
    }
    bytes.push(byte[0] as number);
  }
}
