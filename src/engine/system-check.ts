import type { Context } from './context.ts';
import { type FoundLeak, type Leak, type Owners, readOwners } from './leaks.ts';
import { leakedDirectories, leakedFiles } from './leaks-files.ts';
import { leakedAddresses, leakedNetworks, leakedRules } from './leaks-network.ts';
import { leakedCgroups, leakedContainers, leakedMounts, leakedProcesses } from './leaks-runtime.ts';

type Look = (context: Context, owners: Owners) => Promise<FoundLeak[]> | FoundLeak[];

/** Processes first: they hold mounts, which hide directories; and what is known by a directory before it goes. */
const looks: readonly Look[] = [
  leakedContainers,
  leakedNetworks,
  leakedProcesses,
  leakedRules,
  leakedMounts,
  leakedAddresses,
  leakedCgroups,
  leakedDirectories,
  leakedFiles,
];

/**
 * Compares what is there with what the store accounts for. What abandoned operations left has been recovered before
 * this runs, as before any other command.
 */
export async function checkSystem(context: Context, { repair }: { repair: boolean }): Promise<Leak[]> {
  const leaks: Leak[] = [];
  for (const look of looks) {
    for (const { repair: mend, ...leak } of await look(context, readOwners(context))) {
      if (repair) await mend?.();
      leaks.push({ ...leak, repaired: repair && mend !== undefined });
    }
  }
  return leaks;
}
