import type { Runner } from '../../src/host/exec.ts';
import { podAddresses } from './attachment.ts';
import { freeWithoutDaemon } from './dhcp.ts';
import type { CniResult } from './result.ts';

/** A DEL that gets over what makes the reference plugins give up. */
export async function deleteInNetns(
  place: Place,
  netns: PodInterfacePlace,
  result: CniResult | undefined,
  del: (path: string) => Promise<void>,
): Promise<void> {
  await withNetns(place, netns, result, del)
    // They fail where their rules are gone, after a reload of the firewall, but have removed the interface by
    // then: without it they look for no rules.
    .catch(() => withNetns(place, netns, undefined, del))
    .catch((error) => freeWithoutDaemon(error, place, netns));
}

interface Place {
  readonly runner: Runner;
  readonly ip: string;
}

interface PodInterfacePlace {
  readonly path: string;
  readonly ifname: string;
}

/**
 * For a DEL, the namespace as it was after ADD. The reference plugins bridge and ptp read from the interface
 * which addresses they masquerade, and where it has lost them, or is gone with its namespace, they leave the
 * rules behind. So what is missing of interface and addresses is put back, and a namespace that is gone gets a
 * stand-in. `use` gets an empty path where no result tells what there was.
 */
async function withNetns<T>(
  place: Place,
  netns: PodInterfacePlace,
  result: CniResult | undefined,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const addresses = result ? podAddresses(result).map(({ address }) => address) : [];
  const { stdout } = await place.runner.run(
    ['sh', '-c', script, place.ip, netns.path, `${addresses.length}`],
    {
      input: interfaceLines(netns.ifname, addresses),
    },
  );
  const path = stdout.trim();
  try {
    return await use(path);
  } finally {
    if (path !== '' && path !== netns.path) {
      await place.runner.run(['sh', '-c', 'umount "$0" && rm -f "$0"', path]);
    }
  }
}

/** Prints the path of the namespace to use. A stand-in is pinned, so that it needs no process. */
const script = `case $(stat --file-system --format=%T "$1" 2>/dev/null) in
nsfs | proc)
  nsenter --net="$1" "$0" -force -batch - >/dev/null 2>&1
  echo "$1"
  exit
esac
[ "$2" -gt 0 ] || exit 0
file=$(mktemp) || exit 1
unshare --net="$file" true || { rm -f "$file"; exit 1; }
nsenter --net="$file" "$0" -force -batch - >/dev/null 2>&1
echo "$file"`;

/** Each line fails where there is nothing to put back. A veth, for not every kernel has dummy interfaces. */
function interfaceLines(ifname: string, addresses: readonly string[]): string {
  if (addresses.length === 0) return '';
  const peer = ifname === 'peer0' ? 'peer1' : 'peer0';
  const lines = [
    `link add name ${ifname} type veth peer name ${peer}`,
    ...addresses.map((cidr) => `address add ${cidr} dev ${ifname}${cidr.includes(':') ? ' nodad' : ''}`),
  ];
  return `${lines.join('\n')}\n`;
}
