import { PeapodError } from '../errors.ts';
import { checkNewNames } from '../image/naming.ts';
import { type SavedImage, type SaveFormat, saveFormats, saveImages } from '../image/save.ts';
import type { Context } from './context.ts';
import type { ProgressSink, SaveRequest } from './image-api.ts';

/** `save`: the first name is the image and the others are names for it, or all of them are images. */
export async function saveNamed(
  context: Context,
  names: readonly string[],
  request: SaveRequest,
  progress: ProgressSink,
): Promise<void> {
  const { format = 'docker-archive', compress, uncompressed, output, several } = request;
  if (!saveFormats.includes(format as SaveFormat)) {
    throw new PeapodError('INVALID_ARGUMENT', `format value must be one of ${saveFormats.join(' ')}`);
  }
  const isDirectory = format.endsWith('-dir');
  if (compress && format !== 'docker-dir') {
    throw new PeapodError('INVALID_ARGUMENT', '--compress can only be set when --format is docker-dir');
  }
  if (uncompressed && !format.startsWith('oci')) {
    throw new PeapodError(
      'INVALID_ARGUMENT',
      '--uncompressed can only be set when --format is oci-dir or oci-archive',
    );
  }
  if (isDirectory && output === undefined) {
    throw new PeapodError(
      'INVALID_ARGUMENT',
      `${format} is a directory: standard output takes archives only`,
      {
        hint: 'name the directory: -o DIRECTORY',
      },
    );
  }
  const images = await context.images();
  const [first = '', ...others] = names;
  const chosen = several ? names : [first];
  const more = several ? [] : checkNewNames(others);
  const saved = chosen.map((name): SavedImage => {
    const { image, name: full } = images.locate(name);
    return { image, names: [...more, ...(full === undefined ? [] : [full])] };
  });
  const transfers = await images.transfers();
  await saveImages(
    transfers,
    saved,
    { format: format as SaveFormat, output, compress, uncompressed },
    progress,
  );
  for (const { image } of saved) context.events.image('save', image.id, output ?? first);
}
