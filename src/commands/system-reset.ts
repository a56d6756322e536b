import { noArguments } from './arguments.ts';
import { command } from './command.ts';
import { confirm } from './confirm.ts';
import { bool } from './flags.ts';

export const systemReset = command({
  usage: '[options]',
  description: `Removes everything that peapod has of yours: containers and pods, running or not, images, volumes, secrets, the
database and the runtime state. Networks stay: their files are shared with other runtimes.`,
  examples: ['system reset', 'system reset --force'],
  flags: { force: bool('Do not ask for confirmation', { short: 'f' }) },
  args: noArguments,
  async run(call) {
    const { system } = await call.engine();
    const { root, runRoot } = await system.roots();
    const lines = [
      'all containers',
      'all pods',
      'all images',
      'all volumes',
      'all secrets',
      `what peapod keeps in the directory: "${root}"`,
      `what peapod keeps in the directory: "${runRoot}"`,
    ];
    const warning = `WARNING! This will remove:\n${lines.map((line) => `        - ${line}`).join('\n')}`;
    if (!call.values.force && !(await confirm(call, warning))) return 0;
    await system.reset();
    return 0;
  },
});
