import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Paths } from '../src/host/paths.ts';
import { endStrays, namedPath } from '../src/host/process-list.ts';

/**
 * A runtime directory can be removed under what runs. Its keeper cannot be found again then, and
 * with it the user's network namespace is lost. What served both is ended before the next keeper starts, once in the
 * life of a directory. Containers go on as they are until somebody starts or stops them.
 */
export async function endFormerLife({ runRoot, keeper }: Pick<Paths, 'runRoot' | 'keeper'>): Promise<void> {
  const done = join(keeper, 'first');
  if (existsSync(done)) return;
  const ofKeeper = ` peapod-keeper ${RegExp.escape(runRoot)} \\d+$`;
  const ofNetwork = ['keeper/network', 'dns'].map((name) => namedPath(join(runRoot, name)));
  await endStrays(new RegExp([ofKeeper, ...ofNetwork].join('|')));
  writeFileSync(done, '');
}
