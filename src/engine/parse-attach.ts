import { PeapodError } from '../errors.ts';

const streams = ['stdin', 'stdout', 'stderr'];

/** Which of a container's outputs are shown by whoever runs it. */
export interface ShownOutputs {
  readonly stdout: boolean;
  readonly stderr: boolean;
}

/**
 * `--attach`, of which none means both outputs; standard input is the business of `--interactive`. Throws
 * INVALID_ARGUMENT, also beside the log driver passthrough, with which there is nothing to attach to.
 */
export function parseAttach(words: readonly string[], logDriver: string | undefined): ShownOutputs {
  const names = words.map((word) => word.toLowerCase());
  const wrong = words.find((_, index) => !streams.includes(names[index] as string));
  if (wrong !== undefined) {
    throw new PeapodError(
      'INVALID_ARGUMENT',
      `invalid stream "${wrong}" for --attach - must be one of stdin, stdout, or stderr: invalid argument`,
    );
  }
  if (words.length > 0 && logDriver === 'passthrough') {
    throw new PeapodError(
      'INVALID_ARGUMENT',
      'cannot specify --attach with --log-driver=passthrough: invalid argument',
      { hint: 'the container has the streams of its caller: redirect those' },
    );
  }
  const shows = (name: string) => names.length === 0 || names.includes(name);
  return { stdout: shows('stdout'), stderr: shows('stderr') };
}
