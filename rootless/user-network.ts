import { PeapodError } from '../src/errors.ts';
import type { Runner } from '../src/host/exec.ts';
import type { HostFacts } from '../src/host/facts.ts';
import type { Paths } from '../src/host/paths.ts';
import { toolMissing } from '../src/host/tools.ts';
import type {
  Attachment,
  AttachmentId,
  MendedAttachment,
  NetworkBackend,
  NetworkCapabilities,
  NetworkTarget,
  PodNetworkSpec,
} from '../src/network/backend.ts';
import { ipFamily } from '../src/network/ip-family.ts';
import { refusePrivilegedPorts } from '../src/network/port-error.ts';
import type { PortMapping, PublishedPort } from '../src/network/types.ts';
import { EarlyRelays } from './early-relays.ts';
import type { Keeper } from './keeper.ts';
import { endRelays } from './relay.ts';
import { findDeadRelay, type RelayPlace, unpublishByRelay } from './relay-ports.ts';
import { hostUnfit, isOnPath, tunProblems } from './requirements.ts';
import { slirpAddresses } from './slirp-options.ts';
import { throwAfter } from './undo.ts';
import { UserNetns, uplinkOptions } from './user-netns.ts';

export interface UserNetworkBackendOptions {
  readonly keeper: Keeper;
  readonly inside: () => Promise<Runner>;
  readonly host: Runner;
  readonly paths: Paths;
  readonly facts: HostFacts;
  /**
   * The backend of bridges, for the network namespace that the runner enters, where its name servers run, and where it
   * may note which rules it has loaded.
   */
  readonly bridge: (runner: Runner, names: NameServers, loadedRules: string) => Promise<NetworkBackend>;
}

/** Name servers of bridges in the user's network namespace. */
export interface NameServers {
  runner(): Promise<Runner>;
  netnsPath(): string | undefined;
  readonly forwarders: readonly string[];
}

/** slirp4netns asks the host's: they may be on its loopback, which the namespace does not see. */
const hostsNameServer = slirpAddresses(uplinkOptions.cidr).dns;

/**
 * Bridge networks without root: the bridges of root's backend, in a network namespace of the user's own.
 * Ports of the host are published by the relay, which reaches the pod's bridge address from in there.
 */
export class UserNetworkBackend implements NetworkBackend {
  readonly name = 'bridge';
  readonly capabilities: NetworkCapabilities = {
    protocols: ['tcp', 'udp'],
    ipv6: true,
    podToPod: true,
    sourceAddress: true,
    staticAddress: true,
  };
  readonly #options: UserNetworkBackendOptions;
  readonly #netns: UserNetns;
  readonly #relays = new EarlyRelays();

  constructor(options: UserNetworkBackendOptions) {
    this.#options = options;
    this.#netns = new UserNetns(options.keeper, options.paths);
  }

  async validate(spec: PodNetworkSpec): Promise<void> {
    const { host, facts } = this.#options;
    refuseSctp(spec.ports);
    const bridge = await this.#bridge(host);
    await bridge.validate(spec);
    refusePrivilegedPorts(spec.ports, facts);
    if (!isOnPath('slirp4netns', facts.env.PATH)) throw toolMissing('slirp4netns');
    const problem = tunProblems()[0];
    if (problem) throw hostUnfit(problem);
  }

  namespaceScript(): string {
    return '';
  }

  async attach(target: NetworkTarget, spec: PodNetworkSpec): Promise<Attachment> {
    try {
      const runner = await this.#netns.enter(target);
      if (spec.ports.length > 0) void this.#relays.begin(this.#relayHome(target));
      const bridge = await this.#bridge(runner);
      const attachment = await bridge.attach(target, spec);
      return withHostsNameServer(attachment);
    } catch (error) {
      await this.#relays.giveUp(target.runtimeDir);
      return throwAfter(error, () => this.#netns.leave(target));
    }
  }

  async detach(target: NetworkTarget, last?: Attachment): Promise<void> {
    await this.#relays.giveUp(target.runtimeDir);
    // Leases outlive the namespace: the bridge backend is asked even where there is nothing else to undo.
    const [runner] = await Promise.all([
      this.#netns.enter(target, 'no uplink'),
      endRelays(target.runtimeDir),
    ]);
    const bridge = await this.#bridge(runner);
    await bridge.detach(target, last);
    await this.#netns.leave(target);
  }

  async collectGarbage(lost: NetworkTarget, living: readonly AttachmentId[]): Promise<void> {
    const bridge = await this.#bridge(await this.#netns.enter(lost, 'no uplink'));
    await bridge.collectGarbage?.(lost, living);
    await this.#netns.leave(lost);
  }

  async mend(
    target: NetworkTarget,
    spec: PodNetworkSpec,
    last: Attachment,
    ports: readonly PublishedPort[],
  ): Promise<MendedAttachment> {
    const bridge = await this.#bridge(await this.#netns.enter(target));
    const { attachment } = await bridge.mend(target, spec, last, []);
    const mended = withHostsNameServer(attachment);
    const published = ports.length > 0 ? await this.publish(target, mended, ports) : [];
    return { attachment: mended, published };
  }

  async check(target: NetworkTarget, last: Attachment, ports: readonly PublishedPort[]): Promise<void> {
    const [missing] = await this.missingHelpers(target, last, ports);
    if (missing !== undefined) {
      throw new PeapodError('NETWORK_DRIFT', `${missing} of ${target.name} does not run`);
    }
    const bridge = await this.#bridge(await this.#options.keeper.netns(this.#netns.path, 'keeper'));
    await bridge.check(target, last, []);
  }

  async missingHelpers(
    target: NetworkTarget,
    last: Attachment,
    ports: readonly PublishedPort[],
  ): Promise<readonly string[]> {
    const bridge = await this.#bridge(this.#options.host);
    return [
      ...(this.#netns.hasUplink() ? [] : ['slirp4netns']),
      ...(findDeadRelay(ports) ? ['relay'] : []),
      ...(await bridge.missingHelpers(target, last, [])),
    ];
  }

  async setNames(target: NetworkTarget, last: Attachment, names: () => readonly string[]): Promise<void> {
    const bridge = await this.#bridge(this.#options.host);
    return bridge.setNames(target, last, names);
  }

  async publish(
    target: NetworkTarget,
    last: Attachment,
    ports: readonly PortMapping[],
  ): Promise<PublishedPort[]> {
    refuseSctp(ports);
    if (last.addresses.length === 0) {
      throw new PeapodError('NETWORK_UNSUPPORTED', `${target.name} has no address to publish ports of`);
    }
    const plain = last.addresses.map((cidr) => cidr.split('/')[0] as string);
    // Servers on IPv4 alone are more than those on IPv6 alone.
    const addresses = plain.toSorted((a, b) => ipFamily(a) - ipFamily(b));
    return this.#relays.publish({ ...this.#relayHome(target), addresses }, ports);
  }

  async expectPublish(target: NetworkTarget): Promise<() => Promise<void>> {
    await this.#relays.begin(this.#relayHome(target));
    return () => this.#relays.giveUp(target.runtimeDir);
  }

  #relayHome({ runtimeDir }: NetworkTarget): Omit<RelayPlace, 'addresses'> {
    return {
      directory: runtimeDir,
      runner: () => this.#options.keeper.netns(this.#netns.path, 'host'),
      self: this.#options.facts.self,
    };
  }

  unpublish(target: NetworkTarget, _last: Attachment, ports: readonly PublishedPort[]): Promise<void> {
    return unpublishByRelay(target.runtimeDir, ports);
  }

  /** Not before it is needed: it takes longer to load than what `expectPublish` does. */
  #bridge(runner: Runner): Promise<NetworkBackend> {
    const { keeper, bridge } = this.#options;
    const { path, rules } = this.#netns;
    const names = {
      // With the host's mounts: what a name server forwards to stands in the host's resolv.conf.
      runner: () => keeper.netns(path, 'host'),
      netnsPath: () =>
        this.#options.facts.insideKeeper || keeper.running() ? keeper.pathFromOutside(path) : undefined,
      forwarders: [hostsNameServer],
    };
    return bridge(runner, names, rules);
  }
}

function withHostsNameServer(attachment: Attachment): Attachment {
  return attachment.dns.length > 0 ? attachment : { ...attachment, dns: [hostsNameServer] };
}

function refuseSctp(ports: readonly PortMapping[]): void {
  if (ports.every((port) => port.protocol !== 'sctp')) return;
  throw new PeapodError('NETWORK_UNSUPPORTED', 'sctp ports cannot be published without root', {
    hint: 'as root, a bridge publishes them',
  });
}
