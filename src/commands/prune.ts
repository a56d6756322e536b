import type { Engine } from '../engine/engine.ts';
import type { Filters } from '../engine/filters.ts';
import { noArguments } from './arguments.ts';
import { type Command, command } from './command.ts';
import { confirm } from './confirm.ts';
import { array, bool } from './flags.ts';
import { parseFilters } from './targets.ts';

export const containerPrune = pruneOf({
  description: 'Removes all containers that do not run. Prints their ids.',
  examples: ['container prune', 'container prune --force --filter until=24h'],
  warning: 'WARNING! This will remove all non running containers.',
  prune: (engine, filters) => engine.containers.prune(filters),
});

export const podPrune = pruneOf({
  description: 'Removes all pods whose containers have ended, with their containers. Prints their ids.',
  examples: ['pod prune', 'pod prune --force --filter label=tier=test'],
  warning: 'WARNING! This will remove all stopped/exited pods..',
  prune: (engine, filters) => engine.pods.prune(filters),
});

function pruneOf(what: {
  description: string;
  examples: readonly string[];
  warning: string;
  prune(engine: Engine, filters: Filters): Promise<string[]>;
}): Command {
  return command({
    usage: '[options]',
    description: what.description,
    examples: what.examples,
    flags: {
      filter: array('Remove only what matches KEY=VALUE: label, label!, until'),
      force: bool('Do not ask for confirmation', { short: 'f' }),
    },
    args: noArguments,
    async run(call) {
      const { force, filter } = call.values;
      const filters = parseFilters(filter);
      if (!force && !(await confirm(call, what.warning))) return 0;
      for (const id of await what.prune(await call.engine(), filters)) call.stdout.line(id);
      return 0;
    },
  });
}
