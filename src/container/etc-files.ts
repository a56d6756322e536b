import type { HostEntry } from '../store/records.ts';

/** Texts of files that peapod writes for a container, as podman writes them. See hosts(5), hostname(5). */

export interface HostsInput {
  /** Text of the host's /etc/hosts; its entries are taken over. */
  readonly base: string;
  /** `--add-host`: first in the file, so that they win. */
  readonly added: readonly HostEntry[];
  /** Plain addresses of the pod or container; none with network `none` and `host`. */
  readonly addresses: readonly string[];
  /** Names that each address gets: the hostname, the container's name. */
  readonly names: readonly string[];
  /** Address under which the container reaches its host; unknown where absent. */
  readonly hostAddress?: string | undefined;
}

/** /etc/hosts. A name that has an entry already gets no second one of ours. */
export function buildHosts(input: HostsInput): string {
  const given: readonly HostLine[] = [
    ...input.added.map(({ host, address }) => ({ address, names: [host] })),
    ...parseHosts(input.base),
  ];
  const taken = new Set(given.flatMap(({ names }) => names));
  const ours: readonly HostLine[] = [
    { address: '127.0.0.1', names: ['localhost'] },
    { address: '::1', names: ['localhost'] },
    ...(input.hostAddress ? [{ address: input.hostAddress, names: ['host.containers.internal'] }] : []),
    ...(input.addresses.length ? input.addresses : ['127.0.0.1']).map((address) => ({
      address,
      names: [...new Set(input.names)].filter((name) => name !== ''),
    })),
  ];
  const free = ours
    .map(({ address, names }) => ({ address, names: names.filter((name) => !taken.has(name)) }))
    .filter(({ names }) => names.length > 0);
  return [...given, ...free].map(({ address, names }) => `${address}\t${names.join(' ')}\n`).join('');
}

interface HostLine {
  readonly address: string;
  readonly names: readonly string[];
}

function parseHosts(text: string): HostLine[] {
  return text.split('\n').flatMap((line) => {
    const [address, ...names] = line.replace(/#.*/, '').split(/\s+/).filter(Boolean);
    return address !== undefined && names.length > 0 ? [{ address, names }] : [];
  });
}

/** /etc/hostname. */
export function buildHostname(hostname: string): string {
  return `${hostname}\n`;
}

export interface ContainerenvInput {
  readonly version: string;
  readonly name: string;
  readonly id: string;
  readonly imageName: string;
  readonly imageId: string;
  readonly rootless: boolean;
  readonly privileged: boolean;
}

/** /run/.containerenv: a mark for programs; only a privileged container is told about itself. */
export function buildContainerenv(input: ContainerenvInput): string {
  if (!input.privileged) return '';
  const lines = {
    engine: `peapod-${input.version}`,
    name: input.name,
    id: input.id,
    image: input.imageName,
    imageid: input.imageId,
  };
  const text = Object.entries(lines).map(([key, value]) => `${key}=${JSON.stringify(value)}\n`);
  return `${text.join('')}rootless=${input.rootless ? 1 : 0}\n`;
}
