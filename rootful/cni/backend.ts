import { isPeapodError, messageOf, PeapodError } from '../../src/errors.ts';
import type { Runner } from '../../src/host/exec.ts';
import type { HostFacts } from '../../src/host/facts.ts';
import type { Paths } from '../../src/host/paths.ts';
import type {
  Attachment,
  AttachmentId,
  MendedAttachment,
  NetworkTarget,
  PodNetworkSpec,
} from '../../src/network/backend.ts';
import type { ConfList } from '../../src/network/conflist.ts';
import { formatPort } from '../../src/network/port-format.ts';
import { type PortMapping, type PublishedPort, portKey } from '../../src/network/types.ts';
import { HostTools } from '../host-tools.ts';
import { holdPorts, lostHolders, releasePorts } from '../port-holder.ts';
import {
  addressesToKeep,
  checkAddresses,
  describeAttachment,
  missingInPod,
  type PodInterface,
  readPodInterface,
  requireChosen,
} from './attachment.ts';
import { type CachedAttachment, ResultCache } from './cache.ts';
import { type PluginList, readPluginList } from './config.ts';
import { addList, checkList, collectList, deleteList, statusList, UndoFailed } from './list.ts';
import { resultsDirectory } from './mark.ts';
import { agree, negotiate } from './negotiate.ts';
import { pluginDirectories } from './plugins.ts';
import { publishesAtAdd, refuseUnpublishable, republish } from './ports.ts';
import type { PluginPlace } from './protocol.ts';
import { endpointOf, listOf, resultOf } from './remembered.ts';
import { endpointFor, portsOf, withPorts } from './request.ts';
import { type CniResult, formatResult } from './result.ts';
import { deleteInNetns } from './stand-in.ts';

export interface CniBackendOptions {
  /** Enters the namespaces that count as the host: the host's own for root, else the user's. */
  readonly runner: Runner;
  readonly paths: Pick<Paths, 'root' | 'leases'>;
  readonly facts: Pick<HostFacts, 'env'>;
  /** The conflist of a network; one to be kept is `settled`. Throws NOT_FOUND. */
  readonly list: (network: string, settled: boolean) => ConfList;
  /** How long a plugin may take. */
  readonly timeoutMs?: number;
}

/** DHCP and plugins that ask a cluster take their time. */
const defaultTimeoutMs = 60_000;
const via = 'cni';

/**
 * Networks as their conflist has them made, whatever is in it: each plugin is executed by the CNI protocol.
 * The runtime's side of https://www.cni.dev/docs/spec/ for lists of 0.1.0 to 1.1.0, with the verbs and the
 * promises of NetworkBackend.
 */
export class CniBackend {
  readonly #options: CniBackendOptions;
  readonly #place: PluginPlace;
  readonly #tools: HostTools;
  readonly #cache: ResultCache;

  constructor(options: CniBackendOptions) {
    const { env } = options.facts;
    this.#options = options;
    this.#tools = new HostTools(env.PATH);
    this.#cache = new ResultCache(resultsDirectory(options.paths.root));
    this.#place = {
      runner: options.runner,
      directories: pluginDirectories(env),
      searchPath: `${env.PATH ?? '/usr/bin:/bin'}:/usr/local/sbin:/usr/sbin:/sbin`,
      timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
    };
  }

  async validate(spec: PodNetworkSpec): Promise<void> {
    const list = await agree(this.#place, this.#list(spec.network, false));
    endpointFor(list, { id: '0', name: 'pod', ifname: 'eth0', netnsPath: '' }, spec);
    refuseUnpublishable(list, spec.ports);
    checkAddresses(this.#options.list(spec.network, false), spec, this.#options.paths.leases);
    this.#tools.path('ip');
    await statusList(this.#place, list);
  }

  async attach(target: NetworkTarget, spec: PodNetworkSpec): Promise<Attachment> {
    const list = await negotiate(this.#place, this.#list(spec.network, true));
    const stale = this.#entries(target)[0];
    if (stale) await this.#delete(target, stale);
    const before = addressesToKeep(list, spec, stale && resultOf(stale));
    try {
      return await this.#make(target, list, { ...spec, staticAddresses: before });
    } catch (error) {
      const taken = before !== spec.staticAddresses && isPeapodError(error) && /^ADDRESS_/.test(error.code);
      if (!taken) throw error;
      return this.#make(target, list, spec);
    }
  }

  async detach(target: NetworkTarget, last?: Attachment): Promise<void> {
    for (const entry of this.#entries(target, last)) await this.#delete(target, entry);
  }

  /** Plugins know no way but DEL and ADD; those that give chosen addresses give the same ones again. */
  async mend(
    target: NetworkTarget,
    spec: PodNetworkSpec,
    last: Attachment,
    ports: readonly PublishedPort[],
  ): Promise<MendedAttachment> {
    await this.detach(target, last);
    const formerAddresses = last.addresses.map((cidr) => cidr.split('/')[0] as string);
    const attachment = await this.attach(target, { ...spec, formerAddresses, ports });
    const published = ports.length > 0 ? await this.publish(target, attachment, ports) : [];
    return { attachment, published };
  }

  async check(target: NetworkTarget, last: Attachment, ports: readonly PublishedPort[]): Promise<void> {
    const entry = this.#entries(target, last)[0];
    const result = entry && resultOf(entry);
    if (!entry || !result) throw drifted(target, 'lacks the record of what its plugins made');
    const pod = await this.#podInterface(target, last.ifname);
    const missing = missingInPod(last, pod);
    const told = new Set(portsOf(entry.capabilityArgs).map(portKey));
    missing.push(
      ...ports
        .filter((port) => !told.has(portKey(port)))
        .map((port) => `the published port ${formatPort(port)}`),
    );
    if (missing.length > 0) throw drifted(target, `lacks ${missing.join(', ')}`);
    try {
      await checkList(this.#place, listOf(entry), endpointOf(entry, target.netnsPath), result);
    } catch (error) {
      throw drifted(target, `has changed: ${messageOf(error)}`, error);
    }
  }

  async missingHelpers(target: NetworkTarget): Promise<readonly string[]> {
    return lostHolders(target.runtimeDir) ? ['port holder'] : [];
  }

  /** New connections find none of the target's ports for some milliseconds: no plugin adds to what it has. */
  async publish(
    target: NetworkTarget,
    last: Attachment,
    ports: readonly PortMapping[],
  ): Promise<PublishedPort[]> {
    const entry = this.#required(target, last);
    refuseUnpublishable(listOf(entry), ports);
    const before = portsOf(entry.capabilityArgs);
    const keys = new Set(ports.map(portKey));
    await releasePorts(target.runtimeDir, ports);
    holdPorts(target.runtimeDir, ports);
    try {
      if (!ports.every((port) => before.some((one) => portKey(one) === portKey(port)))) {
        const others = before.filter((port) => !keys.has(portKey(port)));
        await this.#setPorts(target, entry, [...others, ...ports]);
      }
    } catch (error) {
      await releasePorts(target.runtimeDir, ports);
      throw error;
    }
    return ports.map((port) => ({ ...port, via }));
  }

  async setNames(): Promise<void> {}

  async unpublish(target: NetworkTarget, last: Attachment, ports: readonly PublishedPort[]): Promise<void> {
    const entry = this.#entries(target, last)[0];
    if (entry) {
      const gone = new Set(ports.map(portKey));
      const before = portsOf(entry.capabilityArgs);
      const remaining = before.filter((port) => !gone.has(portKey(port)));
      if (remaining.length < before.length) await this.#setPorts(target, entry, remaining);
    }
    await releasePorts(target.runtimeDir, ports);
  }

  /**
   * Frees what attachments left that are not among the valid ones: DEL for each that is remembered here, which
   * works with plugins that know no GC, then GC for the plugins of lists from 1.1.0 on. `valid` must name all
   * that live on the network, those of other runtimes as well, where such plugins are shared with them.
   */
  async collectGarbage(network: string, valid: readonly AttachmentId[]): Promise<void> {
    const isValid = (entry: CachedAttachment) =>
      valid.some(({ containerId, ifname }) => containerId === entry.containerId && ifname === entry.ifname);
    const failures: unknown[] = [];
    for (const entry of this.#cache.ofNetwork(network).filter((one) => !isValid(one))) {
      await this.#delete({ netnsPath: entry.netns }, entry).catch((error) => failures.push(error));
    }
    const list = await negotiate(this.#place, this.#list(network, true));
    await collectList(this.#place, list, valid).catch((error) => failures.push(error));
    const [first] = failures;
    if (failures.length > 1) throw new UndoFailed(first, failures.slice(1));
    if (first) throw first;
  }

  async #make(target: NetworkTarget, list: PluginList, spec: PodNetworkSpec): Promise<Attachment> {
    const asked = endpointFor(list, target, spec);
    const endpoint = publishesAtAdd(list)
      ? { ...asked, capabilityArgs: withPorts(asked.capabilityArgs, spec.ports) }
      : asked;
    const entry: CachedAttachment = {
      ...endpoint,
      network: list.name,
      config: list.text,
      source: list.source,
    };
    // Before anything is made: a killed ADD is undone by the entry.
    this.#cache.write(entry);
    let result: CniResult;
    try {
      result = await addList(this.#place, list, endpoint);
    } catch (error) {
      if (!(error instanceof UndoFailed)) this.#cache.remove(entry);
      throw error;
    }
    try {
      this.#cache.write({ ...entry, result: formatResult(result, list.cniVersion) });
      const pod = await this.#podInterface(target, endpoint.ifname);
      const attachment = describeAttachment(list, endpoint, result, pod);
      requireChosen(list, spec, attachment);
      return attachment;
    } catch (error) {
      try {
        await deleteList(this.#place, list, endpoint, result);
      } catch (undoing) {
        throw new UndoFailed(error, [undoing]);
      }
      this.#cache.remove(entry);
      throw error;
    }
  }

  async #delete(target: Pick<NetworkTarget, 'netnsPath'> & Partial<NetworkTarget>, entry: CachedAttachment) {
    const result = resultOf(entry);
    const place = { runner: this.#options.runner, ip: this.#tools.path('ip') };
    const netns = { path: target.netnsPath, ifname: entry.ifname };
    const del = (path: string) => deleteList(this.#place, listOf(entry), endpointOf(entry, path), result);
    await deleteInNetns(place, netns, result, del);
    const ports = portsOf(entry.capabilityArgs);
    if (target.runtimeDir && ports.length > 0) await releasePorts(target.runtimeDir, ports);
    this.#cache.remove(entry);
  }

  async #setPorts(target: NetworkTarget, entry: CachedAttachment, ports: readonly PortMapping[]) {
    const result = resultOf(entry);
    if (!result) throw drifted(target, 'lacks the record of what its plugins made');
    const list = listOf(entry);
    // Before anything changes: a killed publish is undone by the entry.
    const all = [...portsOf(entry.capabilityArgs), ...ports];
    this.#cache.write({ ...entry, capabilityArgs: withPorts(entry.capabilityArgs, all) });
    try {
      const endpoint = endpointOf(entry, target.netnsPath);
      const { capabilityArgs } = await republish(this.#place, list, endpoint, result, ports);
      this.#cache.write({ ...entry, capabilityArgs });
    } catch (error) {
      this.#cache.write(entry);
      throw error;
    }
  }

  #list(network: string, settled: boolean): PluginList {
    return readPluginList(this.#options.list(network, settled), this.#options.paths.leases);
  }

  #entries(target: NetworkTarget, last?: Attachment): CachedAttachment[] {
    return this.#cache
      .ofContainer(target.id)
      .filter(({ network, ifname }) => ifname === target.ifname && (!last || network === last.network));
  }

  #required(target: NetworkTarget, last: Attachment): CachedAttachment {
    const entry = this.#entries(target, last)[0];
    if (!entry) throw drifted(target, 'lacks the record of what its plugins made');
    return entry;
  }

  #podInterface({ netnsPath }: NetworkTarget, ifname: string): Promise<PodInterface | undefined> {
    return readPodInterface(this.#options.runner.netns(netnsPath), this.#tools.path('ip'), ifname);
  }
}

function drifted(target: NetworkTarget, how: string, cause?: unknown): PeapodError {
  return new PeapodError('NETWORK_DRIFT', `the network of ${target.name} ${how}`, {
    hint: 'stop and start the pod to make it anew',
    cause,
  });
}
