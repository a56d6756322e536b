import { isPeapodError, messageOf, PeapodError } from '../src/errors.ts';
import type { Runner } from '../src/host/exec.ts';
import type { HostFacts } from '../src/host/facts.ts';
import type { Paths } from '../src/host/paths.ts';
import type {
  Attachment,
  MendedAttachment,
  NetworkBackend,
  NetworkCapabilities,
  NetworkTarget,
  PodNetworkSpec,
} from '../src/network/backend.ts';
import { leasesEverywhere, releaseLeases } from '../src/network/lease-directory.ts';
import type { PortMapping, PublishedPort } from '../src/network/types.ts';
import { Bridges, idleBridges } from './bridge.ts';
import type { BridgeNetwork } from './bridge-network.ts';
import type { DriftCheck } from './drift.ts';
import { Firewall } from './firewall.ts';
import { Forwarding } from './forwarding.ts';
import { HostTools } from './host-tools.ts';
import { Ipam } from './ipam.ts';
import { hostInterfaceName } from './links.ts';
import { Networks } from './networks.ts';
import { underNetworksLock } from './networks-lock.ts';
import { networkElements, portElements } from './nftables.ts';
import { describeAttachment, linkFor } from './pod-link.ts';
import { type NamedAttachment, type NamesPlace, PodNames } from './pod-names.ts';
import { Publisher, podAddresses, refuseUnpublishable } from './publisher.ts';

export interface BridgeBackendOptions {
  /** Enters the network namespace that the bridges live in: the host for root, else the user's own. */
  readonly runner: Runner;
  readonly paths: Pick<Paths, 'root' | 'runRoot' | 'networkConfig' | 'leases'>;
  readonly facts: Pick<HostFacts, 'env'>;
  /** Where name servers run; beside the caller, where this is left out. */
  readonly names?: NamesPlace;
  /** See LoadedRules. Not for the host's own firewall, which others reload without a word. */
  readonly loadedRules?: string;
}

/**
 * Pods on a bridge of the host, as the CNI plugins bridge, host-local, portmap and firewall would put them
 * there: same conflists, same leases, but rules in a table of nftables of its own, and few short processes, side by side.
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
    this.#firewall = new Firewall(options.runner, this.#tools, options.loadedRules);
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
    refuseOptions(spec);
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
    // Attaching adds only what may be added twice, so that any number of pods may do it at once.
    return underNetworksLock(this.#options.paths, 'shared', async () => {
      const ipam = this.#ipam(network);
      const link = await linkFor(network, target, spec, ipam);
      const fresh = this.#bridges.isProbablyMissing(network.bridge);
      // First what takes longest.
      const connected = this.#bridges.connect(network, link, fresh);
      const rules = this.#firewall
        .addNetwork(network.bridge, networkElements(network), fresh)
        .then(() => (fresh ? this.#forwarding.admit(network.bridge) : undefined));
      const [named, ...others] = await Promise.allSettled([
        this.#names.serve(network, target, spec, link, connected),
        connected,
        rules,
      ]);
      const failed = [...others, named].find((outcome) => outcome.status === 'rejected');
      if (failed) return { failed: failed.reason as unknown };
      const names = (named as PromiseFulfilledResult<NamedAttachment>).value;
      return { attachment: describeAttachment(network, link, names, ipam.leases.path) };
    }).then(async (outcome) => {
      if ('attachment' in outcome) return outcome.attachment;
      throw await this.#undone(target, outcome.failed);
    });
  }

  async detach(target: NetworkTarget, last?: Attachment): Promise<void> {
    await underNetworksLock(this.#options.paths, 'exclusive', async () => {
      const [links, listing] = await Promise.all([
        this.#bridges.list(),
        this.#firewall.list(),
        this.#publisher.letGo(target),
        this.#names.remove(target),
      ]);
      const roots = [this.#options.paths.leases, ...this.#networks.dataDirs()];
      const leases = leasesEverywhere(roots, target.id, last?.opaque.leases);
      const others = new Set(
        leases.filter(({ ifname }) => ifname !== target.ifname).map(({ address }) => address),
      );
      const cable = hostInterfaceName(target);
      const { idle, removable } = idleBridges(links, cable);
      const present = links.some(({ ifname }) => ifname === cable) ? [cable] : [];
      // A published port leads to the address of one attachment.
      const gone = listing.elements.filter(({ owner, value }) =>
        isPodId(owner) ? owner === target.id && !others.has(value?.split(' ')[0] ?? '') : idle(owner),
      );
      const removals = await Promise.allSettled([
        this.#bridges.remove([...present, ...removable]),
        this.#forwarding.withdraw(gone).then(() => this.#firewall.remove(listing, gone)),
        this.#publisher.forgetFlows(gone),
      ]);
      const failed = removals.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason);
      if (failed.length > 0) throw allOf(failed);
      // Last: as long as rules lead to an address, nobody else may get it.
      await releaseLeases(leases.filter(({ address }) => !others.has(address)));
    });
  }

  /** Rules are put back beside those that are there; only a lost link or address makes the interface anew. */
  async mend(
    target: NetworkTarget,
    spec: PodNetworkSpec,
    last: Attachment,
    ports: readonly PublishedPort[],
  ): Promise<MendedAttachment> {
    const network = this.#networks.find(last.network);
    const formerAddresses = last.addresses.map((cidr) => cidr.split('/')[0] as string);
    const again = { ...spec, formerAddresses };
    const attachment = await underNetworksLock(this.#options.paths, 'exclusive', async () => {
      const { findDrift } = await import('./drift.ts');
      const drift = await findDrift(this.#driftCheck(network, target, last, ports));
      const ipam = this.#ipam(network);
      const link = await linkFor(network, target, again, ipam);
      const elements = ports.flatMap((port) => portElements(target.id, podAddresses(last), port));
      if (drift.rules.length > 0) await this.#firewall.restore([...networkElements(network), ...elements]);
      if (drift.switches.length > 0) await this.#bridges.switchOn(network);
      if (drift.passes.length > 0) await this.#forwarding.admit(network.bridge);
      if (drift.links.length > 0) {
        // A removal of what is gone already would be late, and hit what takes its place.
        const links = await this.#bridges.list();
        if (links.some(({ ifname }) => ifname === link.hostInterface)) {
          await this.#bridges.remove([link.hostInterface]);
        }
        await this.#bridges.connect(network, link, false);
      }
      await this.#publisher.holdAgain(target, ports);
      const names = await this.#names.serve(network, target, spec, link, Promise.resolve());
      return describeAttachment(network, link, names, ipam.leases.path);
    });
    return { attachment, published: ports };
  }

  async check(target: NetworkTarget, last: Attachment, ports: readonly PublishedPort[]): Promise<void> {
    const network = this.#networks.find(last.network);
    const { findDrift } = await import('./drift.ts');
    const drift = await findDrift(this.#driftCheck(network, target, last, ports));
    const missing = [...Object.values(drift).flat(), ...this.#names.drift(target, last)];
    if (missing.length === 0) return;
    throw new PeapodError('NETWORK_DRIFT', `the network of ${target.name} lacks ${missing.join(', ')}`, {
      hint: 'peapod network reload puts it back',
    });
  }

  #driftCheck(
    network: BridgeNetwork,
    target: NetworkTarget,
    last: Attachment,
    ports: readonly PublishedPort[],
  ): DriftCheck {
    return {
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
    };
  }

  async missingHelpers(target: NetworkTarget, last: Attachment): Promise<readonly string[]> {
    return [...this.#publisher.missingHelpers(target), ...this.#names.missing(target, last)];
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
    return underNetworksLock(this.#options.paths, 'shared', () =>
      this.#publisher.publish(network, target, last, ports),
    );
  }

  async expectPublish(_target: NetworkTarget, _last: Attachment): Promise<() => Promise<void>> {
    this.#firewall.expectChange();
    return () => this.#firewall.giveUp();
  }

  async unpublish(target: NetworkTarget, _last: Attachment, ports: readonly PublishedPort[]): Promise<void> {
    await underNetworksLock(this.#options.paths, 'exclusive', () => this.#publisher.unpublish(target, ports));
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
}

/** Throws INVALID_ARGUMENT for options that nothing serves. */
function refuseOptions(spec: PodNetworkSpec): void {
  const unknown = Object.keys(spec.options).find((key) => key !== 'alias');
  if (unknown === undefined) return;
  throw new PeapodError('INVALID_ARGUMENT', `network "${spec.network}" has no option "${unknown}"`, {
    hint: 'ip, ip6, mac, alias and interface_name exist',
  });
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
      ...(isPeapodError(first) && first.hint !== undefined ? { hint: first.hint } : {}),
    },
  );
}

/** The other owners of firewall elements are bridges, whose names are shorter. */
const isPodId = (owner: string): boolean => owner.length === 64;
