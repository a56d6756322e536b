import { mkdirSync, statfsSync } from 'node:fs';
import { PeapodError } from '../errors.ts';
import { isAlive, signalProcess, waitForEnd } from '../host/processes.ts';
import type { Attachment, NetworkTarget } from '../network/backend.ts';
import { type PortMapping, type PublishedPort, portKey } from '../network/types.ts';
import {
  nsfsMagic,
  type PinnedNamespace,
  pinNamespaces,
  sandboxFiles,
  startPause,
  unpinNamespaces,
} from '../sandbox/namespaces.ts';
import type { ContainerRecord, SandboxRecord, SharedNamespace } from '../store/records.ts';
import type { Context } from './context.ts';

export interface ReadySandbox {
  readonly record: SandboxRecord;
  readonly attachment: Attachment | undefined;
  /** Paths inside the runner's mount namespace. */
  readonly namespacePaths: Partial<Record<SharedNamespace, string>>;
  readonly shm: string | undefined;
}

/**
 * Sandboxes of pods and of containers outside pods: namespaces, then the network. Callers hold the
 * operation on the sandbox's id.
 */
export class Sandboxes {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** What is true now, whatever the store remembers from another boot or a keeper that has ended. */
  state(record: SandboxRecord): SandboxRecord['state'] {
    if (record.state === 'released' || record.bootId !== this.#context.facts.bootId) return 'released';
    const first = pinned(record)[0];
    if (first && !this.#isPinned(sandboxFiles(this.#context.paths.sandbox(record.id)).namespace(first))) {
      return 'released';
    }
    return record.state;
  }

  /** Helpers of the network, and the pause process, that should run and do not. */
  async missing(record: SandboxRecord): Promise<string[]> {
    if (this.state(record) !== 'ready') return [];
    const missing: string[] = [];
    const { network } = record.spec;
    if (network.kind === 'backend' && record.attachment) {
      const backend = await this.#context.backend(network.backend);
      missing.push(...backend.missingHelpers(this.#target(record), record.attachment, record.published));
    }
    if (record.pause && !isAlive(record.pause)) missing.push('pause');
    return missing;
  }

  /** Namespaces only: what `pod create` makes. */
  async pin(record: SandboxRecord): Promise<void> {
    const { paths, facts, store } = this.#context;
    const dir = paths.sandbox(record.id);
    const runner = await this.#context.inside();
    const names = pinned(record);
    const { network } = record.spec;
    const script =
      network.kind === 'backend'
        ? (await this.#context.backend(network.backend)).namespaceScript(network.spec)
        : '';
    const files = await pinNamespaces(runner, dir, names, script);
    const pause = record.spec.namespaces.includes('pid') ? await startPause(runner, files) : undefined;
    store.sandboxes.setState(record.id, 'pinned', facts.bootId, { pause });
  }

  /**
   * Brings the sandbox to `ready`: pinned, attached, ports published, helpers running. Idempotent; mends
   * what was lost to a reboot or a killed helper.
   */
  async ready(id: string): Promise<ReadySandbox> {
    const { network, view } = await this.begin(id);
    await network;
    return view();
  }

  /**
   * The first half of `ready`: namespaces exist when it returns, the network is under way, so that a
   * container can be created meanwhile. Whoever calls it awaits `network`.
   */
  async begin(id: string): Promise<{ network: Promise<void>; view: () => ReadySandbox }> {
    let record = this.#require(id);
    let state = this.state(record);
    if (state === 'released') {
      await this.#discard(record);
      await this.pin(record);
      record = this.#require(id);
      state = 'pinned';
    }
    if (record.pause && !isAlive(record.pause)) {
      const files = sandboxFiles(this.#context.paths.sandbox(id));
      const pause = await startPause(await this.#context.inside(), files);
      this.#save({ ...record, pause }, record.state);
      record = this.#require(id);
    }
    // A killed name server comes back by itself; for any other helper the network is made anew.
    if (state === 'ready' && (await this.missing(record)).length > 0) await this.announce(id);
    if (state === 'ready' && (await this.missing(record)).length > 0) {
      await this.detach(record);
      record = this.#require(id);
      state = 'stopped';
    }
    const network = state === 'ready' ? Promise.resolve() : this.#attach(record);
    network.catch(() => {}); // told by whoever awaits it
    return { network, view: () => this.view(id) };
  }

  /** What containers need to join it, as far as it exists. */
  view(id: string): ReadySandbox {
    return this.#view(this.#require(id));
  }

  /** Makes further ports of a running sandbox reachable; all or none. A sandbox without a network keeps them for its start. */
  async publish(id: string, ports: readonly PortMapping[]): Promise<void> {
    const record = this.#require(id);
    const { network } = record.spec;
    if (this.state(record) !== 'ready' || network.kind !== 'backend' || !record.attachment) return;
    const backend = await this.#context.backend(network.backend);
    const published = await backend.publish(this.#target(record), record.attachment, ports);
    const others = record.published.filter(
      (one) => !published.some((port) => portKey(port) === portKey(one)),
    );
    this.#save({ ...record, published: [...others, ...published] }, record.state);
  }

  /**
   * Tells the network who answers in a pod: its running members, and one that is about to run. Idempotent;
   * nothing where the network has no names of its own.
   */
  async announce(id: string, joining?: ContainerRecord): Promise<void> {
    const { store } = this.#context;
    const record = store.sandboxes.get(id);
    const network = record?.spec.network;
    if (network?.kind !== 'backend' || !record?.attachment?.dnsSearch || this.state(record) !== 'ready')
      return;
    const backend = await this.#context.backend(network.backend);
    await backend.setNames(this.#target(record), record.attachment, () =>
      store.containers
        .ofPod(id)
        .filter((member) => member.sandboxId === id)
        .filter((member) => member.id === joining?.id || this.#runs(member))
        .flatMap((member) => [member.name, member.id.slice(0, 12)]),
    );
  }

  /** Takes ports back; established connections go on. Idempotent. */
  async unpublish(id: string, ports: readonly PortMapping[]): Promise<void> {
    const record = this.#require(id);
    const { network } = record.spec;
    const keys = new Set(ports.map(portKey));
    const gone = record.published.filter((port) => keys.has(portKey(port)));
    if (gone.length === 0 || network.kind !== 'backend' || !record.attachment) return;
    const backend = await this.#context.backend(network.backend);
    await backend.unpublish(this.#target(record), record.attachment, gone);
    const published = record.published.filter((port) => !keys.has(portKey(port)));
    this.#save({ ...record, published }, record.state);
  }

  /** Takes the network away; namespaces stay. Idempotent. */
  async detach(record: SandboxRecord): Promise<void> {
    const { network } = record.spec;
    if (network.kind === 'backend') {
      const backend = await this.#context.backend(network.backend);
      await backend.detach(this.#target(record), record.attachment);
    }
    this.#save({ ...record, published: [] }, record.state === 'ready' ? 'stopped' : record.state, null);
  }

  /** Takes everything away but the row in the store. Idempotent; also after a reboot. */
  async release(id: string): Promise<void> {
    const record = this.#context.store.sandboxes.get(id);
    if (!record) return;
    await this.#discard(record);
    this.#context.store.sandboxes.setState(id, 'released', this.#context.facts.bootId);
  }

  async #discard(record: SandboxRecord): Promise<void> {
    const { network } = record.spec;
    // Addresses and rules may outlive a reboot of the store's memory: detach decides what is there.
    if (network.kind === 'backend' && (record.attachment || record.state !== 'released')) {
      const backend = await this.#context.backend(network.backend);
      await backend.detach(this.#target(record), record.attachment);
    }
    if (record.pause && signalProcess(record.pause, 'SIGKILL')) await waitForEnd(record.pause, 1000);
    unpinNamespaces(this.#context.paths.sandbox(record.id), this.#context.separateMounts);
  }

  async #attach(record: SandboxRecord): Promise<void> {
    const { network, ports } = record.spec;
    let attachment: Attachment | undefined;
    let published: PublishedPort[] = [];
    if (network.kind === 'backend') {
      const backend = await this.#context.backend(network.backend);
      const target = this.#target(record);
      mkdirSync(target.runtimeDir, { recursive: true, mode: 0o700 });
      attachment = await backend.attach(target, { ...network.spec, ports, dnsServers: serversOf(record) });
      try {
        if (ports.length > 0) published = await backend.publish(target, attachment, ports);
        this.#context.interrupt.check();
      } catch (error) {
        await backend.detach(target, attachment);
        throw error;
      }
    }
    this.#save({ ...record, published }, 'ready', attachment ?? null);
    await this.announce(record.id);
  }

  #runs({ state, bootId, process }: ContainerRecord): boolean {
    const isUp = state === 'running' || state === 'paused';
    return isUp && bootId === this.#context.facts.bootId && process !== undefined && isAlive(process);
  }

  /** `attachment: null` clears it. */
  #save(record: SandboxRecord, state: SandboxRecord['state'], attachment?: Attachment | null): void {
    const kept = attachment === undefined ? record.attachment : (attachment ?? undefined);
    this.#context.store.sandboxes.setState(record.id, state, this.#context.facts.bootId, {
      attachment: kept,
      published: record.published,
      pause: record.pause,
    });
  }

  #view(record: SandboxRecord): ReadySandbox {
    const files = sandboxFiles(this.#context.paths.sandbox(record.id));
    const paths: Partial<Record<SharedNamespace, string>> = {};
    for (const name of pinned(record)) paths[name] = files.namespace(name);
    if (record.pause) paths.pid = `/proc/${record.pause.pid}/ns/pid`;
    if (record.spec.network.kind === 'netns') paths.net = record.spec.network.path;
    if (record.spec.network.kind === 'container') {
      const other = this.#context.store.containers.get(record.spec.network.containerId);
      const net = other && this.view(other.sandboxId).namespacePaths.net;
      if (!net)
        throw new PeapodError(
          'WRONG_STATE',
          'the container whose network is shared has no network namespace',
        );
      paths.net = net;
    }
    return {
      record,
      attachment: record.attachment,
      namespacePaths: paths,
      shm: paths.ipc ? files.shm : undefined,
    };
  }

  #target(record: SandboxRecord): NetworkTarget {
    const files = sandboxFiles(this.#context.paths.sandbox(record.id));
    return {
      id: record.id,
      name: this.#context.store.names.nameOf(record.id) ?? record.id.slice(0, 12),
      netnsPath: files.namespace('net'),
      runtimeDir: files.network,
    };
  }

  #require(id: string): SandboxRecord {
    const record = this.#context.store.sandboxes.get(id);
    if (!record) throw new PeapodError('NOT_FOUND', `no sandbox ${id.slice(0, 12)}`);
    return record;
  }

  #isPinned(path: string): boolean {
    const seen = this.#context.visible(path);
    try {
      return seen !== undefined && statfsSync(seen).type === nsfsMagic;
    } catch {
      return false;
    }
  }
}

/** `--dns`. With `none` the pod has no resolv.conf of ours. */
function serversOf({ spec }: SandboxRecord): readonly string[] {
  return spec.dns.servers.includes('none') ? [] : spec.dns.servers;
}

/** The network namespace of a sandbox on someone else's network is not ours to pin. */
function pinned(record: SandboxRecord): PinnedNamespace[] {
  const foreign = ['host', 'netns', 'container'].includes(record.spec.network.kind);
  return record.spec.namespaces.filter(
    (name): name is PinnedNamespace => name !== 'pid' && !(name === 'net' && foreign),
  );
}
