import { readHostFacts } from '../host/facts.ts';
import { resolvePaths } from '../host/paths.ts';
import type { NamedThing as Named, StoredKind } from '../store/name-reader.ts';

export type NameKind = StoredKind | 'network';
export type NamedThing = Named<NameKind>;

/** Options of every command, where they were given. */
export interface StoreRoots {
  readonly root?: string | undefined;
  readonly runroot?: string | undefined;
  readonly 'network-config-dir'?: string | undefined;
}

/** Names for shells to complete: loads little, changes nothing, starts nothing. */
export async function listNames(kinds: readonly NameKind[], roots: StoreRoots): Promise<NamedThing[]> {
  // The runtime directory is of no interest here, and looking for a good one may make it.
  const paths = resolvePaths(readHostFacts(), {
    root: roots.root,
    runRoot: roots.runroot ?? '/run/peapod',
    networkConfig: roots['network-config-dir'],
  });
  const stored = kinds.filter((kind) => kind !== 'network');
  const [{ readNames }, networks] = await Promise.all([
    import('../store/name-reader.ts'),
    kinds.includes('network') ? networkNames(paths) : [],
  ]);
  return [...(stored.length === 0 ? [] : readNames(paths.database, stored)), ...networks];
}

async function networkNames(paths: { networkConfig: string; root: string }): Promise<NamedThing[]> {
  const { NetworkFiles } = await import('../network/network-files.ts');
  return new NetworkFiles(paths).scan().lists.map(({ name }) => ({ kind: 'network', name }));
}
