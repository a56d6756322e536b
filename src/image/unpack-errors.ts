import { isPeapodError, PeapodError } from '../errors.ts';
import { printable } from '../tar/fields.ts';
import type { TarEntry } from '../tar/reader.ts';

/** What may go wrong with one entry of a layer, in words for people. */

export function refusedEntry(entry: TarEntry, why: string): PeapodError {
  return new PeapodError('IMAGE_INVALID', `layer entry '${printable(entry.path)}' is refused: ${why}`, {
    hint: 'the image is broken or hostile: do not use it',
  });
}

/** Errors of the file system that are the host's fault, not the image's. */
const hostCodes = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EMFILE', 'ENFILE', 'ENOMEM', 'EACCES']);

export function unpackError(entry: TarEntry, error: unknown): unknown {
  if (isPeapodError(error)) return error;
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  const name = printable(entry.path);
  if (syscall?.includes('chown') && (code === 'EINVAL' || code === 'EPERM')) {
    return new PeapodError(
      'HOST_UNFIT',
      `'${name}' belongs to ${entry.uid}:${entry.gid}, which is not mapped in your user namespace`,
      {
        hint: 'give your user more subordinate ids: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER, then `peapod system migrate`',
        cause: error,
      },
    );
  }
  if (hostCodes.has(code) || code === 'EPERM') {
    return new PeapodError('HOST_UNFIT', `cannot unpack '${name}': ${message}`, {
      ...(code === 'ENOSPC' || code === 'EDQUOT' ? { hint: 'free some space, or use another --root' } : {}),
      cause: error,
    });
  }
  return new PeapodError('IMAGE_INVALID', `cannot unpack '${name}': ${message}`, { cause: error });
}
