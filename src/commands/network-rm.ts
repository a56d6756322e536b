import { atLeast, noArguments, wrongArguments } from './arguments.ts';
import { command } from './command.ts';
import { confirm } from './confirm.ts';
import { array, bool, uint } from './flags.ts';
import { overlap } from './overlap.ts';
import { pruneFlags } from './prune-flags.ts';
import { parseFilters } from './targets.ts';

export const networkRm = command({
  usage: '[options] NETWORK [NETWORK...]',
  description:
    'Removes networks. One with pods or containers is refused without --force; with it, they are removed first.',
  examples: ['network rm web', 'network rm --force web back'],
  flags: {
    force: bool('Remove the pods and containers that use the network first', { short: 'f' }),
    time: uint('Seconds to wait for running containers to stop before killing them', {
      short: 't',
      default: '10',
    }),
  },
  args: atLeast(1),
  async run(call) {
    const { force, time: timeoutSeconds } = call.values;
    if (timeoutSeconds !== undefined && !force)
      throw wrongArguments('--force option must be specified to use the --time option', call.command);
    const { networks } = await call.engine();
    const remove = (name: string) => networks.remove(name, { force, timeoutSeconds });
    return overlap(call, call.args, remove, {
      limit: 1,
      ignoreMissing: force,
      exitCodes: { NOT_FOUND: 1, NETWORK_IN_USE: 2 },
    });
  },
});

export const networkPrune = command({
  usage: '[options]',
  description: `Removes all networks that no pod or container uses. The default network stays, and so does what other
tools have configured for themselves.`,
  examples: ['network prune', 'network prune --dry-run', 'network prune --force --filter label=tier=back'],
  flags: {
    ...pruneFlags,
    filter: array('Remove only what matches KEY=VALUE: label, label!, until'),
  },
  args: noArguments,
  async run(call) {
    const { force, filter, 'dry-run': dryRun } = call.values;
    const filters = parseFilters(filter);
    const warning = 'WARNING! This will remove all networks not used by at least one container.';
    if (!force && !dryRun && !(await confirm(call, warning))) return 0;
    const { networks } = await call.engine();
    const warn = (line: string) => call.stderr.line(line);
    for (const name of await networks.prune(filters, warn, { dryRun })) call.stdout.line(name);
    return 0;
  },
});
