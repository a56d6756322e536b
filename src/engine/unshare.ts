import { PeapodError } from '../errors.ts';
import type { Context } from './context.ts';

/**
 * Runs a program of the host in the keeper's user and mount namespaces, where files of containers and volumes belong
 * to whom they belong for them. Returns its exit code. Throws INVALID_ARGUMENT for root, who has none.
 */
export async function unshare(context: Context, command: readonly string[]): Promise<number> {
  const { facts, interrupt } = context;
  if (!facts.rootless) {
    throw new PeapodError('INVALID_ARGUMENT', 'please use unshare with rootless', {
      hint: 'root needs no other user namespace: run the program as it is',
    });
  }
  const words = command.length > 0 ? command : [facts.env.SHELL ?? '/bin/sh'];
  const runner = await context.inside();
  let signal = (_: NodeJS.Signals) => {};
  return interrupt.forwarding(
    // A ^C the terminal has sent to the program, too.
    (received) => received !== 'SIGINT' && signal(received),
    () =>
      // A runner's working directory is /: what is typed is meant from here.
      runner.foreground(['env', '-C', process.cwd(), '--', ...words], {
        stdio: 'all',
        onStart: (send) => {
          signal = send;
        },
      }),
  );
}
