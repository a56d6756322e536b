import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readNames } from '../image/work-directory.ts';
import type { AttachmentId } from '../network/backend.ts';
import { LeaseDirectory } from '../network/lease-directory.ts';
import type { Context } from './context.ts';
import type { FoundLeak, Owners } from './leaks.ts';

/**
 * What CNI plugins have made for pods and containers that are gone, by the results of ADD, which are this store's own.
 * Taking one away has the plugins of its network collect their garbage (GC of the specification).
 */
export function leakedResults(context: Context, owners: Owners): FoundLeak[] {
  const { runRoot, root } = context.paths;
  return readNames(resultsOf(root)).flatMap((file) => {
    const [, network, id, ifname] = /^(.+)-([0-9a-f]{64})-(.+)$/.exec(file) ?? [];
    if (!network || !id || !ifname || owners.known.has(id)) return [];
    // Told by its directory already.
    if (existsSync(join(runRoot, 'sandboxes', id, 'network', ifname))) return [];
    const name = id.slice(0, 12);
    const what = `${ifname} of ${name} on ${network}`;
    const repair = () => collect(context, network, { containerId: id, ifname });
    return { kind: 'network' as const, what, why: `no pod or container ${name} is in the store`, repair };
  });
}

async function collect(context: Context, network: string, { containerId: id, ifname }: AttachmentId) {
  const dir = context.paths.sandbox(id);
  const lost = {
    id,
    name: id.slice(0, 12),
    network,
    ifname,
    netnsPath: join(dir, 'net'),
    runtimeDir: join(dir, 'network', ifname),
  };
  const backend = await context.backend('bridge');
  await (backend.collectGarbage?.(lost, living(context, network)) ?? backend.detach(lost));
}

/**
 * All that live on a network: plugins free what is not among them. Those of other stores and runtimes are known by
 * their leases, and where libcni remembers them.
 */
function living({ store, paths }: Context, network: string): AttachmentId[] {
  const ours = store.sandboxes.all().flatMap(({ id, attachments }) =>
    Object.values(attachments)
      .filter((attachment) => attachment.network === network)
      .map(({ ifname }) => ({ containerId: id, ifname })),
  );
  const made = readNames(resultsOf(paths.root));
  const leased = new LeaseDirectory(join(paths.leases, network))
    .read()
    .filter(({ id }) => !made.some((file) => file.includes(`-${id}-`)))
    .map(({ id, ifname }) => ({ containerId: id, ifname }));
  const others = join(dirname(paths.leases), 'results');
  const remembered = readNames(others)
    .filter((file) => file.startsWith(`${network}-`))
    .map((file) => JSON.parse(readFileSync(join(others, file), 'utf8')) as Record<string, unknown>)
    .filter(({ networkName }) => networkName === network)
    .map(({ containerId, ifName }) => ({ containerId: String(containerId), ifname: String(ifName) }));
  return [...ours, ...leased, ...remembered];
}

function resultsOf(root: string): string {
  return join(root, 'cni', 'results');
}
