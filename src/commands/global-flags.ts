import { resolve } from 'node:path';
import { PeapodError } from '../errors.ts';
import { bool, type FlagValues, string } from './flags.ts';

/** Taken before and after the verb, as podman does. */
export const globalFlags = {
  'log-level': string('Log messages above this level to standard error (trace, debug, info, warn, error)', {
    default: 'warn',
  }),
  'network-config-dir': string('Directory of the networks, which are CNI configuration lists'),
  root: string('Directory of what must survive a reboot: database, images, containers'),
  runroot: string('Directory of the runtime state'),
} as const;

/** Only before the verb. */
export const topFlags = {
  ...globalFlags,
  version: bool('Print the version', { short: 'v' }),
} as const;

const levels = ['trace', 'debug', 'info', 'warn', 'warning', 'error', 'fatal', 'panic'];

export interface GlobalOptions {
  readonly root?: string | undefined;
  readonly runRoot?: string | undefined;
  readonly networkConfig?: string | undefined;
  readonly logLevel: string;
}

/** Later values win: what stands behind the verb over what stands before it. */
export function globalOptions(...given: readonly FlagValues<typeof globalFlags>[]): GlobalOptions {
  const last = (name: keyof typeof globalFlags) =>
    given.findLast((values) => values[name] !== undefined)?.[name];
  const logLevel = last('log-level')?.toLowerCase() ?? 'warn';
  if (!levels.includes(logLevel))
    throw new PeapodError('INVALID_ARGUMENT', `log level "${logLevel}" is not supported`, {
      hint: `choose from: ${levels.join(', ')}`,
    });
  const networkConfig = last('network-config-dir');
  return {
    root: last('root'),
    runRoot: last('runroot'),
    ...(networkConfig === undefined ? {} : { networkConfig: resolve(networkConfig) }),
    logLevel,
  };
}
