import { mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { PeapodError } from '../errors.ts';
import type { Context } from './context.ts';

/** Where a secret is read; a link to its file where that lies in a directory of the user's. */
export function secretFile({ paths }: Pick<Context, 'paths'>, id: string): string {
  return join(paths.secrets, id);
}

/** `--driver-opts`: the driver `file` has the one option `path`. Returns the directory. Throws INVALID_ARGUMENT. */
export function parseDriverOptions(words: readonly string[], cwd: string): string | undefined {
  let path: string | undefined;
  for (const word of words) {
    const at = word.indexOf('=');
    if (at < 0) {
      throw new PeapodError(
        'INVALID_ARGUMENT',
        `invalid argument "${word}" for "--driver-opts" flag: ${word} must be formatted as key=value`,
      );
    }
    const [key, value] = [word.slice(0, at), word.slice(at + 1)];
    if (key !== 'path' || value === '') {
      throw new PeapodError('INVALID_ARGUMENT', `the secret driver file has no option "${word}"`, {
        hint: 'path=DIRECTORY keeps the secret there',
      });
    }
    path = resolve(cwd, value);
  }
  return path;
}

/** The link is made first, so that what a killed command leaves is found, and removed by `removeSecretFile`. */
export function writeSecretFile(
  context: Pick<Context, 'paths'>,
  id: string,
  data: Uint8Array,
  directory: string | undefined,
): void {
  const file = secretFile(context, id);
  mkdirSync(context.paths.secrets, { recursive: true, mode: 0o700 });
  if (directory === undefined) {
    writeFileSync(file, data, { mode: 0o600, flag: 'wx' });
    return;
  }
  const target = join(directory, id);
  symlinkSync(target, file);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(target, data, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    rmSync(file, { force: true });
    throw new PeapodError(
      'INVALID_ARGUMENT',
      `--driver-opts path=${directory}: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
}

/** Idempotent. The directory of the user's stays. */
export function removeSecretFile(context: Pick<Context, 'paths'>, id: string): void {
  const target = targetOf(context, id);
  if (target !== undefined) rmSync(target, { force: true });
  rmSync(secretFile(context, id), { force: true });
}

/** The options that it was created with. */
export function driverOptions(context: Pick<Context, 'paths'>, id: string): { path?: string } {
  const target = targetOf(context, id);
  return target === undefined ? {} : { path: dirname(target) };
}

/** Names of files, of which some may be of commands that were killed. */
export function secretFileNames({ paths }: Pick<Context, 'paths'>): string[] {
  try {
    return readdirSync(paths.secrets);
  } catch {
    return []; // none was ever made
  }
}

function targetOf(context: Pick<Context, 'paths'>, id: string): string | undefined {
  try {
    return readlinkSync(secretFile(context, id));
  } catch {
    return undefined;
  }
}
