import { anyArguments, wrongArguments } from './arguments.ts';
import { detachKeysFlag, sigProxyFlag } from './attach.ts';
import { command } from './command.ts';
import { array, bool } from './flags.ts';
import { overlap } from './overlap.ts';
import { targets } from './targets.ts';

export const start = command({
  usage: '[options] CONTAINER [CONTAINER...]',
  description: 'Starts containers; with --attach stays connected to one and ends with its exit code.',
  examples: ['start web', 'start --attach --interactive shell', 'start --all'],
  flags: {
    all: bool('Start all containers that do not run'),
    attach: bool("Connect the container's output and error", { short: 'a' }),
    'detach-keys': detachKeysFlag,
    filter: array('Act on what matches KEY=VALUE', { short: 'f' }),
    interactive: bool('Keep standard input open', { short: 'i' }),
    latest: bool('Act on the last created container', { short: 'l' }),
    'sig-proxy': sigProxyFlag,
  },
  args: anyArguments,
  async run(call) {
    const { values } = call;
    const names = await targets({
      command: call.command,
      names: call.args,
      all: values.all,
      latest: values.latest,
      filters: values.filter,
      missing: 'start requires at least one argument',
      list: async (filters) => (await call.engine()).containers.list(filters),
    });
    const attach = values.attach || values.interactive;
    if (attach && names.length > 1)
      throw wrongArguments('you cannot start and attach multiple containers at once', call.command);
    if (values['sig-proxy'] === true && !attach)
      throw wrongArguments('you cannot use sig-proxy without --attach', call.command);
    const engine = await call.engine();
    if (attach) {
      const [name] = names;
      if (name === undefined) return 0;
      return engine.containers.startAttached(name, {
        interactive: values.interactive,
        sigProxy: values['sig-proxy'] ?? true,
        detachKeys: values['detach-keys'],
      });
    }
    // One may need another's network: they start in the order in which they are named.
    const work = async (name: string) => {
      await engine.containers.start(name);
      return name;
    };
    return overlap(call, names, work, { limit: 1 });
  },
});
