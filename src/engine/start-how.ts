import { inheritedFds } from '../host/inherited.ts';
import type { Context } from './context.ts';
import { parseAttach, type ShownOutputs } from './parse-attach.ts';
import type { ContainerCreateRequest } from './requests.ts';

/** What `run` says of the streams of the container that it starts. Throws INVALID_ARGUMENT. */
export function startHow(
  { paths }: Context,
  { attach = [], logDriver, preserveFds = 0 }: ContainerCreateRequest,
): { readonly shows: ShownOutputs; readonly fds: readonly number[] } {
  return { shows: parseAttach(attach, logDriver), fds: inheritedFds(preserveFds, paths.root) };
}
