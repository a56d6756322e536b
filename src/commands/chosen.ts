import type { Filters } from '../engine/filters.ts';
import type { Call } from './command.ts';
import { array, bool, type FlagSet } from './flags.ts';
import { targets } from './targets.ts';

/** How verbs for several containers are told which. */
export const chooseContainers = {
  all: bool('Act on all containers', { short: 'a' }),
  cidfile: array('Read the id of the container from this file'),
  latest: bool('Act on the last created container', { short: 'l' }),
} as const;

export const choosePods = {
  all: bool('Act on all pods', { short: 'a' }),
  latest: bool('Act on the last created pod', { short: 'l' }),
} as const;

export const filterFlag = array('Act on what matches KEY=VALUE');

interface Chosen {
  readonly all: boolean;
  readonly latest: boolean;
  readonly cidfile?: readonly string[];
  readonly filter?: readonly string[];
  readonly 'pod-id-file'?: readonly string[];
}

type ChoosingCall = Pick<Call<FlagSet>, 'command' | 'args' | 'engine'> & { values: Chosen };

/** `states`: what `--all` is about, with `alsoFiltered` what `--filter` is about, too. */
export function chosenContainers(
  call: ChoosingCall,
  states?: readonly string[],
  alsoFiltered = false,
): Promise<string[]> {
  return chosen(call, call.values.cidfile, async (filters) => {
    const { containers } = await call.engine();
    const narrowed = call.values.all || (alsoFiltered && filters !== undefined);
    return containers.list(states !== undefined && narrowed ? { ...filters, status: states } : filters);
  });
}

export function chosenPods(call: ChoosingCall, statuses?: readonly string[]): Promise<string[]> {
  return chosen(call, call.values['pod-id-file'], async (filters) => {
    const { pods } = await call.engine();
    return pods.list(statuses !== undefined && call.values.all ? { ...filters, status: statuses } : filters);
  });
}

function chosen(
  { command, args, values }: ChoosingCall,
  idFiles: readonly string[] | undefined,
  list: (filters?: Filters) => Promise<readonly { id: string; createdAtMs: number }[]>,
): Promise<string[]> {
  const { all, latest, filter: filters } = values;
  return targets({
    command,
    names: args,
    all,
    latest,
    ...(idFiles ? { idFiles } : {}),
    ...(filters ? { filters } : {}),
    list,
  });
}
