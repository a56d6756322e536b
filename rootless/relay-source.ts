import { writeFileSync } from 'node:fs';
import { deliverMarked } from '../src/host/policy-route.ts';
import { openAs } from '../src/host/transparent-socket.ts';
import { type IpFamily, ipFamily } from '../src/network/ip-family.ts';

/**
 * Connections to the pod in the client's name: the relay binds the client's address, which is not of this network
 * namespace (IP_TRANSPARENT), and what the pod answers comes back to it by a mark on the packets.
 *
 * The pod may be this namespace itself: its kernel then copies the mark of what came in to what goes out
 * (tcp_fwmark_accept, fwmark_reflect). Datagrams, and pods behind a bridge of this namespace, need nftables:
 * connections of the relay's get a mark of their own, and answers on them the mark that brings them here.
 */

/** Brings a packet to this namespace, by the rule that deliverMarked makes. */
const hereMark = 0x70656170;
/** On the relay's own packets where answers are marked by their connection. */
const relayMark = 0x70656171;
const table = 0x7065;
const priority = 0x7065;

const connectionMarks = `table inet peapod-relay
delete table inet peapod-relay
table inet peapod-relay {
  chain output {
    type route hook output priority mangle; policy accept;
    meta mark ${relayMark} ct mark set ${hereMark}
    ct direction reply ct mark ${hereMark} meta mark set ${hereMark}
  }
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    ct direction reply ct mark ${hereMark} meta mark set ${hereMark}
  }
}
`;

/** nft as the rootful backend finds it: a user's PATH lacks its directory on Debian. */
const nft = 'PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin exec nft -f -';

const kernelSwitches = [
  '/proc/sys/net/ipv4/tcp_fwmark_accept',
  '/proc/sys/net/ipv4/fwmark_reflect',
  '/proc/sys/net/ipv6/fwmark_reflect',
];

/** Clients that got no answer in their own name get another chance after that time, the eldest where they are too many. */
const unheardForMs = 60_000;
const maxUnheard = 1024;

/** Bridges of other pods come and go. */
const interfacesKnownMs = 1000;

export interface Client {
  /** Canonical; an IPv4 client of an IPv6 socket as IPv4. */
  readonly ip: string;
  readonly port: number;
}

/** Which clients of a relay the pod sees as themselves, and the sockets for it. */
export class ClientAddresses {
  readonly #pod: readonly string[];
  readonly #routed = new Map<IpFamily, boolean>();
  /** Until when, on the clock of `performance`. */
  readonly #unheard = new Map<string, number>();
  #marksConnections: Promise<boolean> | undefined;
  #own: Promise<OwnAddresses> | undefined;
  #ownReadMs = Number.NEGATIVE_INFINITY;

  /** Addresses of the pod; in this network namespace, or behind one of its bridges. */
  constructor(pod: readonly string[]) {
    this.#pod = pod;
  }

  /** Undefined where the pod must see the relay: clients on the host's loopback, and families that the pod lacks. */
  clientAt(address: string, port: number): Client | undefined {
    const ip = address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
    if (ip.startsWith('127.') || ip === '::1' || ip.includes('%') || /^fe[89ab]/i.test(ip)) return undefined;
    if (!this.#podOf(ip) || (this.#unheard.get(ip) ?? 0) > performance.now()) return undefined;
    return { ip, port };
  }

  /** A TCP socket that connects, or a bound one for datagrams; undefined where it cannot be. Never rejects. */
  async open(protocol: 'tcp' | 'udp', client: Client, podPort: number): Promise<Opened | undefined> {
    try {
      const pod = this.#podOf(client.ip) as string;
      const own = await this.#ownAddresses();
      const isHere = own.addresses.has(pod);
      // A pod looks for its neighbours on its own link, where the relay is not: it could not answer them.
      if (!isHere && own.isOnLink(client.ip)) return undefined;
      if (!this.#route(ipFamily(client.ip))) return undefined;
      const byKernel = isHere && protocol === 'tcp';
      this.#marksConnections ??= byKernel ? undefined : markConnections();
      if (!byKernel && !(await this.#marksConnections)) return undefined;
      const to = protocol === 'tcp' ? { ip: pod, port: podPort } : undefined;
      return {
        fd: openAs(protocol, client, to, byKernel ? hereMark : relayMark),
        pod,
      };
    } catch (error) {
      complain(error);
      return undefined;
    }
  }

  /** The pod did not answer to the client's address, and did to the relay's. */
  forget({ ip }: Client): void {
    const [eldest] = this.#unheard.keys();
    if (eldest !== undefined && this.#unheard.size >= maxUnheard) this.#unheard.delete(eldest);
    this.#unheard.delete(ip);
    this.#unheard.set(ip, performance.now() + unheardForMs);
  }

  #podOf(client: string): string | undefined {
    return this.#pod.find((address) => ipFamily(address) === ipFamily(client));
  }

  #ownAddresses(): Promise<OwnAddresses> {
    const nowMs = performance.now();
    if (!this.#own || nowMs - this.#ownReadMs > interfacesKnownMs) {
      this.#own = readOwnAddresses();
      this.#ownReadMs = nowMs;
    }
    return this.#own;
  }

  #route(family: IpFamily): boolean {
    const known = this.#routed.get(family);
    if (known !== undefined) return known;
    const routed = route(family);
    this.#routed.set(family, routed);
    return routed;
  }
}

export interface Opened {
  readonly fd: number;
  /** The address that it leads to. */
  readonly pod: string;
}

function route(family: IpFamily): boolean {
  try {
    for (const path of kernelSwitches) {
      if (family === 6 || path.includes('ipv4')) writeFileSync(path, '1');
    }
    deliverMarked(family, { mark: hereMark, table, priority });
    return true;
  } catch (error) {
    complain(error);
    return false;
  }
}

async function markConnections(): Promise<boolean> {
  try {
    const { hostRunner } = await import('../src/host/exec.ts');
    await hostRunner.run(['sh', '-c', nft], {
      input: connectionMarks,
      timeoutMs: 5000,
    });
    return true;
  } catch (error) {
    complain(error);
    return false;
  }
}

/** Of the network namespace of the relay. */
interface OwnAddresses {
  readonly addresses: ReadonlySet<string>;
  isOnLink(ip: string): boolean;
}

async function readOwnAddresses(): Promise<OwnAddresses> {
  const { parseCidr, subnetHolds } = await import('../src/network/subnet.ts');
  const found = Object.values(process.getBuiltinModule('node:os').networkInterfaces()).flatMap(
    (addresses) => addresses ?? [],
  );
  const subnets = found.flatMap(({ cidr }) => (cidr === null ? [] : (parseCidr(cidr)?.subnet ?? [])));
  return {
    addresses: new Set(found.map(({ address }) => address)),
    isOnLink: (ip) => subnets.some((subnet) => subnetHolds(subnet, ip)),
  };
}

/** Into relay.log. */
function complain(error: unknown): void {
  console.error(`clients appear as the relay: ${error instanceof Error ? error.message : error}`);
}
