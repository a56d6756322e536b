import { PeapodError } from '../errors.ts';
import { accessFlags, type RegistryAccess } from './access.ts';
import { parseReference } from './reference.ts';
import { tlsFor } from './registry-tls.ts';
import type { Transfers } from './transfers.ts';

export interface LoginRequest extends Pick<RegistryAccess, 'tlsVerify' | 'authFile' | 'certDir'> {
  /** skopeo takes the first of registries.conf where undefined. */
  readonly registry?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly passwordFromInput: boolean;
  readonly show: boolean;
  readonly verbose: boolean;
}

export interface LogoutRequest extends Pick<RegistryAccess, 'authFile'> {
  readonly registry?: string | undefined;
  readonly all: boolean;
}

/** skopeo asks for what is missing, and writes auth.json where podman and docker find it. Returns its exit code. */
export function logIn(transfers: Transfers, request: LoginRequest): Promise<number> {
  const { registry, user, password } = request;
  const words = [
    ...['skopeo', 'login', ...accessFlags({ ...request, tlsVerify: tlsVerifyFor(transfers, request) }, '')],
    ...(user === undefined ? [] : [`--username=${user}`]),
    ...(request.passwordFromInput || password !== undefined ? ['--password-stdin'] : []),
    ...(request.show ? ['--get-login'] : []),
    ...(request.verbose ? ['--verbose'] : []),
    ...(registry === undefined ? [] : [registry]),
  ];
  // Not as an argument: everybody on the machine can read those.
  return withTerminal(transfers, words, password);
}

export function logOut(transfers: Transfers, request: LogoutRequest): Promise<number> {
  const { registry, all, authFile } = request;
  const words = [
    ...['skopeo', 'logout', ...accessFlags({ authFile }, '')],
    ...(all ? ['--all'] : []),
    ...(registry === undefined ? [] : [registry]),
  ];
  return withTerminal(transfers, words);
}

/** Throws COMMAND_FAILED with what skopeo says. */
async function withTerminal(
  { deps, skopeo }: Transfers,
  words: readonly string[],
  input?: string,
): Promise<number> {
  const from = input === undefined ? { stdin: 0 } : { input };
  const result = await deps.host.run(words, { accept: 'any', stdout: 1, ...from });
  if (result.exitCode === 0) return 0;
  throw skopeo.errorOf(words, result);
}

function tlsVerifyFor(transfers: Transfers, { registry, tlsVerify }: LoginRequest): boolean | undefined {
  if (registry === undefined || tlsVerify !== undefined) return tlsVerify;
  try {
    return tlsFor(transfers, parseReference(`${registry.replace(/\/$/, '')}/x`), {});
  } catch (error) {
    throw new PeapodError('INVALID_ARGUMENT', `"${registry}" is no registry`, {
      hint: 'a registry is written HOST[:PORT][/PATH]',
      cause: error,
    });
  }
}
