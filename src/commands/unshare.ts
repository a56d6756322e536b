import { anyArguments } from './arguments.ts';
import { command } from './command.ts';

export const unshare = command({
  usage: '[COMMAND [ARG...]]',
  description: `Runs a program, or your shell, in the namespaces that hold your containers: you are root in it, and files of
containers and volumes belong to whom they belong for the containers. Root has no such namespaces.`,
  examples: [
    'unshare cat /proc/self/uid_map',
    'unshare ls -ln $(peapod volume inspect -f {{.Mountpoint}} data)',
  ],
  flags: {},
  optionsFirst: true,
  args: anyArguments,
  async run(call) {
    const { system } = await call.engine();
    return system.unshare(call.args);
  },
});
