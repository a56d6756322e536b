import { PeapodError } from '../errors.ts';
import type { ContainerRecord } from '../store/records.ts';
import type { Context } from './context.ts';

/** `--requires`: the ids of containers that run before this one starts. Throws NOT_FOUND, INVALID_ARGUMENT. */
export function resolveRequires(
  { store }: Context,
  names: readonly string[],
  podId: string | undefined,
): string[] {
  const ids = names.map((name) => {
    const id = store.names.resolve('container', name);
    const required = id === undefined ? undefined : store.containers.get(id);
    if (!required) {
      throw new PeapodError(
        'NOT_FOUND',
        `container dependency "${name}": no container with name or ID "${name}" found: no such container`,
        { hint: 'what a container requires is created before it' },
      );
    }
    if (required.podId === podId) return required.id;
    const where = podId === undefined ? 'in a pod' : 'not in its pod';
    throw new PeapodError(
      'INVALID_ARGUMENT',
      `the container depends on container ${name} which is ${where}`,
      {
        hint: 'containers of one pod can require each other, and so can containers outside of pods',
      },
    );
  });
  return [...new Set(ids)];
}

/** Starts containers at once, but each after those among them that it requires. What fails keeps its dependents from starting. */
export function startInOrder(
  members: readonly ContainerRecord[],
  start: (member: ContainerRecord) => Promise<void>,
): Promise<PromiseSettledResult<void>[]> {
  const under = new Map<string, Promise<void>>();
  // What a container requires is older than it, and members come oldest first.
  for (const member of members) {
    const before = (member.spec.requires ?? []).map((id) => under.get(id));
    const started = before.length === 0 ? start(member) : Promise.all(before).then(() => start(member));
    under.set(member.id, started);
  }
  return Promise.allSettled(under.values());
}
