import { PeapodError } from '../errors.ts';
import { waitForEnd } from '../host/processes.ts';
import type { ContainerRecord, PodRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { ContainerCreateRequest } from './requests.ts';
import type { ReadySandbox } from './sandboxes.ts';

const interruptCheckMs = 250;

type InitType = NonNullable<ContainerRecord['spec']['initContainer']>;

/** `--init-ctr`. `members` are those of the pod that it names. Throws INVALID_ARGUMENT, WRONG_STATE. */
export function parseInitContainer(
  { initContainer: word, pod, restart }: ContainerCreateRequest,
  members: readonly ContainerRecord[],
  isRunning: (member: ContainerRecord) => boolean,
): InitType | undefined {
  if (!word) return undefined;
  if (!pod) throw new PeapodError('INVALID_ARGUMENT', 'must specify pod value with init-ctr');
  if (word !== 'always' && word !== 'once')
    throw new PeapodError('INVALID_ARGUMENT', "init-ctr value must be 'always' or 'once'");
  if (restart && restart !== 'no') {
    throw new PeapodError('INVALID_ARGUMENT', `--init-ctr and --restart ${restart} cannot be set together`, {
      hint: 'the pod waits for the end of an init container',
    });
  }
  if (members.some(isRunning)) {
    throw new PeapodError('WRONG_STATE', 'cannot add init-ctr to a running pod', {
      hint: `peapod pod stop ${pod} stops it`,
    });
  }
  return word;
}

export function isInitContainer({ spec }: ContainerRecord): boolean {
  return spec.initContainer !== undefined;
}

/**
 * Runs the init containers among `members` to their ends, one after the other; those of one time are removed then.
 * The caller holds the operation on the pod. Throws WRONG_STATE where one fails.
 */
export async function runInitContainers(
  { context, lifecycle }: { readonly context: Context; readonly lifecycle: Lifecycle },
  members: readonly ContainerRecord[],
  sandbox: ReadySandbox,
): Promise<void> {
  for (const member of members.filter(isInitContainer)) {
    await lifecycle.startInReady(member.id, sandbox);
    const exitCode = await endOf(context, lifecycle, member.id);
    if (exitCode !== 0) {
      throw new PeapodError('WRONG_STATE', `init container ${member.id} exited with code ${exitCode}`, {
        hint: `peapod logs ${member.name} may tell why; without it the containers of the pod are not started`,
      });
    }
    if (member.spec.initContainer === 'once' || member.spec.remove) await lifecycle.removeMember(member.id);
  }
}

async function endOf({ store, interrupt }: Context, lifecycle: Lifecycle, id: string): Promise<number> {
  const process = store.containers.get(id)?.process;
  while (process && !(await waitForEnd(process, interruptCheckMs))) interrupt.check();
  // It has ended: this writes down how, unless its monitor has done so.
  await lifecycle.stop(id);
  return store.containers.get(id)?.exitCode ?? store.containers.exitCodeOf(id) ?? 0;
}

/** What services of a pod could not do: they start its containers one by one. Throws INVALID_ARGUMENT. */
export function refuseInitContainers({ name }: PodRecord, members: readonly ContainerRecord[]): void {
  const member = members.find(isInitContainer);
  if (!member) return;
  throw new PeapodError(
    'INVALID_ARGUMENT',
    `pod ${name} has an init container (${member.name}), which services do not run`,
    { hint: 'run what comes first in a service of its own, and give it by --requires' },
  );
}
