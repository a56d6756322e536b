import { PeapodError } from '../errors.ts';
import { anyArguments, wrongArguments } from './arguments.ts';
import { command } from './command.ts';
import { shortId } from './container-row.ts';
import { bool } from './flags.ts';
import { targets } from './targets.ts';

export const port = command({
  usage: '[options] CONTAINER [PORT[/PROTOCOL]]',
  description: 'Prints where the ports of a container are published, or where one of them is.',
  examples: ['port web', 'port web 80', 'port web 53/udp', 'port --all'],
  flags: {
    all: bool('Show the ports of all containers', { short: 'a' }),
    latest: bool('Act on the last created container', { short: 'l' }),
  },
  args: anyArguments,
  async run(call) {
    const { all, latest } = call.values;
    const named = call.args.slice(0, latest ? 0 : 1);
    const [wanted, ...rest] = call.args.slice(latest ? 0 : 1);
    if (rest.length > 0 || (all && wanted !== undefined))
      throw wrongArguments(all ? 'no arguments are needed with --all' : 'too many arguments', call.command);
    const names = await targets({
      command: call.command,
      names: named,
      all,
      latest,
      missing: 'you must supply a running container name or id',
      list: async (filters) => (await call.engine()).containers.list(filters),
    });
    const { containers } = await call.engine();
    for (const name of names) {
      const before = all ? `${shortId(name, false)}\t` : '';
      const ports = await containers.ports(name);
      if (wanted !== undefined) {
        const key = wanted.includes('/') ? wanted : `${wanted}/tcp`;
        const found = ports.find(({ containerPort }) => containerPort === key);
        if (found === undefined)
          throw new PeapodError('NOT_FOUND', `failed to find published port "${wanted}"`, {
            hint: `'peapod port ${name}' prints those that are`,
          });
        for (const binding of found.bindings) call.stdout.line(binding);
      } else
        for (const { containerPort, bindings } of ports)
          for (const binding of bindings) call.stdout.line(`${before}${containerPort} -> ${binding}`);
    }
    return 0;
  },
});
