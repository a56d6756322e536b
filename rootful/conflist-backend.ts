import { existsSync } from 'node:fs';
import { isPeapodError, messageOf, PeapodError } from '../src/errors.ts';
import type {
  Attachment,
  AttachmentId,
  MendedAttachment,
  NetworkTarget,
  PodNetworkSpec,
} from '../src/network/backend.ts';
import type { ConfList } from '../src/network/conflist.ts';
import { NetworkFiles } from '../src/network/network-files.ts';
import type { PortMapping, PublishedPort } from '../src/network/types.ts';
import { BridgeBackend, type BridgeBackendOptions } from './backend.ts';
import { bridgeNetwork } from './bridge-network.ts';
import type { CniBackend } from './cni/backend.ts';
import { isByPlugins, resultsDirectory } from './cni/mark.ts';

/**
 * Networks of conflists: what the bridge backend understands, it makes itself; lists with other plugins, or
 * options that it lacks, are executed plugin by plugin. `PEAPOD_CNI=exec` has all of them executed.
 */
export class ConflistBackend extends BridgeBackend {
  readonly #options: BridgeBackendOptions;
  readonly #files: NetworkFiles;
  #cni: Promise<CniBackend> | undefined;

  constructor(options: BridgeBackendOptions) {
    super(options);
    this.#options = options;
    this.#files = new NetworkFiles(options.paths);
  }

  override async validate(spec: PodNetworkSpec): Promise<void> {
    const reason = this.#reasonToExecute(spec.network);
    if (reason === undefined) return super.validate(spec);
    try {
      await (await this.#plugins()).validate(spec);
    } catch (error) {
      if (!isPeapodError(error, 'TOOL_MISSING') || !isPeapodError(reason)) throw error;
      throw new PeapodError('TOOL_MISSING', `${reason.message} without CNI plugins; ${messageOf(error)}`, {
        hint: error.hint ?? '',
        cause: error,
      });
    }
  }

  override async attach(target: NetworkTarget, spec: PodNetworkSpec): Promise<Attachment> {
    if (this.#reasonToExecute(spec.network) === undefined) return super.attach(target, spec);
    return (await this.#plugins()).attach(target, spec);
  }

  override async detach(target: NetworkTarget, last?: Attachment): Promise<void> {
    if (last && !isByPlugins(last)) return super.detach(target, last);
    // A killed attach has left no attachment, but an entry.
    if (last || existsSync(resultsDirectory(this.#options.paths.root))) {
      await (await this.#plugins()).detach(target, last);
    }
    if (!last) await super.detach(target);
  }

  override async mend(
    target: NetworkTarget,
    spec: PodNetworkSpec,
    last: Attachment,
    ports: readonly PublishedPort[],
  ): Promise<MendedAttachment> {
    if (!isByPlugins(last)) return super.mend(target, spec, last, ports);
    return (await this.#plugins()).mend(target, spec, last, ports);
  }

  override async check(
    target: NetworkTarget,
    last: Attachment,
    ports: readonly PublishedPort[],
  ): Promise<void> {
    if (!isByPlugins(last)) return super.check(target, last, ports);
    return (await this.#plugins()).check(target, last, ports);
  }

  override async publish(
    target: NetworkTarget,
    last: Attachment,
    ports: readonly PortMapping[],
  ): Promise<PublishedPort[]> {
    if (!isByPlugins(last)) return super.publish(target, last, ports);
    return (await this.#plugins()).publish(target, last, ports);
  }

  override async expectPublish(target: NetworkTarget, last: Attachment): Promise<() => Promise<void>> {
    return isByPlugins(last) ? async () => {} : super.expectPublish(target, last);
  }

  override async unpublish(
    target: NetworkTarget,
    last: Attachment,
    ports: readonly PublishedPort[],
  ): Promise<void> {
    if (!isByPlugins(last)) return super.unpublish(target, last, ports);
    return (await this.#plugins()).unpublish(target, last, ports);
  }

  async collectGarbage(lost: NetworkTarget, living: readonly AttachmentId[]): Promise<void> {
    // A list that is gone, or made natively by now: the results remember what plugins made.
    if (this.#reasonToExecute(lost.network) === undefined) return this.detach(lost);
    await (await this.#plugins()).collectGarbage(lost.network, living);
  }

  /** Undefined where the bridge backend understands the list. Throws NETWORK_CONFIG, NOT_FOUND. */
  #reasonToExecute(network: string): PeapodError | 'asked' | undefined {
    const asked = this.#options.facts.env.PEAPOD_CNI;
    if (asked === 'exec') return 'asked';
    if (asked) {
      throw new PeapodError('INVALID_ARGUMENT', `PEAPOD_CNI=${asked} is nothing that peapod knows`, {
        hint: 'set it to exec, which has all networks made by CNI plugins, or to nothing',
      });
    }
    const list = this.#files.find(network);
    if (!list) return undefined; // not found, and the bridge backend says so
    try {
      bridgeNetwork(list);
      return undefined;
    } catch (error) {
      if (isPeapodError(error, 'NETWORK_UNSUPPORTED')) return error;
      throw error;
    }
  }

  #list(network: string, settled: boolean): ConfList {
    const list = settled ? this.#files.settle(network) : this.#files.find(network);
    if (list) return list;
    throw new PeapodError(
      'NOT_FOUND',
      `unable to find network with name or ID ${network}: network not found`,
      { hint: `peapod network ls lists those there are, peapod network create ${network} makes one` },
    );
  }

  /** Loaded where a network needs it: most never do. */
  #plugins(): Promise<CniBackend> {
    this.#cni ??= import('./cni/backend.ts').then(({ CniBackend }) => {
      const { runner, paths, facts } = this.#options;
      return new CniBackend({ runner, paths, facts, list: (name, settled) => this.#list(name, settled) });
    });
    return this.#cni;
  }
}
