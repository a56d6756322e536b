import { constants } from 'node:os';
import { join } from 'node:path';
import { type AttachResult, pumpAttach, tellTerminalSize } from '../container/attach.ts';
import { AttachConnection } from '../container/attach-connection.ts';
import { parseDetachKeys } from '../container/detach-keys.ts';
import { proxySignals } from '../container/signal-proxy.ts';
import { PeapodError } from '../errors.ts';
import { type FileLock, waitForLock } from '../host/locks.ts';
import { waitForEnd } from '../host/processes.ts';
import type { ContainerRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import type { Attended } from './launch.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { ShownOutputs } from './parse-attach.ts';

const brokenPipeExitCode = 141;
const abortCheckMs = 250;

/** How this process' stdio is coupled to a container. */
export interface Coupling {
  /** Forwards standard input. */
  readonly interactive: boolean;
  readonly tty: boolean;
  readonly detachKeys?: string | undefined;
  /** Signals that this process gets go to the container; otherwise they end the coupling alone. */
  readonly sigProxy: boolean;
  /** Both outputs where it is left out. */
  readonly shows?: ShownOutputs;
  /** Gets the id of a container of whose output nothing is shown, once it has been started. */
  readonly announce?: ((id: string) => void) | undefined;
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
    if (how.shows && !how.shows.stdout && !how.shows.stderr) how.announce?.(id);
    const run = context.store.containers.get(id);
    // Somebody has removed it meanwhile.
    if (!run) return context.store.containers.exitCodeOf(id) ?? 0;
    const isOurs = connection !== undefined || (lock !== undefined && isPassedThrough(run));
    // `start -a` of a container that runs already joins it.
    return isOurs
      ? await couple(context, lifecycle, run, connection, how)
      : await joinRun(context, lifecycle, run, how);
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
  return joinRun(context, lifecycle, record, how);
}

async function joinRun(
  context: Context,
  lifecycle: Lifecycle,
  record: ContainerRecord,
  how: Coupling,
): Promise<number> {
  refusePassedThrough(record);
  const runtimeDir = context.paths.containerRuntime(record.id);
  // Where nobody else attends to it, its clean-up waits until its exit code has been read.
  const lock = await waitForLock(join(runtimeDir, 'lock'), 'shared', 0);
  try {
    const connection = await AttachConnection.open(join(runtimeDir, 'attach'));
    // By its policy it may be another run than a moment ago, and yet another one when this one has ended.
    const run = context.store.containers.get(record.id) ?? record;
    context.events.container('attach', run);
    return await couple(context, lifecycle, run, connection, how);
  } finally {
    lock?.release();
  }
}

function isPassedThrough({ spec }: ContainerRecord): boolean {
  return spec.log?.driver === 'passthrough';
}

function refusePassedThrough(record: ContainerRecord): void {
  if (!isPassedThrough(record)) return;
  throw new PeapodError(
    'WRONG_STATE',
    `attaching to container ${record.id}: this container is using the 'passthrough' log driver, cannot attach: this container is not logging output`,
    { hint: 'it has the streams of whoever has started it' },
  );
}

/** Without a connection the container has this process' streams itself: only its end is waited for. */
async function couple(
  context: Context,
  lifecycle: Lifecycle,
  run: ContainerRecord,
  connection: AttachConnection | undefined,
  how: Coupling,
): Promise<number> {
  const { id } = run;
  const options = {
    ctlPath: join(context.paths.containerRuntime(id), 'ctl'),
    stdin: how.interactive,
    tty: how.tty,
    detachKeys: how.detachKeys,
    stdout: how.shows?.stdout === false ? ('none' as const) : undefined,
    stderr: how.shows?.stderr === false ? ('none' as const) : undefined,
  };
  const pump = (signal?: AbortSignal) =>
    connection
      ? pumpAttach(connection, { ...options, ...(signal ? { signal } : {}) })
      : untilEnd(run, signal);
  try {
    const { ended } = how.sigProxy
      ? await context.interrupt.forwarding(
          () => {},
          async () => {
            const stop = proxySignals((signal) => lifecycle.kill(id, constants.signals[signal]));
            try {
              return await pump();
            } finally {
              stop();
            }
          },
        )
      : await pump(context.interrupt.signal);
    context.interrupt.check();
    return ended === 'detached' ? 0 : await lifecycle.finish(run);
  } catch (error) {
    // Nobody reads our output any more: end as a program that SIGPIPE ended, the container goes on.
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return brokenPipeExitCode;
    throw error;
  }
}

async function untilEnd({ process }: ContainerRecord, signal?: AbortSignal): Promise<AttachResult> {
  while (process && !signal?.aborted && !(await waitForEnd(process, abortCheckMs)));
  return { ended: signal?.aborted ? 'detached' : 'eof' };
}

/** Before anything is made. */
function checkDetachKeys({ detachKeys }: Coupling): void {
  if (detachKeys !== undefined) parseDetachKeys(detachKeys);
}
