import { PeapodError } from '../errors.ts';
import { heeds, isAlive, type ProcessIdentity, signalProcess, waitForEnd } from '../host/processes.ts';
import type { ContainerRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import { forgetOomKills } from './oom-kills.ts';

export const killPatienceMs = 10_000;
/** How long a program that has only just started gets to install its signal handlers. */
const deafnessCheckMs = 200;

/** The stop signal, patience, SIGKILL: afterwards the first process has ended. Throws WRONG_STATE where it does not. */
export async function endProcess(
  context: Context,
  record: ContainerRecord,
  timeoutSeconds: number,
): Promise<void> {
  const { process } = record;
  if (!process) return;
  forgetOomKills(context, record.id);
  if (timeoutSeconds > 0) {
    const { stopSignal } = record.spec;
    await sendSignal(context, process, stopSignal);
    const ended = await waitForEnd(process, Math.min(deafnessCheckMs, timeoutSeconds * 1000));
    // A first process that does not listen will not end for all our patience.
    if (!ended && heeds(process.pid, stopSignal)) await waitForEnd(process, timeoutSeconds * 1000);
  }
  if (!isAlive(process)) return;
  await sendSignal(context, process, 9);
  if (await waitForEnd(process, killPatienceMs)) return;
  throw new PeapodError('WRONG_STATE', `container ${record.name} does not end, even by SIGKILL`, {
    hint: `its process ${process.pid} may wait for a device or a network file system`,
  });
}

/** Also to a process that belongs to another user of the container. */
export async function sendSignal(context: Context, process: ProcessIdentity, signal: number): Promise<void> {
  try {
    signalProcess(process, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
    const inside = await context.inside();
    await inside.run(['kill', `-${signal}`, String(process.pid)], { accept: 'any' });
  }
}
