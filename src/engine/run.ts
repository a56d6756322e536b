import { constants } from 'node:os';
import { join } from 'node:path';
import { pumpAttach } from '../container/attach.ts';
import { AttachConnection } from '../container/attach-connection.ts';
import { proxySignals } from '../container/signal-proxy.ts';
import type { FileLock } from '../host/locks.ts';
import type { Context } from './context.ts';
import type { Attended } from './launch.ts';
import type { Lifecycle } from './lifecycle.ts';

const brokenPipeExitCode = 141;

/**
 * Starts a container with this process' stdio coupled to it, stays until it ends, cleans up after it, and
 * returns its exit code; 0 where the user detached.
 */
export async function runAttended(
  context: Context,
  lifecycle: Lifecycle,
  how: { interactive: boolean; tty: boolean; detachKeys?: string | undefined },
  start: (attended: Attended) => Promise<string>,
): Promise<number> {
  let connection: AttachConnection | undefined;
  let lock: FileLock | undefined;
  const id = await start({
    connect: async ({ socketPath }) => {
      connection = await AttachConnection.open(socketPath);
    },
    keep: (held) => {
      lock = held;
    },
  });
  try {
    const runtimeDir = context.paths.containerRuntime(id);
    // `start -a` of a container that runs already joins it.
    connection ??= await AttachConnection.open(join(runtimeDir, 'attach'));
    const coupled = connection;
    const result = await context.interrupt.forwarding(
      () => {},
      async () => {
        const stop = proxySignals((signal) => lifecycle.kill(id, constants.signals[signal]));
        try {
          return await pumpAttach(coupled, {
            ctlPath: join(runtimeDir, 'ctl'),
            stdin: how.interactive,
            tty: how.tty,
            detachKeys: how.detachKeys,
          });
        } finally {
          stop();
        }
      },
    );
    return result.ended === 'detached' ? 0 : await lifecycle.finish(id);
  } catch (error) {
    // Nobody reads our output any more: end as a program that SIGPIPE ended, the container goes on.
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return brokenPipeExitCode;
    throw error;
  } finally {
    lock?.release();
  }
}
