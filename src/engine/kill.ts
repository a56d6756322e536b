import { PeapodError } from '../errors.ts';
import { waitForEnd } from '../host/processes.ts';
import type { ContainerRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import { killPatienceMs, sendSignal } from './end-process.ts';
import type { Lifecycle } from './lifecycle.ts';
import { forgetOomKills } from './oom-kills.ts';
import type { Restarts } from './restarts.ts';
import { thaw } from './thaw.ts';

/** Sends a signal; where it ends the container, conmon's exit command cleans up. Throws WRONG_STATE. */
export async function killContainer(
  { context, lifecycle, restarts }: { context: Context; lifecycle: Lifecycle; restarts: Restarts },
  record: ContainerRecord,
  signal: number,
): Promise<void> {
  const { id } = record;
  if (lifecycle.isRestarting(record) && (signal === 9 || signal === record.spec.stopSignal)) {
    return lifecycle.stop(id);
  }
  if (!lifecycle.isRunning(record) || !record.process) {
    throw new PeapodError(
      'WRONG_STATE',
      `can only kill running containers. ${id} is in state ${record.state}: container state improper`,
      { hint: `peapod start ${record.name} starts it` },
    );
  }
  restarts.signalled(record, signal);
  if (signal === 9) forgetOomKills(context, id);
  await sendSignal(context, record.process, signal);
  context.events.container('kill', record);
  if (signal !== 9) return;
  if (record.state === 'paused') await thaw(context, lifecycle.crun, id);
  await waitForEnd(record.process, killPatienceMs);
}
