import { writeFileSync } from 'node:fs';
import { PeapodError } from '../errors.ts';

/** `--pod-id-file`, `--cidfile`: refuses to overwrite, as podman does. */
export function writeNewFile(path: string, text: string, flag: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' });
  } catch (error) {
    throw new PeapodError('INVALID_ARGUMENT', `cannot write ${flag} ${path}: ${(error as Error).message}`, {
      hint: 'choose a path that does not exist yet',
      cause: error,
    });
  }
}
