import { anyArguments, wrongArguments } from './arguments.ts';
import { command } from './command.ts';
import { bool } from './flags.ts';
import { overlap } from './overlap.ts';

export const rmi = command({
  usage: '[options] IMAGE [IMAGE...]',
  description:
    'Takes names from images, and removes an image with its last name. One in use is refused without --force.',
  examples: ['rmi nginx', 'rmi --force c4dfb1609ee2', 'rmi --all'],
  flags: {
    all: bool('Remove all images', { short: 'a' }),
    force: bool('Remove the containers that use the image first', { short: 'f' }),
    'no-prune': bool('Keep images without a name that this one was built on'),
    ignore: bool('An image that does not exist is no error', { short: 'i' }),
  },
  args: anyArguments,
  async run(call) {
    const { all, force, ignore } = call.values;
    if (all && call.args.length > 0)
      throw wrongArguments(
        'when using the --all switch, you may not pass any images names or IDs',
        call.command,
      );
    if (!all && call.args.length === 0)
      throw wrongArguments('image name or ID must be specified', call.command);
    const { images } = await call.engine();
    const names = all ? (await images.list()).map(({ id }) => id) : call.args;
    const work = async (name: string) => {
      const lines = await images.remove(name, { force, noPrune: call.values['no-prune'] });
      return lines.length === 0 ? undefined : lines.join('\n');
    };
    // Images share layers and names: one after the other.
    return overlap(call, names, work, {
      limit: 1,
      ignoreMissing: ignore,
      exitCodes: { NOT_FOUND: 1, IMAGE_IN_USE: 2 },
    });
  },
});
