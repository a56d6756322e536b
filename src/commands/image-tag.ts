import { atLeast } from './arguments.ts';
import { command } from './command.ts';

export const tag = command({
  usage: 'IMAGE NAME [NAME...]',
  description: 'Gives an image further names. A name without a registry is one of localhost.',
  examples: ['tag app localhost:5000/app:v1', 'tag c4dfb1609ee2 app:old'],
  flags: {},
  args: atLeast(2),
  async run(call) {
    const { images } = await call.engine();
    await images.tag(call.args[0] as string, call.args.slice(1));
    return 0;
  },
});

export const untag = command({
  usage: 'IMAGE [NAME...]',
  description: 'Takes names from an image, all of them where none is given. The image stays.',
  examples: ['untag app localhost:5000/app:v1', 'untag c4dfb1609ee2'],
  flags: {},
  args: atLeast(1),
  async run(call) {
    const { images } = await call.engine();
    await images.untag(call.args[0] as string, call.args.slice(1));
    return 0;
  },
});
