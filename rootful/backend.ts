import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isPeapodError, messageOf, PeapodError } from '../src/errors.ts';
import type { Runner } from '../src/host/exec.ts';
import type { HostFacts } from '../src/host/facts.ts';
import { waitForLock } from '../src/host/locks.ts';
import type { Paths } from '../src/host/paths.ts';
import type {
  Attachment,
  NetworkBackend,
  NetworkCapabilities,
  NetworkTarget,
  PodNetworkSpec,
} from '../src/network/backend.ts';
import { isInterfaceName } from '../src/network/interface-name.ts';
import { releaseEverywhere } from '../src/network/lease-directory.ts';
import type { PortMapping, PublishedPort } from '../src/network/types.ts';
import { Bridges, idleBridges } from './bridge.ts';
import type { BridgeNetwork } from './bridge-network.ts';
import { findDrift } from './drift.ts';
import { Firewall } from './firewall.ts';
import { Forwarding } from './forwarding.ts';
import { HostTools } from './host-tools.ts';
import { type AssignedAddress, Ipam } from './ipam.ts';
import { hostInterfaceName, macOf, type PodLink } from './links.ts';
import { Networks } from './networks.ts';
import { networkElements } from './nftables.ts';
import { type NamedAttachment, type NamesPlace, PodNames } from './pod-names.ts';
import { Publisher, refuseUnpublishable } from './publisher.ts';

export interface BridgeBackendOptions {
  /** Enters the network namespace that the bridges live in: the host for root, else the user's own. */
  readonly runner: Runner;
  readonly paths: Pick<Paths, 'root' | 'runRoot' | 'networkConfig' | 'leases'>;
  readonly facts: Pick<HostFacts, 'env'>;
  /** Where name servers run; beside the caller, where this is left out. */
  readonly names?: NamesPlace;
}

const lockTimeoutMs = 30_000;
/** The bridge's, where neither conflist nor kernel says otherwise. */
const defaultMtuBytes = 1500;

/**
 * Pods on a bridge of the host, as the CNI plugins bridge, host-local, portmap and firewall would put them
 * there: same conflists, same leases, but rules in nftables' own table and two short processes in a row.
 */
export class BridgeBackend implements NetworkBackend {
  readonly name = 'bridge';
  readonly capabilities: NetworkCapabilities = {
    protocols: ['tcp', 'udp', 'sctp'],
    ipv6: true,
    podToPod: true,
    sourceAddress: true,
    staticAddress: true,
  };
  readonly #options: BridgeBackendOptions;
  readonly #tools: HostTools;
  readonly #networks: Networks;
  readonly #bridges: Bridges;
  readonly #firewall: Firewall;
  readonly #forwarding: Forwarding;
  readonly #publisher: Publisher;
  readonly #names: PodNames;

  constructor(options: BridgeBackendOptions) {
    this.#options = options;
    this.#tools = new HostTools(options.facts.env.PATH);
    this.#networks = new Networks(options.paths);
    this.#bridges = new Bridges(options.runner, this.#tools);
    this.#firewall = new Firewall(options.runner, this.#tools);
    this.#forwarding = new Forwarding(options.runner, this.#tools);
    this.#publisher = new Publisher(options.runner, this.#tools, this.#firewall);
    this.#names = new PodNames({
      paths: options.paths,
      tools: this.#tools,
      place: options.names ?? {
        runner: async () => options.runner,
        netnsPath: () => '/proc/self/ns/net',
        forwarders: [],
      },
      owners: (name) => this.#owners(name),
    });
  }

  async validate(spec: PodNetworkSpec): Promise<void> {
    const network = this.#networks.find(spec.network);
    interfaceName(spec);
    this.#ipam(network).check(spec.staticAddresses);
    refuseUnpublishable(network, spec.ports);
    this.#names.validate(network, spec);
    this.#tools.path('ip');
    this.#tools.path('nft');
  }

  namespaceScript(): string {
    return '';
  }

  async attach(target: NetworkTarget, spec: PodNetworkSpec): Promise<Attachment> {
    const network = this.#networks.settle(spec.network);
    const ifname = interfaceName(spec);
    // Attaching adds only what may be added twice, so that any number of pods may do it at once.
    return this.#locked('shared', async () => {
      const ipam = this.#ipam(network);
      const addresses = await ipam.allocate({ id: target.id, ifname }, spec.staticAddresses);
      const chosenMac = spec.macAddress ?? network.macAddress;
      const link: PodLink = {
        hostInterface: hostInterfaceName(target.id),
        ifname,
        macAddress: chosenMac ?? macOf((addresses[0] as AssignedAddress).address),
        netnsPath: target.netnsPath,
        addresses,
        announce: chosenMac !== undefined || spec.staticAddresses.length > 0,
      };
      const fresh = this.#bridges.isProbablyMissing(network.bridge);
      const rules = this.#firewall
        .add(networkElements(network), fresh)
        .then(() => (fresh ? this.#forwarding.admit(network.bridge) : undefined));
      const plugged = this.#bridges.plugIn(network, link, fresh);
      const [named, ...others] = await Promise.allSettled([
        plugged.then(() => this.#names.serve(network, target, spec, link)),
        plugged.then(() => this.#bridges.configurePod(network, link)),
        rules,
      ]);
      const failed = [...others, named].find((outcome) => outcome.status === 'rejected');
      if (failed) return { failed: failed.reason as unknown };
      const names = (named as PromiseFulfilledResult<NamedAttachment>).value;
      return { attachment: describe(network, link, names, ipam.leases.path) };
    }).then(async (outcome) => {
      if ('attachment' in outcome) return outcome.attachment;
      throw await this.#undone(target, outcome.failed);
    });
  }

  async detach(target: NetworkTarget, last?: Attachment): Promise<void> {
    await this.#locked('exclusive', async () => {
      const [links, listing] = await Promise.all([
        this.#bridges.list(),
        this.#firewall.list(),
        this.#publisher.letGo(target),
        this.#names.remove(target),
      ]);
      const cable = hostInterfaceName(target.id);
      const { idle, removable } = idleBridges(links, cable);
      const present = links.some(({ ifname }) => ifname === cable) ? [cable] : [];
      const gone = listing.elements.filter(({ owner }) =>
        isPodId(owner) ? owner === target.id : idle(owner),
      );
      const removals = await Promise.allSettled([
        this.#bridges.remove([...present, ...removable]),
        this.#forwarding.withdraw(gone).then(() => this.#firewall.remove(listing, gone)),
        this.#publisher.forgetFlows(gone),
      ]);
      const failed = removals.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason);
      if (failed.length > 0) throw allOf(failed);
      // Last: as long as rules lead to an address, nobody else may get it.
      const roots = [this.#options.paths.leases, ...this.#networks.dataDirs()];
      await releaseEverywhere(roots, target.id, last?.opaque.leases);
    });
  }

  async check(target: NetworkTarget, last: Attachment, ports: readonly PublishedPort[]): Promise<void> {
    const network = this.#networks.find(last.network);
    const drift = await findDrift({
      runner: this.#options.runner,
      tools: this.#tools,
      bridges: this.#bridges,
      firewall: this.#firewall,
      forwarding: this.#forwarding,
      leases: this.#ipam(network).leases,
      network,
      target,
      last,
      ports,
    });
    const missing = [...drift, ...this.#names.drift(target, last)];
    if (missing.length === 0) return;
    throw new PeapodError('NETWORK_DRIFT', `the network of ${target.name} lacks ${missing.join(', ')}`, {
      hint: 'stop and start the pod to make it anew',
    });
  }

  missingHelpers(target: NetworkTarget, last: Attachment): readonly string[] {
    return [...this.#publisher.missingHelpers(target), ...this.#names.missing(last)];
  }

  setNames(target: NetworkTarget, last: Attachment, names: () => readonly string[]): Promise<void> {
    return this.#names.set(target, last, names);
  }

  async publish(
    target: NetworkTarget,
    last: Attachment,
    ports: readonly PortMapping[],
  ): Promise<PublishedPort[]> {
    const network = this.#networks.find(last.network);
    refuseUnpublishable(network, ports);
    return this.#locked('shared', () => this.#publisher.publish(network, target, last, ports));
  }

  async unpublish(target: NetworkTarget, _last: Attachment, ports: readonly PublishedPort[]): Promise<void> {
    await this.#locked('exclusive', () => this.#publisher.unpublish(target, ports));
  }

  #ipam(network: BridgeNetwork): Ipam {
    return new Ipam(network, this.#options.paths.leases);
  }

  /** Undefined where the network cannot be read any more. */
  #owners(name: string): ReadonlySet<string> | undefined {
    try {
      const { leases } = this.#ipam(this.#networks.find(name));
      return new Set(leases.read().map(({ id }) => id));
    } catch (error) {
      if (isPeapodError(error)) return undefined;
      throw error;
    }
  }

  async #undone(target: NetworkTarget, failure: unknown): Promise<unknown> {
    try {
      await this.detach(target);
      return failure;
    } catch (error) {
      return allOf([failure, error]);
    }
  }

  /** One lock for all bridges: what is idle, and whether the table goes, hangs on all of them. */
  async #locked<T>(mode: 'shared' | 'exclusive', change: () => Promise<T>): Promise<T> {
    const directory = join(this.#options.paths.runRoot, 'networks');
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const lock = await waitForLock(join(directory, 'lock'), mode, lockTimeoutMs);
    if (!lock) {
      throw new PeapodError('BUSY', `other changes of networks have gone on for ${lockTimeoutMs / 1000} s`, {
        hint: `see who makes them with: fuser -v ${join(directory, 'lock')}`,
      });
    }
    try {
      return await change();
    } finally {
      lock.release();
    }
  }
}

function describe(network: BridgeNetwork, link: PodLink, names: NamedAttachment, leases: string): Attachment {
  const gateways = link.addresses.flatMap(({ gateway }) => gateway ?? []);
  return {
    backend: 'bridge',
    network: network.name,
    ifname: link.ifname,
    addresses: link.addresses.map(({ address, subnet }) => `${address}/${subnet.prefixLength}`),
    gateways,
    dns: names.dns,
    ...(names.dnsSearch ? { dnsSearch: names.dnsSearch } : {}),
    mtuBytes: network.mtuBytes ?? defaultMtuBytes,
    macAddress: link.macAddress,
    opaque: { bridge: network.bridge, hostInterface: link.hostInterface, leases, ...names.opaque },
  };
}

/** The interface in the pod. Throws INVALID_ARGUMENT for it and for options that nothing serves. */
function interfaceName(spec: PodNetworkSpec): string {
  const { interface_name: name = 'eth0', alias: _, ...others } = spec.options;
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) {
    throw new PeapodError('INVALID_ARGUMENT', `network "${spec.network}" has no option "${unknown}"`, {
      hint: 'ip, ip6, mac, alias and interface_name exist',
    });
  }
  if (!isInterfaceName(name) || name === 'lo') {
    throw new PeapodError('INVALID_ARGUMENT', `"${name}" is not a name for a pod's interface`, {
      hint: 'interface_name takes at most 15 letters, digits, dots, dashes and underscores',
    });
  }
  return name;
}

/** One error that tells of all. */
function allOf(errors: readonly unknown[]): unknown {
  const [first] = errors;
  if (errors.length === 1) return first;
  return new PeapodError(
    isPeapodError(first) ? first.code : 'INTERNAL',
    errors.map(messageOf).join('; and then: '),
    {
      cause: new AggregateError(errors),
    },
  );
}

/** The other owners of firewall elements are bridges, whose names are shorter. */
function isPodId(owner: string): boolean {
  return owner.length === 64;
}
