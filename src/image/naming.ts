import { messageOf, PeapodError } from '../errors.ts';
import type { ImageTable } from '../store/images.ts';
import type { ImageRecord } from '../store/records.ts';
import { fullName, type ImageReference, parseReference } from './reference.ts';

/** As podman: what has no registry is a name of this machine. Throws INVALID_ARGUMENT. */
export function localReference(name: string): ImageReference {
  const reference = parseReference(name);
  const { short } = reference;
  return short === undefined ? reference : { ...reference, registry: 'localhost', path: short };
}

export function localName(name: string): string {
  return fullName(localReference(name));
}

/** Throws INVALID_ARGUMENT before any name is given. */
export function checkNewNames(names: readonly string[]): string[] {
  return names.map((name) => {
    try {
      const reference = localReference(name);
      if (reference.digest === undefined) return fullName(reference);
    } catch (error) {
      throw new PeapodError('INVALID_ARGUMENT', `normalizing name "${name}": ${messageOf(error)}`, {
        hint: 'an image name looks like [REGISTRY/]REPOSITORY[:TAG]',
        cause: error,
      });
    }
    throw new PeapodError('INVALID_ARGUMENT', `tag by digest not supported: "${name}"`);
  });
}

/** Takes names from an image, all of them where none is given; the image stays. Throws NOT_FOUND. */
export function untagImage(table: ImageTable, image: ImageRecord, names: readonly string[]): void {
  const full = names.map((name) => {
    const exact = [localName(name), fullName(parseReference(name))];
    const found = exact.find((each) => image.names.includes(each));
    if (found) return found;
    throw new PeapodError('NOT_FOUND', `${exact[0]}: tag not known`, {
      hint: `names of this image: ${image.names.join(', ') || 'none'}`,
    });
  });
  table.remove(image.id, names.length === 0 ? image.names : full, false, () => {});
}
