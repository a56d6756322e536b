import { PeapodError } from '../src/errors.ts';
import { type Runner, toolMissing } from '../src/host/exec.ts';
import type { HostFacts } from '../src/host/facts.ts';
import type { Paths } from '../src/host/paths.ts';
import type {
  Attachment,
  NetworkBackend,
  NetworkCapabilities,
  NetworkTarget,
  PodNetworkSpec,
} from '../src/network/backend.ts';
import { refusePrivilegedPorts } from '../src/network/port-error.ts';
import type { PortMapping, PublishedPort } from '../src/network/types.ts';
import type { Keeper } from './keeper.ts';
import { endRelays } from './relay.ts';
import { findDeadRelay, publishByRelay, unpublishByRelay } from './relay-ports.ts';
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
  /** The backend of bridges, for the network namespace that the runner enters. */
  readonly bridge: (runner: Runner) => NetworkBackend;
}

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
    sourceAddress: false,
    staticAddress: true,
  };
  readonly #options: UserNetworkBackendOptions;
  readonly #netns: UserNetns;

  constructor(options: UserNetworkBackendOptions) {
    this.#options = options;
    this.#netns = new UserNetns(options.keeper, options.paths);
  }

  async validate(spec: PodNetworkSpec): Promise<void> {
    const { bridge, host, facts } = this.#options;
    refuseSctp(spec.ports);
    await bridge(host).validate(spec);
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
      const runner = await this.#netns.enter(target.id);
      const attachment = await this.#options.bridge(runner).attach(target, spec);
      // The host's name servers may be on its loopback, which the namespace does not see: slirp4netns asks them.
      const dns = attachment.dns.length > 0 ? attachment.dns : [slirpAddresses(uplinkOptions.cidr).dns];
      return { ...attachment, dns };
    } catch (error) {
      return throwAfter(error, () => this.#netns.leave(target.id));
    }
  }

  async detach(target: NetworkTarget, last?: Attachment): Promise<void> {
    // Leases outlive the namespace: the bridge backend is asked even where there is nothing else to undo.
    const [runner] = await Promise.all([
      this.#netns.enter(target.id, 'no uplink'),
      endRelays(target.runtimeDir),
    ]);
    await this.#options.bridge(runner).detach(target, last);
    await this.#netns.leave(target.id);
  }

  async check(target: NetworkTarget, last: Attachment, ports: readonly PublishedPort[]): Promise<void> {
    const [missing] = this.missingHelpers(target, last, ports);
    if (missing !== undefined) {
      throw new PeapodError('NETWORK_DRIFT', `${missing} of ${target.name} does not run`);
    }
    const runner = await this.#options.keeper.netns(this.#netns.path, 'keeper');
    await this.#options.bridge(runner).check(target, last, []);
  }

  missingHelpers(_target: NetworkTarget, _last: Attachment, ports: readonly PublishedPort[]): string[] {
    return [...(this.#netns.hasUplink() ? [] : ['slirp4netns']), ...(findDeadRelay(ports) ? ['relay'] : [])];
  }

  async publish(
    target: NetworkTarget,
    last: Attachment,
    ports: readonly PortMapping[],
  ): Promise<PublishedPort[]> {
    refuseSctp(ports);
    const address = last.addresses.find((cidr) => !cidr.includes(':')) ?? last.addresses[0];
    if (address === undefined) {
      throw new PeapodError('NETWORK_UNSUPPORTED', `${target.name} has no address to publish ports of`);
    }
    const place = {
      directory: target.runtimeDir,
      runner: () => this.#options.keeper.netns(this.#netns.path, 'host'),
      self: this.#options.facts.self,
      address: address.split('/')[0] as string,
    };
    return publishByRelay(place, ports);
  }

  unpublish(target: NetworkTarget, _last: Attachment, ports: readonly PublishedPort[]): Promise<void> {
    return unpublishByRelay(target.runtimeDir, ports);
  }
}

function refuseSctp(ports: readonly PortMapping[]): void {
  if (ports.every((port) => port.protocol !== 'sctp')) return;
  throw new PeapodError('NETWORK_UNSUPPORTED', 'sctp ports cannot be published without root');
}
