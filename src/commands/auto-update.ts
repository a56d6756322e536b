import { PeapodError } from '../errors.ts';
import { anyArguments } from './arguments.ts';
import { command } from './command.ts';

/** Known by name, so that who looks for it is told what to do instead. */
export const autoUpdate = command({
  usage: '',
  flags: {},
  args: anyArguments,
  async run() {
    throw new PeapodError(
      'INVALID_ARGUMENT',
      'auto-update is not supported: nothing here replaces containers by itself',
      {
        hint: "pull the image, and restart a service of 'peapod generate systemd --new'",
      },
    );
  },
});
