import { PeapodError } from '../../src/errors.ts';
import type {
  Attachment,
  MendedAttachment,
  NetworkBackend,
  NetworkTarget,
  PodNetworkSpec,
} from '../../src/network/backend.ts';
import { portsOverlap } from '../../src/network/ports-overlap.ts';
import { type PortMapping, type PublishedPort, portKey } from '../../src/network/types.ts';

/** The network of a host that exists in memory only. */
export class FakeHost {
  readonly namespaces = new Map<string, { attachment: Attachment | undefined; servers: Set<string> }>();
  readonly published = new Map<string, { target: string; port: PortMapping }>();
  /** Ports of other programs. */
  readonly occupied = new Set<number>();

  holderOf(port: PortMapping): string | undefined {
    if (port.protocol === 'tcp' && this.occupied.has(port.hostPort)) return 'nginx';
    return [...this.published.values()].find((one) => portsOverlap(one.port, port))?.target;
  }
}

const subnet = '10.77.0.';
const gateway = `${subnet}1`;

/** A backend without a kernel: what the interface asks for, in a page. For tests of what lies above it. */
export class FakeBackend implements NetworkBackend {
  readonly name = 'bridge';
  readonly capabilities = {
    protocols: ['tcp', 'udp'],
    ipv6: false,
    podToPod: true,
    sourceAddress: true,
    staticAddress: true,
  } as const;
  readonly #host: FakeHost;

  constructor(host: FakeHost) {
    this.#host = host;
  }

  async validate(spec: PodNetworkSpec): Promise<void> {
    const option = Object.keys(spec.options)[0];
    if (option) throw new PeapodError('INVALID_ARGUMENT', `no option "${option}"`);
    if (spec.ports.some(({ protocol }) => protocol === 'sctp')) {
      throw new PeapodError('NETWORK_UNSUPPORTED', 'no sctp');
    }
    this.#choose(spec);
  }

  namespaceScript(): string {
    return '';
  }

  async attach(target: NetworkTarget, spec: PodNetworkSpec): Promise<Attachment> {
    const namespace = this.#host.namespaces.get(target.netnsPath);
    if (!namespace) throw new PeapodError('COMMAND_FAILED', `no namespace ${target.netnsPath}`);
    const attachment: Attachment = {
      backend: this.name,
      network: spec.network,
      ifname: 'eth0',
      addresses: [`${this.#choose(spec)}/24`],
      gateways: [gateway],
      dns: [],
      mtuBytes: 1500,
      opaque: {},
    };
    namespace.attachment = attachment;
    return attachment;
  }

  async mend(
    target: NetworkTarget,
    _spec: PodNetworkSpec,
    last: Attachment,
    ports: readonly PublishedPort[],
  ): Promise<MendedAttachment> {
    const namespace = this.#host.namespaces.get(target.netnsPath);
    if (namespace) namespace.attachment = last;
    for (const port of ports) this.#host.published.set(portKey(port), { target: target.id, port });
    return { attachment: last, published: ports };
  }

  async detach(target: NetworkTarget): Promise<void> {
    const namespace = this.#host.namespaces.get(target.netnsPath);
    if (namespace) namespace.attachment = undefined;
    for (const [key, entry] of this.#host.published) {
      if (entry.target === target.id) this.#host.published.delete(key);
    }
  }

  async check(target: NetworkTarget, last: Attachment, ports: readonly PublishedPort[]): Promise<void> {
    const namespace = this.#host.namespaces.get(target.netnsPath);
    const lost = ports.find((port) => this.#host.published.get(portKey(port))?.target !== target.id);
    if (namespace?.attachment?.addresses[0] === last.addresses[0] && !lost) return;
    throw new PeapodError('NETWORK_DRIFT', `${target.name} lacks ${lost ? portKey(lost) : 'its address'}`);
  }

  async missingHelpers(): Promise<readonly string[]> {
    return [];
  }

  async publish(
    target: NetworkTarget,
    _last: Attachment,
    ports: readonly PortMapping[],
  ): Promise<PublishedPort[]> {
    for (const port of ports) {
      const holder = this.#host.holderOf(port);
      if (holder) {
        throw new PeapodError(
          'PORT_IN_USE',
          `host port ${port.hostPort}/${port.protocol} is in use by ${holder}`,
        );
      }
    }
    for (const port of ports) this.#host.published.set(portKey(port), { target: target.id, port });
    return ports.map((port) => ({ ...port, via: 'memory' }));
  }

  async setNames(): Promise<void> {}

  async unpublish(target: NetworkTarget, _last: Attachment, ports: readonly PublishedPort[]): Promise<void> {
    for (const port of ports) {
      if (this.#host.published.get(portKey(port))?.target === target.id)
        this.#host.published.delete(portKey(port));
    }
  }

  #choose(spec: PodNetworkSpec): string {
    const taken = new Set(
      [...this.#host.namespaces.values()].flatMap(({ attachment }) => attachment?.addresses.map(bare) ?? []),
    );
    const [wish] = spec.staticAddresses;
    if (wish) {
      if (!wish.startsWith(subnet))
        throw new PeapodError('ADDRESS_FOREIGN', `${wish} is not in ${subnet}0/24`);
      if (taken.has(wish)) throw new PeapodError('ADDRESS_IN_USE', `${wish} is taken`);
      return wish;
    }
    const again = spec.formerAddresses?.find((address) => !taken.has(address));
    if (again) return again;
    for (let host = 2; host < 255; host++) if (!taken.has(subnet + host)) return subnet + host;
    throw new PeapodError('ADDRESS_EXHAUSTED', 'no address is left');
  }
}

function bare(cidr: string): string {
  return cidr.split('/')[0] as string;
}
