import { join } from 'node:path';
import { networkSearchPath } from '../host/search-path.ts';
import { which } from '../host/tools.ts';
import { readNames } from '../image/work-directory.ts';
import type { BackendName } from '../network/backend.ts';
import { LeaseDirectory } from '../network/lease-directory.ts';
import type { Context } from './context.ts';
import { type FoundLeak, isId, leakOf, type Owners } from './leaks.ts';

const backends = ['slirp4netns', 'pasta', 'bridge'] as const;

/** Attachments by their directories: which backend made one is not known any more, and each takes away its own alone. */
export function leakedNetworks(context: Context, owners: Owners): FoundLeak[] {
  const sandboxes = join(context.paths.runRoot, 'sandboxes');
  return readNames(sandboxes)
    .filter((id) => isId(id) && !owners.known.has(id))
    .flatMap((id) =>
      readNames(join(sandboxes, id, 'network')).map((ifname) => {
        const what = `${ifname} of ${id.slice(0, 12)}`;
        return leakOf(owners, id, { kind: 'network', what }, () => detach(context, id, ifname, backends));
      }),
    );
}

async function detach(
  context: Context,
  id: string,
  ifname: string,
  names: readonly BackendName[],
): Promise<void> {
  const dir = context.paths.sandbox(id);
  const target = {
    id,
    name: id.slice(0, 12),
    network: networkOf(context, id, ifname) ?? '',
    ifname,
    netnsPath: join(dir, 'net'),
    runtimeDir: join(dir, 'network', ifname),
  };
  for (const name of names) await (await context.backend(name)).detach(target);
}

/** The network that has given it an address; names are served by network. */
function networkOf({ paths }: Context, id: string, ifname: string): string | undefined {
  return readNames(paths.leases).find((network) =>
    new LeaseDirectory(join(paths.leases, network))
      .read()
      .some((lease) => lease.id === id && lease.ifname === ifname),
  );
}

/** Addresses of pods and containers that are gone. Root's leases are shared with other runtimes: theirs are not looked at. */
export function leakedAddresses({ paths }: Context, owners: Owners): FoundLeak[] {
  return readNames(paths.leases).flatMap((network) => {
    const leases = new LeaseDirectory(join(paths.leases, network));
    return leases
      .read()
      .filter(({ id }) => !owners.known.has(id) && owners.isOurs(id))
      .map(({ id, ifname, address }) =>
        leakOf(owners, id, { kind: 'address', what: `${address} of network ${network}` }, async () => {
          await leases.release(id, ifname === '' ? undefined : ifname);
        }),
      );
  });
}

const table = ['table', 'inet', 'peapod'];

/**
 * Elements of peapod's table carry the id of the pod that they serve; other stores of root have theirs in it, too.
 * Without root the table is in the user's own network namespace, which goes with its last pod.
 */
export async function leakedRules(context: Context, owners: Owners): Promise<FoundLeak[]> {
  const { facts, host } = context;
  const nft = facts.rootless ? undefined : findNft(facts.env.PATH);
  if (nft === undefined) return [];
  const { exitCode, stdout } = await host.run([nft, 'list', ...table], { accept: 'any' });
  if (exitCode !== 0) return [];
  const ids = new Set(stdout.match(/(?<=comment ")[0-9a-f]{64}(?=")/g) ?? []);
  return [...ids]
    .filter((id) => !owners.known.has(id) && owners.isOurs(id))
    .map((id) => {
      const what = `those of ${id.slice(0, 12)} in ${table.join(' ')}`;
      return leakOf(owners, id, { kind: 'rule', what }, () => detach(context, id, 'eth0', ['bridge']));
    });
}

function findNft(path: string | undefined): string | undefined {
  try {
    return which('nft', networkSearchPath(path));
  } catch {
    return undefined;
  }
}
