import { holdUserNamespace } from '../sandbox/owned-namespaces.ts';
import type { ContainerRecord } from '../store/records.ts';
import type { Context } from './context.ts';

/**
 * For what mounts the root of a container that does not run: the path of a user namespace like its own, where its
 * layers are shown with mapped ids. Without root they are copies, and nothing is mapped.
 */
export async function withUserNamespace<T>(
  context: Context,
  { spec: { userns } }: ContainerRecord,
  work: (path: string | undefined) => Promise<T>,
): Promise<T> {
  if (!userns || context.facts.rootless) return work(undefined);
  const held = await holdUserNamespace(context.host, userns);
  try {
    return await work(held.path);
  } finally {
    held.end();
  }
}
