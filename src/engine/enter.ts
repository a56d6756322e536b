import { PeapodError } from '../errors.ts';
import { keeperEnvironment } from '../host/facts.ts';
import type { PodRecord, SharedNamespace } from '../store/records.ts';
import type { Context } from './context.ts';
import type { Operations } from './operations.ts';
import type { EnterRequest } from './requests.ts';
import type { Sandboxes } from './sandboxes.ts';

/**
 * Runs a program of the host in a pod's namespaces, beside its containers: the files, the working directory
 * and the standard streams stay the caller's. Brings the pod's network up where it is not. Returns the
 * program's exit code; nsenter's are 127 for one that is not found, 126 for one that cannot be executed.
 *
 * Throws INVALID_ARGUMENT for a namespace that the pod does not share.
 */
export async function enterPod(
  context: Context,
  operations: Operations,
  sandboxes: Sandboxes,
  pod: PodRecord,
  request: EnterRequest,
): Promise<number> {
  const wanted = wantedNamespaces(pod, request.namespaces);
  const { namespacePaths } = await operations.during(pod.id, 'start', () => sandboxes.ready(pod.id));
  const runner = await context.beside();
  const flags = wanted.flatMap((name) => {
    // A pod on the host's network has none of its own.
    const path = namespacePaths[name];
    return path === undefined ? [] : [`--${name}=${context.visible(path) ?? path}`];
  });
  const entered = flags.length > 0 ? runner.within(['nsenter', ...flags, '--']) : runner;
  // A peapod among the programs is not in the keeper's mount namespace, as these would have it believe.
  const env = { [keeperEnvironment.user]: undefined, [keeperEnvironment.group]: undefined };
  let signal = (_: NodeJS.Signals) => {};
  return context.interrupt.forwarding(
    // A ^C the terminal has sent to the program, too.
    (received) => received !== 'SIGINT' && signal(received),
    () =>
      entered.foreground(request.command, {
        stdio: 'all',
        env,
        onStart: (send) => {
          signal = send;
        },
      }),
  );
}

function wantedNamespaces(pod: PodRecord, asked: readonly SharedNamespace[]): readonly SharedNamespace[] {
  if (pod.shared.length === 0) {
    throw new PeapodError('INVALID_ARGUMENT', `the containers of pod ${pod.name} share no namespaces`, {
      hint: 'a pod is told what they share when it is made: peapod pod create --share net,ipc,uts',
    });
  }
  const foreign = asked.find((name) => !pod.shared.includes(name));
  if (foreign) {
    throw new PeapodError('INVALID_ARGUMENT', `pod ${pod.name} has no ${foreign} namespace to enter`, {
      hint: `its containers share ${pod.shared.join(', ')}; --share ${foreign} is for peapod pod create`,
    });
  }
  return asked.length > 0 ? asked : pod.shared;
}
