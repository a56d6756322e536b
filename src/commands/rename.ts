import { exactly } from './arguments.ts';
import { command } from './command.ts';

export const rename = command({
  usage: 'CONTAINER NAME',
  description: 'Gives a container another name, running or not.',
  examples: ['rename web old-web'],
  flags: {},
  args: exactly(2),
  async run(call) {
    const [name, newName] = call.args as [string, string];
    const { containers } = await call.engine();
    await containers.rename(name, newName);
    return 0;
  },
});
