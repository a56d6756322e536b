import type { Engine } from '../engine/engine.ts';
import type { Filters } from '../engine/filters.ts';
import { noArguments } from './arguments.ts';
import { type Command, command } from './command.ts';
import { confirm } from './confirm.ts';
import { array } from './flags.ts';
import { pruneFlags } from './prune-flags.ts';
import { parseFilters } from './targets.ts';

export const containerPrune = pruneOf({
  description: 'Removes all containers that do not run. Prints their ids.',
  examples: ['container prune --dry-run', 'container prune --force --filter until=24h'],
  warning: 'WARNING! This will remove all non running containers.',
  prune: (engine, filters, dryRun) => engine.containers.prune(filters, { dryRun }),
});

export const podPrune = pruneOf({
  description: 'Removes all pods whose containers have ended, with their containers. Prints their ids.',
  examples: ['pod prune --dry-run', 'pod prune --force --filter label=tier=test'],
  warning: 'WARNING! This will remove all stopped/exited pods..',
  prune: (engine, filters, dryRun) => engine.pods.prune(filters, { dryRun }),
});

function pruneOf(what: {
  description: string;
  examples: readonly string[];
  warning: string;
  prune(engine: Engine, filters: Filters, dryRun: boolean): Promise<string[]>;
}): Command {
  return command({
    usage: '[options]',
    description: what.description,
    examples: what.examples,
    flags: {
      ...pruneFlags,
      filter: array('Remove only what matches KEY=VALUE: label, label!, until'),
    },
    args: noArguments,
    async run(call) {
      const { force, filter, 'dry-run': dryRun } = call.values;
      const filters = parseFilters(filter);
      if (!force && !dryRun && !(await confirm(call, what.warning))) return 0;
      for (const id of await what.prune(await call.engine(), filters, dryRun)) call.stdout.line(id);
      return 0;
    },
  });
}
