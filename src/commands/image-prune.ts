import { noArguments } from './arguments.ts';
import { command } from './command.ts';
import { confirm } from './confirm.ts';
import { array, bool } from './flags.ts';
import { pruneFlags } from './prune-flags.ts';
import { parseFilters } from './targets.ts';

export const imagePrune = command({
  usage: '[options]',
  description:
    'Removes images without a name, or with --all every image that no container uses. Prints their ids.',
  examples: ['image prune', 'image prune --all --force --filter until=240h'],
  flags: {
    ...pruneFlags,
    all: bool('Remove all images without a container, not just those without a name', { short: 'a' }),
    external: bool("Also those that only other tools' containers use; there are none here"),
    filter: array('Remove only what matches KEY=VALUE: label, label!, until, …'),
  },
  args: noArguments,
  async run(call) {
    const { all, filter, force, 'dry-run': dryRun } = call.values;
    const filters = parseFilters(filter);
    const warning = all
      ? 'WARNING! This command removes all images without at least one container associated with them.'
      : 'WARNING! This command removes all dangling images.';
    if (!force && !dryRun && !(await confirm(call, warning))) return 0;
    const { images } = await call.engine();
    for (const id of await images.prune({ all, filters, dryRun })) call.stdout.line(id);
    return 0;
  },
});
