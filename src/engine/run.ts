import { constants } from 'node:os';
import { join } from 'node:path';
import { pumpAttach, tellTerminalSize } from '../container/attach.ts';
import { AttachConnection } from '../container/attach-connection.ts';
import { parseDetachKeys } from '../container/detach-keys.ts';
import { proxySignals } from '../container/signal-proxy.ts';
import { PeapodError } from '../errors.ts';
import { type FileLock, waitForLock } from '../host/locks.ts';
import type { ContainerRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import type { Attended } from './launch.ts';
import type { Lifecycle } from './lifecycle.ts';

const brokenPipeExitCode = 141;

/** How this process' stdio is coupled to a container. */
export interface Coupling {
  /** Forwards standard input. */
  readonly interactive: boolean;
  readonly tty: boolean;
  readonly detachKeys?: string | undefined;
  /** Signals that this process gets go to the container; otherwise they end the coupling alone. */
  readonly sigProxy: boolean;
}

/**
 * Starts a container with this process' stdio coupled to it, stays until it ends, cleans up after it, and
 * returns its exit code; 0 where the user detached.
 */
export async function runAttended(
  context: Context,
  lifecycle: Lifecycle,
  how: Coupling,
  start: (attended: Attended) => Promise<string>,
): Promise<number> {
  checkDetachKeys(how);
  let connection: AttachConnection | undefined;
  let lock: FileLock | undefined;
  const id = await start({
    connect: async ({ socketPath, ctlPath }) => {
      connection = await AttachConnection.open(socketPath);
      if (how.tty) tellTerminalSize(ctlPath);
    },
    keep: (held) => {
      lock = held;
    },
  });
  try {
    // `start -a` of a container that runs already joins it.
    connection ??= await AttachConnection.open(join(context.paths.containerRuntime(id), 'attach'));
    return await couple(context, lifecycle, id, connection, how);
  } finally {
    lock?.release();
  }
}

/** `attach`: as `runAttended`, for a container that runs already. Throws WRONG_STATE. */
export async function attachTo(
  context: Context,
  lifecycle: Lifecycle,
  record: ContainerRecord,
  how: Coupling,
): Promise<number> {
  checkDetachKeys(how);
  if (!lifecycle.isRunning(record) || record.state === 'paused') {
    throw new PeapodError('WRONG_STATE', 'you can only attach to running containers', {
      hint: `${record.name} is ${record.state}; peapod start --attach ${record.name} starts it and attaches`,
    });
  }
  const runtimeDir = context.paths.containerRuntime(record.id);
  // Where nobody else attends to it, its clean-up waits until its exit code has been read.
  const lock = await waitForLock(join(runtimeDir, 'lock'), 'shared', 0);
  try {
    const connection = await AttachConnection.open(join(runtimeDir, 'attach'));
    context.events.container('attach', record);
    return await couple(context, lifecycle, record.id, connection, how);
  } finally {
    lock?.release();
  }
}

async function couple(
  context: Context,
  lifecycle: Lifecycle,
  id: string,
  connection: AttachConnection,
  how: Coupling,
): Promise<number> {
  const options = {
    ctlPath: join(context.paths.containerRuntime(id), 'ctl'),
    stdin: how.interactive,
    tty: how.tty,
    detachKeys: how.detachKeys,
  };
  try {
    const { ended } = how.sigProxy
      ? await context.interrupt.forwarding(
          () => {},
          async () => {
            const stop = proxySignals((signal) => lifecycle.kill(id, constants.signals[signal]));
            try {
              return await pumpAttach(connection, options);
            } finally {
              stop();
            }
          },
        )
      : await pumpAttach(connection, { ...options, signal: context.interrupt.signal });
    context.interrupt.check();
    return ended === 'detached' ? 0 : await lifecycle.finish(id);
  } catch (error) {
    // Nobody reads our output any more: end as a program that SIGPIPE ended, the container goes on.
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return brokenPipeExitCode;
    throw error;
  }
}

/** Before anything is made. */
function checkDetachKeys({ detachKeys }: Coupling): void {
  if (detachKeys !== undefined) parseDetachKeys(detachKeys);
}
