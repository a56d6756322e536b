import { messageOf } from '../errors.ts';
import type { Context } from './context.ts';
import { type FoundLeak, type Leak, type Owners, readOwners } from './leaks.ts';
import { leakedDirectories, leakedFiles } from './leaks-files.ts';
import { leakedAddresses, leakedNetworks, leakedRules } from './leaks-network.ts';
import { leakedResults } from './leaks-plugins.ts';
import { leakedCgroups, leakedContainers, leakedMounts, leakedProcesses } from './leaks-runtime.ts';

type Look = (context: Context, owners: Owners) => Promise<FoundLeak[]> | FoundLeak[];

/** Processes first: they hold mounts, which hide directories; and what is known by a directory before it goes. */
const looks: readonly Look[] = [
  leakedContainers,
  leakedNetworks,
  leakedResults,
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
      const failure = repair && mend ? await failureOf(mend) : undefined;
      const why = failure === undefined ? leak.why : `${leak.why}; taking it away failed: ${failure}`;
      leaks.push({ ...leak, why, repaired: repair && mend !== undefined && failure === undefined });
    }
  }
  return leaks;
}

/** One that cannot be mended keeps no other from being so. */
async function failureOf(mend: () => Promise<void> | void): Promise<string | undefined> {
  try {
    await mend();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
