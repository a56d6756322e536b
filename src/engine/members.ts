import { PeapodError } from '../errors.ts';
import type { ContainerRecord, PodRecord } from '../store/records.ts';
import type { EngineParts } from './parts.ts';
import { pauseContainer, requireFreezer, unpauseContainer } from './pause.ts';

/** Signals every running member; where SIGKILL ends them all, the network goes too. Returns the pod's id. */
export function killMembers(parts: EngineParts, pod: PodRecord, signal: number): Promise<string> {
  const { lifecycle, operations, pods } = parts;
  const runs = (member: ContainerRecord) =>
    lifecycle.isRunning(member) || (signal === 9 && lifecycle.isRestarting(member));
  return operations.during(pod.id, 'stop', async () => {
    const id = await each(parts, pod, runs, 'killing', (member) => lifecycle.kill(member.id, signal));
    if (signal === 9) await pods.settle(id);
    parts.context.events.pod('kill', pod);
    return id;
  });
}

/** Freezes every running member; those that are frozen already are left. Returns the pod's id. */
export async function pauseMembers(parts: EngineParts, pod: PodRecord): Promise<string> {
  requireFreezer(parts.lifecycle);
  const runs = (member: ContainerRecord) => member.state !== 'paused' && parts.lifecycle.isRunning(member);
  const id = await each(parts, pod, runs, 'pausing', (member) => pauseContainer(parts, member.id));
  parts.context.events.pod('pause', pod);
  return id;
}

export async function unpauseMembers(parts: EngineParts, pod: PodRecord): Promise<string> {
  requireFreezer(parts.lifecycle);
  const isPaused = (member: ContainerRecord) =>
    member.state === 'paused' && parts.lifecycle.isRunning(member);
  const id = await each(parts, pod, isPaused, 'unpausing', (member) => unpauseContainer(parts, member.id));
  parts.context.events.pod('unpause', pod);
  return id;
}

/** All members are tried; then the first failure is thrown, with the container it was about. */
async function each(
  { context }: EngineParts,
  pod: PodRecord,
  which: (member: ContainerRecord) => boolean,
  doing: string,
  work: (member: ContainerRecord) => Promise<void>,
): Promise<string> {
  const members = context.store.containers.ofPod(pod.id).filter(which);
  const results = await Promise.allSettled(members.map(work));
  results.forEach((result, index) => {
    if (result.status === 'fulfilled') return;
    const { message, code, hint } = result.reason as PeapodError;
    const name = members[index]?.name;
    throw new PeapodError(code ?? 'INTERNAL', `${doing} container ${name}: ${message}`, {
      cause: result.reason,
      ...(hint ? { hint } : {}),
    });
  });
  return pod.id;
}
