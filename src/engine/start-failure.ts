import { isPeapodError, PeapodError } from '../errors.ts';

/** What kept `start` from starting a container, in podman's words: its exit codes do not tell what it was. */
export function startFailure(id: string, error: unknown): unknown {
  if (!isPeapodError(error) || (error.exitCode !== 126 && error.exitCode !== 127)) return error;
  const { code, message, hint, cause } = error;
  return new PeapodError(code, `unable to start container "${id}": ${message}`, {
    ...(hint ? { hint } : {}),
    cause,
  });
}
