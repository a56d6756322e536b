import { anyArguments, wrongArguments } from './arguments.ts';
import { command } from './command.ts';
import { bool, optionalBool, string } from './flags.ts';
import { targets } from './targets.ts';

export const detachKeysFlag = string(
  "Keys that detach from the container: single characters and ctrl-CHARACTER, separated by commas; '' for none",
  { default: 'ctrl-p,ctrl-q' },
);

export const sigProxyFlag = optionalBool('Pass signals on to the container', { default: 'true' });

export const attach = command({
  usage: '[options] CONTAINER',
  description: `Connects this terminal, or standard input and output, with a running container, and ends with its exit code.
The detach keys leave it running; another attach comes back to it.`,
  examples: ['attach shell', 'attach --no-stdin web', 'attach --detach-keys ctrl-a,d shell'],
  flags: {
    'detach-keys': detachKeysFlag,
    latest: bool('Act on the last created container', { short: 'l' }),
    'no-stdin': bool('Do not forward standard input'),
    'sig-proxy': sigProxyFlag,
  },
  args: anyArguments,
  async run(call) {
    const { values } = call;
    if (call.args.length > 1 || (call.args.length === 0 && !values.latest))
      throw wrongArguments(
        'attach requires the name or id of one running container or the latest flag',
        call.command,
      );
    const [name] = await targets({
      command: call.command,
      names: call.args,
      latest: values.latest,
      list: async (filters) => (await call.engine()).containers.list(filters),
    });
    const { containers } = await call.engine();
    return containers.attach(name as string, {
      stdin: !values['no-stdin'],
      sigProxy: values['sig-proxy'] ?? true,
      detachKeys: values['detach-keys'],
    });
  },
});
