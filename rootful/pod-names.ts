import { join } from 'node:path';
import { PeapodError } from '../src/errors.ts';
import type { Runner } from '../src/host/exec.ts';
import type { Paths } from '../src/host/paths.ts';
import type { Attachment, NetworkTarget, PodNetworkSpec } from '../src/network/backend.ts';
import { type BridgeNetwork, defaultDnsDomain } from './bridge-network.ts';
import type { HostTools } from './host-tools.ts';
import { bridgeAddresses, type PodLink } from './links.ts';
import { NetworkDns } from './network-dns.ts';

/** Where name servers run and whom they ask. */
export interface NamesPlace {
  /** Enters the network namespace of the bridges; called when a name server is started. */
  runner(): Promise<Runner>;
  /** That namespace as this process can open it; undefined where it is gone. */
  netnsPath(): string | undefined;
  /** Asked about the names of the world where neither pod nor network says whom; the host's resolvers where empty. */
  readonly forwarders: readonly string[];
}

export interface PodNamesOptions {
  readonly paths: Pick<Paths, 'runRoot'>;
  readonly tools: HostTools;
  readonly place: NamesPlace;
  /** Ids of the targets that have an address on the network; undefined where nobody knows. */
  owners(network: string): ReadonlySet<string> | undefined;
}

export type NamedAttachment = Pick<Attachment, 'dns' | 'dnsSearch' | 'dnsClosed' | 'dnsOnDemand' | 'opaque'>;

const serverNames = { true: 'forwarding', false: 'closed' } as const;

/** The names of pods on bridge networks, as attachments tell of them. */
export class PodNames {
  readonly #options: PodNamesOptions;
  readonly #dns: NetworkDns;

  constructor(options: PodNamesOptions) {
    this.#options = options;
    const { paths, tools, place, owners } = options;
    this.#dns = new NetworkDns({
      directory: join(paths.runRoot, 'dns'),
      program: () => tools.path('aardvark-dns'),
      runner: place.runner,
      netnsPath: place.netnsPath,
      owners,
    });
  }

  /** Touches nothing. Throws INVALID_ARGUMENT, NETWORK_UNSUPPORTED, TOOL_MISSING. */
  validate(network: BridgeNetwork, spec: PodNetworkSpec): void {
    const aliases = aliasesOf(spec);
    const wrong = aliases.find((alias) => !/^[a-zA-Z0-9_][a-zA-Z0-9_.-]*$/.test(alias));
    if (wrong !== undefined) {
      throw new PeapodError('INVALID_ARGUMENT', `"${wrong}" is not a name that a pod can have on a network`, {
        hint: 'alias takes letters, digits, dots, dashes and underscores',
      });
    }
    if (isNamed(network)) this.#options.tools.path('aardvark-dns');
    else if (aliases.length > 0) {
      throw new PeapodError(
        'NETWORK_UNSUPPORTED',
        `network "${network.name}" serves no names, so no aliases`,
        {
          hint: 'networks of `peapod network create` serve names unless they were made with --disable-dns',
        },
      );
    }
  }

  /**
   * From now on the pod has its own name and its aliases. `bridge` resolves when the bridge has its addresses.
   * Returns what its attachment says about name servers.
   */
  async serve(
    network: BridgeNetwork,
    target: NetworkTarget,
    spec: PodNetworkSpec,
    { addresses }: PodLink,
    bridge: Promise<unknown>,
  ): Promise<NamedAttachment> {
    const listen = listenAddresses(network);
    const forwards = !network.internal;
    const chosen = [spec.dnsServers, network.dnsServers].find((servers) => servers && servers.length > 0);
    const families = new Set(addresses.map(({ subnet }) => subnet.family));
    const dns = listen.filter((address) => families.has(address.includes(':') ? 6 : 4));
    if (!isNamed(network)) {
      if (!forwards || dns.length === 0) return { dns: network.dnsServers, opaque: {} };
      const place = { listen: listen.join(','), forwarders: chosen?.join(',') ?? '' };
      if (this.#dns.knows({ name: network.name, forwards }, target.id)) {
        await this.#forward(
          target,
          addresses.map(({ address }) => address),
          place,
          bridge,
        );
      }
      return { dns: network.dnsServers, dnsOnDemand: dns, opaque: place };
    }
    const aliases = aliasesOf(spec);
    const domain = network.dnsDomain;
    await this.#dns.set(
      { name: network.name, listen, forwards },
      {
        id: target.id,
        addresses: addresses.map(({ address }) => address),
        names: namesIn(domain, [...ownNames(target), ...aliases]),
        forwarders: forwards ? (chosen ?? this.#options.place.forwarders) : [],
      },
      bridge,
    );
    return {
      dns,
      dnsSearch: [domain],
      ...(forwards ? {} : { dnsClosed: true }),
      opaque: { nameServer: serverNames[`${forwards}`], aliases: aliases.join(',') },
    };
  }

  /** Besides its own name and its aliases the pod has these. */
  async set(target: NetworkTarget, last: Attachment, names: () => readonly string[]): Promise<void> {
    if (last.dnsOnDemand) {
      const addresses = last.addresses.map((cidr) => cidr.split('/')[0] as string);
      return this.#forward(target, addresses, last.opaque, Promise.resolve());
    }
    const server = serverOf(last);
    const [domain] = last.dnsSearch ?? [];
    if (!server || domain === undefined) return;
    const aliases = last.opaque.aliases?.split(',').filter(Boolean) ?? [];
    await this.#dns.setNames(server, target.id, () =>
      namesIn(domain, [...ownNames(target), ...aliases, ...names()]),
    );
  }

  /** For a pod on a network without names, for the sake of others that it is on: there nobody finds it by any name. */
  async #forward(
    { id, network }: NetworkTarget,
    addresses: readonly string[],
    { listen = '', forwarders = '' }: Attachment['opaque'],
    bridge: Promise<unknown>,
  ): Promise<void> {
    const own = forwarders.split(',').filter(Boolean);
    await this.#dns.set(
      { name: network, listen: listen.split(','), forwards: true },
      {
        id,
        addresses,
        // A zone wants a name.
        names: [id.slice(0, 12)],
        forwarders: own.length > 0 ? own : this.#options.place.forwarders,
      },
      bridge,
    );
  }

  /** Idempotent; needs no attachment. */
  remove(target: NetworkTarget): Promise<void> {
    return this.#dns.remove(target.id, target.network);
  }

  /** Reads /proc only. */
  missing({ id }: NetworkTarget, last: Attachment): string[] {
    const server = this.#serverFor(id, last);
    return server && !this.#dns.isServed(server) ? ['aardvark-dns'] : [];
  }

  /** What of the pod's names is not there, in words. */
  drift(target: NetworkTarget, last: Attachment): string[] {
    const server = this.#serverFor(target.id, last);
    if (!server) return [];
    if (!this.#dns.isServed(server)) return ['the name server aardvark-dns'];
    return this.#dns.knows(server, target.id) ? [] : [`its names on ${last.network}`];
  }

  #serverFor(targetId: string, last: Attachment): ReturnType<typeof serverOf> {
    if (!last.dnsOnDemand) return serverOf(last);
    const server = { name: last.network, forwards: true };
    return this.#dns.knows(server, targetId) ? server : undefined;
  }
}

/** Undefined where the attachment's network serves no names. */
function serverOf(last: Attachment): { name: string; forwards: boolean } | undefined {
  const { nameServer } = last.opaque;
  return nameServer === undefined
    ? undefined
    : { name: last.network, forwards: nameServer === serverNames.true };
}

function isNamed(network: BridgeNetwork): boolean {
  return network.dnsEnabled && listenAddresses(network).length > 0;
}

function listenAddresses(network: BridgeNetwork): string[] {
  return bridgeAddresses(network).map((cidr) => cidr.split('/')[0] as string);
}

/** aardvark-dns itself takes its own domain off; names of any other are names like all. */
function namesIn(domain: string, names: readonly string[]): string[] {
  return domain === defaultDnsDomain ? [...names] : names.flatMap((name) => [name, `${name}.${domain}`]);
}

/** podman's: the name and the short id. */
function ownNames({ id, name }: NetworkTarget): string[] {
  return [name, id.slice(0, 12)];
}

function aliasesOf({ options }: PodNetworkSpec): string[] {
  return options.alias?.split(',').filter(Boolean) ?? [];
}
