import { noArguments } from './arguments.ts';
import { command } from './command.ts';

export const migrate = command({
  usage: '',
  description: `Ends the process that holds your user and mount namespaces, so that the next command starts it anew, with what
/etc/subuid and /etc/subgid say then. Refused while containers or pods of yours run.`,
  examples: ['system migrate'],
  flags: {},
  args: noArguments,
  async run(call) {
    const { system } = await call.engine();
    await system.migrate();
    return 0;
  },
});
