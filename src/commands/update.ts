import { PeapodError } from '../errors.ts';
import { command } from './command.ts';
import { restartFlag } from './container-flags.ts';
import { bool, string } from './flags.ts';
import { limitFlags, limitRequest } from './resource-flags.ts';
import { targets } from './targets.ts';

export const update = command({
  usage: '[options] CONTAINER',
  description:
    'Changes limits of a container, at once where it runs, and for its later starts; or its restart policy. Prints its id.',
  examples: [
    'update --memory 512m --cpus 2 web',
    'update --pids-limit 100 web',
    'update --restart on-failure:5 web',
  ],
  flags: {
    ...limitFlags,
    latest: bool('Act on the last created container', { short: 'l' }),
    restart: string(restartFlag.help, { value: 'policy' }),
  },
  args: (args) => {
    if (args.length > 1)
      throw new PeapodError('INVALID_ARGUMENT', `accepts 1 arg(s), received ${args.length}`);
  },
  async run(call) {
    const { containers } = await call.engine();
    const { latest } = call.values;
    const list = (filters?: Parameters<typeof containers.list>[0]) => containers.list(filters);
    const missing = 'accepts 1 arg(s), received 0';
    const [name] = await targets({ command: call.command, names: call.args, latest, missing, list });
    const warn = (line: string) => call.stderr.line(`Warning: ${line}`);
    call.stdout.line(
      await containers.update(
        name as string,
        { ...limitRequest(call.values), restart: call.values.restart },
        warn,
      ),
    );
    return 0;
  },
});
