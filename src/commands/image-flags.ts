import type { ProgressSink } from '../engine/engine.ts';
import { isTerminal } from '../host/terminal.ts';
import type { Call } from './command.ts';
import { bool, optionalBool, string } from './flags.ts';

/** Flags of all verbs that speak to registries. */
export const registryFlags = {
  authfile: string('Path of the authentication file; REGISTRY_AUTH_FILE names another default'),
  'cert-dir': string('Directory with certificates for the registry'),
  creds: string('USERNAME:PASSWORD for the registry'),
  'tls-verify': optionalBool('Require HTTPS and verified certificates', { default: 'true' }),
} as const;

interface RegistryValues {
  readonly authfile: string | undefined;
  readonly 'cert-dir': string | undefined;
  readonly creds?: string | undefined;
  readonly 'tls-verify': boolean | undefined;
}

export function registryAccess(values: RegistryValues) {
  return {
    authFile: values.authfile,
    certDir: values['cert-dir'],
    creds: values.creds,
    tlsVerify: values['tls-verify'],
  };
}

export const platformFlags = {
  arch: string('Architecture to choose, instead of that of this machine'),
  os: string('Operating system to choose'),
  variant: string('Variant of the architecture to choose'),
} as const;

/** Docker signs images so; podman takes the flag, too, and it does nothing there either. */
export const contentTrust = {
  'disable-content-trust': bool("Docker's; without effect here"),
} as const;

/** Progress goes to standard error; on a terminal as bars. */
export function progressOf(call: Pick<Call, 'stderr'>, quiet: boolean): ProgressSink {
  const sink = (line: string) => {
    if (!quiet) call.stderr.line(line);
  };
  return Object.assign(sink, !quiet && isTerminal(2) ? { terminalFd: 2 } : {});
}
