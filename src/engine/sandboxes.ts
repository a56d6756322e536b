import { statfsSync } from 'node:fs';
import { PeapodError } from '../errors.ts';
import { rootOutside } from '../host/id-mappings.ts';
import { isAlive, signalProcess, waitForEnd } from '../host/processes.ts';
import { step } from '../host/trace.ts';
import type { Attachment } from '../network/backend.ts';
import {
  nsfsMagic,
  type PinnedNamespace,
  pinNamespaces,
  sandboxFiles,
  startPause,
  unpinNamespaces,
} from '../sandbox/namespaces.ts';
import type { NamespaceOwner } from '../sandbox/owned-namespaces.ts';
import type { SandboxRecord, SharedNamespace } from '../store/records.ts';
import type { Context } from './context.ts';
import { attachmentsOf, SandboxNetworks } from './sandbox-networks.ts';

export interface ReadySandbox {
  readonly record: SandboxRecord;
  /** In the order of the networks. */
  readonly attachments: readonly Attachment[];
  /** Paths inside the runner's mount namespace. */
  readonly namespacePaths: Partial<Record<SharedNamespace | 'user', string>>;
  readonly shm: string | undefined;
}

/**
 * Sandboxes of pods and of containers outside pods: namespaces, then the network. Callers hold the
 * operation on the sandbox's id.
 */
export class Sandboxes {
  readonly #context: Context;
  readonly networks: SandboxNetworks;

  constructor(context: Context) {
    this.#context = context;
    this.networks = new SandboxNetworks(context, (record) => this.state(record) === 'ready');
  }

  /** What is true now, whatever the store remembers from another boot or a keeper that has ended. */
  state(record: SandboxRecord): SandboxRecord['state'] {
    if (record.state === 'released' || record.bootId !== this.#context.facts.bootId) return 'released';
    const first = ownsUsers(record) ? 'user' : pinned(record)[0];
    if (first && !this.#isPinned(sandboxFiles(this.#context.paths.sandbox(record.id)).namespace(first))) {
      return 'released';
    }
    return record.state;
  }

  /** Helpers of the networks, and the pause process, that should run and do not. */
  async missing(record: SandboxRecord): Promise<string[]> {
    if (this.state(record) !== 'ready') return [];
    const missing = await this.networks.missing(record);
    return record.pause && !isAlive(record.pause) ? [...missing, 'pause'] : missing;
  }

  /** Namespaces only: what `pod create` makes. */
  async pin(record: SandboxRecord): Promise<void> {
    const { paths, facts, store } = this.#context;
    const dir = paths.sandbox(record.id);
    const runner = await this.#context.inside();
    const netScript = await this.networks.namespaceScript(record);
    const { sysctls, shmSizeBytes } = record.spec;
    const owner = this.#owner(record);
    const names = pinned(record);
    const files = await step(`pin namespaces ${names.join(', ')}`, () =>
      pinNamespaces(runner, dir, names, { netScript, sysctls, shmSizeBytes, owner }),
    );
    const user = this.#userNamespace(record);
    const pause = record.spec.namespaces.includes('pid')
      ? await step('start the pause process', () => startPause(runner, files, user))
      : undefined;
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
    // Namespaces outlive a keeper that was killed, and are seen again once the next one has joined them.
    if (record.state !== 'released') await this.#context.inside();
    let state = this.state(record);
    if (state === 'released') {
      await this.#discard(record);
      await this.pin(record);
      record = this.#require(id);
      state = 'pinned';
    }
    if (record.pause && !isAlive(record.pause)) {
      const files = sandboxFiles(this.#context.paths.sandbox(id));
      const user = this.#userNamespace(record);
      const pause = await startPause(await this.#context.inside(), files, user);
      this.#context.store.sandboxes.setPause(id, pause);
      record = this.#require(id);
    }
    const network = state === 'ready' ? this.networks.mend(record) : this.networks.attach(record);
    network.catch(() => {}); // told by whoever awaits it
    return { network, view: () => this.view(id) };
  }

  /** What containers need to join it, as far as it exists. */
  view(id: string): ReadySandbox {
    return this.#view(this.#require(id));
  }

  /** Takes everything away but the row in the store. Idempotent; also after a reboot. */
  async release(id: string): Promise<void> {
    const record = this.#context.store.sandboxes.get(id);
    if (!record) return;
    await this.#discard(record);
    this.#context.store.sandboxes.setState(id, 'released', this.#context.facts.bootId);
  }

  async #discard(record: SandboxRecord): Promise<void> {
    // Addresses and rules may outlive a reboot of the store's memory: detach decides what is there.
    if (Object.keys(record.attachments).length > 0 || record.state !== 'released') {
      await this.networks.discard(record);
    }
    if (record.pause && signalProcess(record.pause, 'SIGKILL')) await waitForEnd(record.pause, 1000);
    unpinNamespaces(this.#context.paths.sandbox(record.id), this.#context.separateMounts);
  }

  #view(record: SandboxRecord): ReadySandbox {
    const files = sandboxFiles(this.#context.paths.sandbox(record.id));
    const paths: Partial<Record<SharedNamespace | 'user', string>> = {};
    for (const name of pinned(record)) paths[name] = files.namespace(name);
    const user = this.#userNamespace(record);
    if (user) paths.user = user;
    if (record.pause) paths.pid = `/proc/${record.pause.pid}/ns/pid`;
    if (record.spec.network.kind === 'netns') paths.net = record.spec.network.path;
    if (record.spec.network.kind === 'container') {
      const other = this.#context.store.containers.get(record.spec.network.containerId);
      const net = other && this.view(other.sandboxId).namespacePaths.net;
      if (!net)
        throw new PeapodError(
          'WRONG_STATE',
          'the container whose network is shared has no network namespace',
          { hint: 'start that container first' },
        );
      paths.net = net;
    }
    return {
      record,
      attachments: attachmentsOf(record),
      namespacePaths: paths,
      shm: paths.ipc ? files.shm : undefined,
    };
  }

  #owner(record: SandboxRecord): NamespaceOwner | undefined {
    const { userns } = record.spec;
    if (!userns) return undefined;
    const path = ownsUsers(record) ? undefined : this.#userNamespace(record);
    return { mappings: userns, path, root: rootOutside(userns) };
  }

  /** Undefined for that of all the user's containers. Throws WRONG_STATE where whoever has it is gone. */
  #userNamespace({ id, spec }: SandboxRecord): string | undefined {
    const source = spec.userns?.source;
    if (!source) return undefined;
    if (source.kind === 'path') return source.path;
    const path = sandboxFiles(this.#context.paths.sandbox(source.kind === 'own' ? id : source.sandboxId));
    const file = path.namespace('user');
    if (source.kind === 'own' || this.#isPinned(file)) return file;
    throw new PeapodError('WRONG_STATE', 'the container whose user namespace is to be joined does not run', {
      hint: 'start that container first',
    });
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

function ownsUsers({ spec }: SandboxRecord): boolean {
  return spec.userns?.source.kind === 'own';
}

/** The network namespace of a sandbox on someone else's network is not ours to pin. */
function pinned(record: SandboxRecord): PinnedNamespace[] {
  const foreign = ['host', 'netns', 'container'].includes(record.spec.network.kind);
  return record.spec.namespaces.filter(
    (name): name is PinnedNamespace => name !== 'pid' && !(name === 'net' && foreign),
  );
}
