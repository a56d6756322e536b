import { isPeapodError, PeapodError } from '../src/errors.ts';
import type { Runner } from '../src/host/exec.ts';
import type { Attachment, NetworkTarget } from '../src/network/backend.ts';
import { ipFamily } from '../src/network/ip-family.ts';
import { formatPort } from '../src/network/port-format.ts';
import type { PortMapping, PublishedPort } from '../src/network/types.ts';
import { type BridgeNetwork, networkFamilies } from './bridge-network.ts';
import { type Firewall, isConflict } from './firewall.ts';
import type { HostTools } from './host-tools.ts';
import { type Element, networkElements, type PodAddresses, portElements } from './nftables.ts';
import { areHeld, holdPorts, lostHolders, releasePorts } from './port-holder.ts';

const via = 'nftables';
/** More than these are not looked for one by one. */
const maxFlowCommands = 64;

/** Published ports of pods on bridges: rules that redirect, and a process that keeps the ports. */
export class Publisher {
  readonly #runner: Runner;
  readonly #tools: HostTools;
  readonly #firewall: Firewall;

  constructor(runner: Runner, tools: HostTools, firewall: Firewall) {
    this.#runner = runner;
    this.#tools = tools;
    this.#firewall = firewall;
  }

  /** All or none. Throws PORT_IN_USE. */
  async publish(
    network: BridgeNetwork,
    target: NetworkTarget,
    last: Attachment,
    ports: readonly PortMapping[],
  ): Promise<PublishedPort[]> {
    // What an earlier call holds for this target is no conflict.
    await releasePorts(target.runtimeDir, ports);
    const pod = podAddresses(last);
    const elements = ports.flatMap((port) => portElements(target.id, pod, port));
    let loading: Promise<void> | undefined;
    try {
      holdPorts(target.runtimeDir, ports, () => {
        loading = this.#firewall.add([...networkElements(network), ...elements], false);
      });
    } catch (error) {
      // Rules that lead to a pod must not stay where nobody keeps the port.
      const isLoaded = await loading?.then(
        () => true,
        () => false,
      );
      if (isLoaded) await this.unpublish(target, ports);
      throw error;
    }
    try {
      await loading;
    } catch (error) {
      await releasePorts(target.runtimeDir, ports);
      throw isConflict(error) ? await this.#conflict(target, elements, error) : error;
    }
    await this.forgetFlows(elements);
    return ports.map((port) => ({ ...port, via }));
  }

  /** Idempotent. */
  async unpublish(target: NetworkTarget, ports: readonly PortMapping[]): Promise<void> {
    const listing = await this.#firewall.list();
    // Values do not matter: a key that another pod has taken since is not ours to remove.
    const anywhere: PodAddresses = { 4: '0.0.0.0', 6: '::' };
    const keys = new Set(ports.flatMap((port) => portElements(target.id, anywhere, port)).map(nameOf));
    const gone = listing.elements.filter((one) => one.owner === target.id && keys.has(nameOf(one)));
    await this.#firewall.remove(listing, gone);
    await releasePorts(target.runtimeDir, ports);
    await this.forgetFlows(gone);
  }

  /** Keeps the ports of holders that were killed, or whose files are gone. Throws PORT_IN_USE where somebody has been quicker. */
  async holdAgain(target: NetworkTarget, ports: readonly PortMapping[]): Promise<void> {
    if (ports.length === 0 || areHeld(target.runtimeDir)) return;
    await releasePorts(target.runtimeDir);
    holdPorts(target.runtimeDir, ports);
  }

  /** Frees the host ports of a target that goes; the rules go with its other elements. Idempotent. */
  letGo(target: NetworkTarget): Promise<void> {
    return releasePorts(target.runtimeDir);
  }

  missingHelpers(target: NetworkTarget): readonly string[] {
    return lostHolders(target.runtimeDir) ? ['port holder'] : [];
  }

  /**
   * Rules decide about the first packet of a flow only, and a UDP client that goes on talking keeps its flow
   * on the old way. Without conntrack(8) that ends when the client has been silent for 30 seconds.
   */
  async forgetFlows(elements: readonly Element[]): Promise<void> {
    const udp = new Set(elements.flatMap(({ key }) => /\budp \. (\d+)$/.exec(key)?.[1] ?? []));
    if (udp.size === 0) return;
    const families = new Set(elements.map(({ set }) => (set.endsWith('6') ? 'ipv6' : 'ipv4')));
    const narrow = udp.size <= maxFlowCommands;
    let tool: string;
    try {
      tool = this.#tools.path('conntrack');
    } catch (error) {
      if (isPeapodError(error, 'TOOL_MISSING')) return;
      throw error;
    }
    const commands = [...families].flatMap((family) =>
      (narrow ? [...udp] : [undefined]).map(
        (port) => `"$0" -D -p udp -f ${family}${port ? ` --orig-port-dst ${port}` : ''} || :`,
      ),
    );
    await this.#runner.run(['sh', '-c', commands.join('\n'), tool], { accept: 'any' });
  }

  async #conflict(target: NetworkTarget, elements: readonly Element[], cause: unknown): Promise<unknown> {
    const { elements: listed } = await this.#firewall.list();
    const wanted = new Map(elements.map((element) => [nameOf(element), element]));
    const taken = listed.find((one) => {
      const ours = wanted.get(nameOf(one));
      return ours && (one.owner !== target.id || one.value !== ours.value);
    });
    if (!taken) return cause;
    return new PeapodError(
      'PORT_IN_USE',
      `host port ${taken.key} is published by ${taken.owner.slice(0, 12)} already`,
      {
        hint: 'publish another host port, or let peapod choose one with -p CONTAINERPORT',
        cause,
      },
    );
  }
}

/** Throws NETWORK_UNSUPPORTED for ports that the network cannot serve. */
export function refuseUnpublishable(network: BridgeNetwork, ports: readonly PortMapping[]): void {
  if (ports.length === 0) return;
  if (network.internal) {
    throw new PeapodError(
      'NETWORK_UNSUPPORTED',
      `network "${network.name}" is internal, so no port can be published`,
      { hint: 'leave out -p, or choose a network with a way out' },
    );
  }
  if (!network.portMapping) {
    throw new PeapodError(
      'NETWORK_UNSUPPORTED',
      `network "${network.name}" has no portmap plugin, so no port can be published`,
      {
        hint: `leave out -p, or add {"type": "portmap", "capabilities": {"portMappings": true}} to ${network.source}`,
      },
    );
  }
  const families = networkFamilies(network);
  const lost = ports.find(({ hostIp }) => hostIp !== '' && !families.has(ipFamily(hostIp)));
  if (lost) {
    const family = ipFamily(lost.hostIp);
    throw new PeapodError(
      'NETWORK_UNSUPPORTED',
      `network "${network.name}" has no IPv${family} to publish ${formatPort(lost)} with`,
      {
        hint: `publish on another address, or choose a network with an IPv${family} subnet`,
      },
    );
  }
}

/** The first address of each family. */
export function podAddresses(last: Attachment): PodAddresses {
  const pod: PodAddresses = {};
  for (const cidr of last.addresses) {
    const address = cidr.split('/')[0] as string;
    pod[ipFamily(address)] ??= address;
  }
  return pod;
}

function nameOf({ set, key }: Element): string {
  return `${set} ${key}`;
}
