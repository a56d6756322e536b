import { PeapodError } from '../src/errors.ts';
import type { Runner } from '../src/host/exec.ts';
import type { HostFacts } from '../src/host/facts.ts';
import { toolMissing } from '../src/host/tools.ts';
import type {
  Attachment,
  MendedAttachment,
  NetworkBackend,
  NetworkCapabilities,
  NetworkTarget,
  PodNetworkSpec,
} from '../src/network/backend.ts';
import { refusePrivilegedPorts } from '../src/network/port-error.ts';
import type { Cidr, PortMapping, PublishedPort } from '../src/network/types.ts';
import { EarlyRelays } from './early-relays.ts';
import type { Keeper } from './keeper.ts';
import { endRelays } from './relay.ts';
import { findDeadRelay, type RelayPlace, unpublishByRelay, viaRelay } from './relay-ports.ts';
import { hostUnfit, isOnPath, tunProblems } from './requirements.ts';
import { checkSlirpOptions, parseSlirpOptions, type SlirpOptions, slirpAddresses } from './slirp-options.ts';
import { endSlirp, type SlirpStart, slirpOf, startSlirp, tapName, tcpBufferScript } from './slirp4netns.ts';
import { throwAfter } from './undo.ts';

export interface Slirp4netnsBackendOptions {
  /** Where the target's `netnsPath` is visible: the keeper's namespaces, or the host for root. */
  readonly inside: () => Promise<Runner>;
  readonly host: Runner;
  readonly facts: HostFacts;
  /** Absent for root. */
  readonly keeper?: Keeper;
}

const ipv6 = { address: 'fd00::100/64', gateway: 'fd00::2', dns: 'fd00::3' } as const;

/** The address is given by hand, so that nobody waits for duplicate detection and router advertisements. */
const quietIpv6 = `
cd /proc/sys/net/ipv6/conf/default && echo 0 >accept_dad && echo 0 >accept_ra
`;

/** A user-mode network for one pod: no rights needed, no other pod in sight. Ports come in by our relay. */
export class Slirp4netnsBackend implements NetworkBackend {
  readonly name = 'slirp4netns';
  readonly capabilities: NetworkCapabilities = {
    protocols: ['tcp', 'udp'],
    ipv6: true,
    podToPod: false,
    sourceAddress: true,
    staticAddress: false,
  };
  readonly #inside: () => Promise<Runner>;
  readonly #host: Runner;
  readonly #facts: HostFacts;
  readonly #keeper: Keeper | undefined;
  readonly #relays = new EarlyRelays();

  constructor(options: Slirp4netnsBackendOptions) {
    this.#inside = options.inside;
    this.#host = options.host;
    this.#facts = options.facts;
    this.#keeper = options.keeper;
  }

  async validate(spec: PodNetworkSpec): Promise<void> {
    const options = checkSlirpOptions(spec.options);
    if (spec.staticAddresses.length > 0) {
      throw new PeapodError('NETWORK_UNSUPPORTED', 'slirp4netns gives every pod the same address', {
        hint: 'leave out --ip, choose the range with --network slirp4netns:cidr=…, or use --network bridge',
      });
    }
    refuseSctp(spec.ports);
    const bySlirp = spec.ports.filter((port) => !isRelayed(port, options));
    if (bySlirp.length > 0) {
      const { refuseIpv6Forward } = await import('./slirp-forwards.ts');
      for (const port of bySlirp) refuseIpv6Forward(port);
    }
    refusePrivilegedPorts(spec.ports, this.#facts);
    if (!isOnPath('slirp4netns', this.#facts.env.PATH)) throw toolMissing('slirp4netns');
    const problem = tunProblems()[0];
    if (problem) throw hostUnfit(problem);
  }

  namespaceScript(): string {
    return tcpBufferScript();
  }

  async attach(target: NetworkTarget, spec: PodNetworkSpec): Promise<Attachment> {
    const options = parseSlirpOptions(spec.options);
    const { address, gateway, dns } = slirpAddresses(options.cidr);
    const sixth = options.enableIpv6 ? [ipv6] : [];
    const addresses = [address, ...sixth.map((one) => one.address)];
    // It takes as long as slirp4netns, and need not wait for it.
    if (spec.ports.some((port) => isRelayed(port, options))) {
      void this.#relays.begin(this.#relayPlace(target, addresses));
    }
    if (!slirpOf(target.runtimeDir)) await this.#start(target, options, spec.macAddress);
    return {
      backend: this.name,
      network: spec.network,
      ifname: tapName,
      addresses,
      gateways: [gateway, ...sixth.map((one) => one.gateway)],
      dns: [dns, ...sixth.map((one) => one.dns)],
      mtuBytes: options.mtuBytes,
      ...(spec.macAddress ? { macAddress: spec.macAddress } : {}),
      opaque: { portHandler: options.portHandler },
    };
  }

  async #start(target: NetworkTarget, options: SlirpOptions, macAddress?: string): Promise<void> {
    const directory = target.runtimeDir;
    await endSlirp(directory); // what a killed one left
    const start = { directory, ...(await this.#slirpPlace(target.netnsPath)), options, macAddress };
    try {
      if (options.enableIpv6) await this.#startDual(start, await this.#netns(target.netnsPath));
      else await startSlirp(start);
    } catch (error) {
      await throwAfter(error, () => this.detach(target));
    }
  }

  async #startDual(start: SlirpStart, netns: Runner): Promise<void> {
    await netns.run(['sh', '-c', quietIpv6], { accept: 'any' });
    await startSlirp(start);
    await netns.batch([
      ['ip', '-6', 'address', 'replace', ipv6.address, 'dev', tapName, 'nodad'],
      ['ip', '-6', 'route', 'replace', 'default', 'via', ipv6.gateway, 'dev', tapName],
    ]);
  }

  async detach(target: NetworkTarget): Promise<void> {
    await this.#relays.giveUp(target.runtimeDir);
    await Promise.all([endRelays(target.runtimeDir), endSlirp(target.runtimeDir)]);
  }

  /** What runs goes on; forwards went with their slirp4netns. */
  async mend(
    target: NetworkTarget,
    spec: PodNetworkSpec,
    _last: Attachment,
    ports: readonly PublishedPort[],
  ): Promise<MendedAttachment> {
    const ran = slirpOf(target.runtimeDir) !== undefined;
    const attachment = await this.attach(target, { ...spec, ports: [] });
    const bySlirp = ports.filter((port) => port.via !== viaRelay);
    const kept = ran && bySlirp.length > 0 ? await this.#keptForwards(target, bySlirp) : [];
    const lost = ports.filter((port) => !kept.includes(port));
    const published = lost.length > 0 ? await this.publish(target, attachment, lost) : [];
    return { attachment, published: [...kept, ...published] };
  }

  async #keptForwards(
    target: NetworkTarget,
    ports: readonly PublishedPort[],
  ): Promise<readonly PublishedPort[]> {
    const { lostForwards } = await import('./slirp-forwards.ts');
    const lost = await lostForwards(target.runtimeDir, ports);
    return ports.filter((port) => !lost.includes(port));
  }

  async check(target: NetworkTarget, _last: Attachment, ports: readonly PublishedPort[]): Promise<void> {
    if (!slirpOf(target.runtimeDir)) {
      throw new PeapodError('NETWORK_DRIFT', `slirp4netns of ${target.name} does not run`);
    }
    const silent = findDeadRelay(ports);
    if (silent) {
      throw new PeapodError(
        'NETWORK_DRIFT',
        `the port relay of ${target.name} for ${silent.hostPort} does not run`,
      );
    }
    const bySlirp = ports.filter((port) => port.via !== viaRelay);
    if (bySlirp.length === 0) return;
    const { lostForwards } = await import('./slirp-forwards.ts');
    const [lost] = await lostForwards(target.runtimeDir, bySlirp);
    if (lost) {
      throw new PeapodError(
        'NETWORK_DRIFT',
        `slirp4netns of ${target.name} does not forward ${lost.hostPort}`,
      );
    }
  }

  async missingHelpers(
    target: NetworkTarget,
    _last: Attachment,
    ports: readonly PublishedPort[],
  ): Promise<readonly string[]> {
    return [
      ...(slirpOf(target.runtimeDir) ? [] : ['slirp4netns']),
      ...(findDeadRelay(ports) ? ['relay'] : []),
    ];
  }

  async publish(
    target: NetworkTarget,
    last: Attachment,
    ports: readonly PortMapping[],
  ): Promise<PublishedPort[]> {
    const portHandler = last.opaque.portHandler === 'slirp4netns' ? 'slirp4netns' : 'relay';
    const address = last.addresses[0] as Cidr;
    const relayed = ports.filter((port) => isRelayed(port, { portHandler }));
    const forwarded = ports.filter((port) => !isRelayed(port, { portHandler }));
    refuseSctp(ports);
    const byRelay =
      relayed.length > 0 ? await this.#relays.publish(this.#relayPlace(target, last.addresses), relayed) : [];
    try {
      const bySlirp = forwarded.length > 0 ? await this.#forward(target, address, forwarded) : [];
      const all = [...byRelay, ...bySlirp];
      return ports.map((port) => all.find((one) => isSame(one, port)) as PublishedPort);
    } catch (error) {
      return throwAfter(error, () => unpublishByRelay(target.runtimeDir, byRelay));
    }
  }

  async #forward(
    target: NetworkTarget,
    address: Cidr,
    ports: readonly PortMapping[],
  ): Promise<PublishedPort[]> {
    const { publishBySlirp, refuseIpv6Forward } = await import('./slirp-forwards.ts');
    for (const port of ports) refuseIpv6Forward(port);
    return publishBySlirp(target.runtimeDir, hostPart(address), ports);
  }

  async expectPublish(target: NetworkTarget, last: Attachment): Promise<() => Promise<void>> {
    if (last.opaque.portHandler !== 'slirp4netns') {
      await this.#relays.begin(this.#relayPlace(target, last.addresses));
    }
    return () => this.#relays.giveUp(target.runtimeDir);
  }

  async setNames(): Promise<void> {}

  async unpublish(target: NetworkTarget, _last: Attachment, ports: readonly PublishedPort[]): Promise<void> {
    const bySlirp = ports.filter((port) => port.via !== viaRelay);
    await unpublishByRelay(
      target.runtimeDir,
      ports.filter((port) => port.via === viaRelay),
    );
    if (bySlirp.length === 0 || !slirpOf(target.runtimeDir)) return;
    const { unpublishBySlirp } = await import('./slirp-forwards.ts');
    await unpublishBySlirp(target.runtimeDir, bySlirp);
  }

  #relayPlace(target: NetworkTarget, addresses: readonly Cidr[]): RelayPlace {
    return {
      directory: target.runtimeDir,
      runner: () => this.#netns(target.netnsPath),
      self: this.#facts.self,
      addresses: addresses.map(hostPart),
    };
  }

  async #netns(path: string): Promise<Runner> {
    return this.#keeper ? this.#keeper.netns(path, 'host') : (await this.#inside()).netns(path);
  }

  /**
   * In the user namespace, but with the host's mounts: its sandbox copies the mount namespace, and with the
   * keeper's it would keep every pinned namespace alive as long as it runs.
   */
  async #slirpPlace(netnsPath: string): Promise<{ prefix: readonly string[]; netnsPath: string }> {
    if (!this.#keeper) return { prefix: this.#host.prefix, netnsPath };
    const users = await this.#keeper.userNamespace();
    return { prefix: users.prefix, netnsPath: this.#keeper.pathFromOutside(netnsPath) };
  }
}

function refuseSctp(ports: readonly PortMapping[]): void {
  if (!ports.some(({ protocol }) => protocol === 'sctp')) return;
  throw new PeapodError('NETWORK_UNSUPPORTED', 'slirp4netns does not publish sctp ports', {
    hint: 'a bridge of root does: --network bridge',
  });
}

function isRelayed(port: PortMapping, options: Pick<SlirpOptions, 'portHandler'>): boolean {
  return port.protocol !== 'sctp' && options.portHandler === 'relay';
}

function hostPart(cidr: Cidr): string {
  return cidr.split('/')[0] as string;
}

function isSame(one: PortMapping, other: PortMapping): boolean {
  return (
    one.protocol === other.protocol &&
    one.hostIp === other.hostIp &&
    one.hostPort === other.hostPort &&
    one.containerPort === other.containerPort
  );
}
