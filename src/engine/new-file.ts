import { accessSync, constants, existsSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf, PeapodError } from '../errors.ts';

/** `--pod-id-file`, `--cidfile`: refuses to overwrite, as podman does. */
export function writeNewFile(path: string, text: string, flag: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' });
  } catch (error) {
    throw cannotWrite(path, flag, error);
  }
}

/** Before anything is taken away: throws what `writeNewFile` would throw. */
export function checkNewFile(path: string | undefined, flag: string): void {
  if (path === undefined) return;
  if (existsSync(path)) throw cannotWrite(path, flag, new Error('file already exists'));
  try {
    accessSync(dirname(path), constants.W_OK);
  } catch (error) {
    throw cannotWrite(path, flag, error);
  }
}

function cannotWrite(path: string, flag: string, cause: unknown): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', `cannot write ${flag} ${path}: ${messageOf(cause)}`, {
    hint: 'choose a path that does not exist yet',
    cause,
  });
}
