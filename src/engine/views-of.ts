import { readExitCode } from '../container/exit-status.ts';
import type { Attachment } from '../network/backend.ts';
import type { ContainerRecord, NetworkChoice, PodRecord, SandboxRecord } from '../store/records.ts';
import { isInitialized } from './alive.ts';
import { podCgroupPath } from './container-cgroup.ts';
import type { Context } from './context.ts';
import { networkMode } from './inspect-network.ts';
import type { Lifecycle } from './lifecycle.ts';
import { isUsersEnd } from './restart-policy.ts';
import { attachmentsOf, endpointsOf } from './sandbox-networks.ts';
import type { Sandboxes } from './sandboxes.ts';
import type { AttachmentView, ContainerView, PodView } from './views.ts';

/** Rows of `ps` and `pod ps`: what the store remembers, corrected by what /proc says. */
export class Views {
  readonly #context: Context;
  readonly #lifecycle: Lifecycle;
  readonly #sandboxes: Sandboxes;

  constructor(context: Context, lifecycle: Lifecycle, sandboxes: Sandboxes) {
    this.#context = context;
    this.#lifecycle = lifecycle;
    this.#sandboxes = sandboxes;
  }

  containers(): ContainerView[] {
    const { store } = this.#context;
    const sandboxes = new Map(store.sandboxes.all().map((sandbox) => [sandbox.id, sandbox]));
    return store.containers.all().map((record) => this.container(record, sandboxes.get(record.sandboxId)));
  }

  container(record: ContainerRecord, stored: SandboxRecord | undefined): ContainerView {
    const sandbox = stored && this.#ofThisBoot(stored);
    const { spec } = record;
    const state = this.stateOf(record);
    const podName = record.podId ? this.#context.store.names.nameOf(record.podId) : undefined;
    return {
      id: record.id,
      name: record.name,
      imageId: spec.rootfs.kind === 'image' ? spec.rootfs.imageId : '',
      image: spec.imageName,
      command: spec.command,
      createdAtMs: record.createdAtMs,
      startedAtMs: record.startedAtMs,
      finishedAtMs: record.finishedAtMs,
      state,
      exitCode: this.#exitCode(record, state),
      pid: record.process?.pid ?? 0,
      podId: record.podId,
      podName,
      ports: sandbox ? portsOf(sandbox) : [],
      exposedPorts: spec.exposedPorts,
      networks: sandbox ? networksOf(sandbox) : [],
      addresses: addressesOf(sandbox),
      networkMode: networkMode(sandbox, record.podId !== undefined && record.sandboxId === record.podId),
      attachments: this.#attachments(sandbox),
      labels: spec.labels,
      health: this.#health(record, state),
      autoRemove: spec.remove,
      restart: this.#restart(record),
      mounts: spec.mounts.map(({ source, destination }) => ({ source, destination })),
    };
  }

  #exitCode({ id, exitCode, startedAtMs }: ContainerRecord, state: string): number | undefined {
    // What the store has is of an earlier run.
    if (state === 'stopped') return readExitCode(this.#context.paths.exits, id);
    // Ended by a reboot: nobody was there to see how, which podman writes as 255.
    return exitCode ?? (startedAtMs !== undefined && state === 'exited' ? 255 : undefined);
  }

  /** `stopped`: it has ended, and its clean-up is still to come. */
  stateOf(record: ContainerRecord): string {
    if (isInitialized(this.#context, record)) return 'initialized';
    if (this.#lifecycle.isRestarting(record)) return 'restarting';
    if (record.state !== 'running' && record.state !== 'paused') return record.state;
    if (record.bootId !== this.#context.facts.bootId) return 'exited';
    return this.#lifecycle.isRunning(record) ? record.state : 'stopped';
  }

  #health({ id, spec }: ContainerRecord, state: string): string {
    if (!spec.healthcheck || (state !== 'running' && state !== 'paused')) return '';
    return this.#context.store.supervision.get(id)?.health?.status ?? '';
  }

  #restart({ id, spec, exitCode = 0 }: ContainerRecord): ContainerView['restart'] {
    const { restart, stopSignal } = spec;
    if (!restart) return { policy: 'no', count: 0, onBoot: false };
    const { restartCount = 0, userSignal } = this.#context.store.supervision.get(id) ?? {};
    const { policy } = restart;
    const onBoot =
      policy === 'always' ||
      (policy === 'unless-stopped' && !isUsersEnd({ exitCode, userSignal, stopSignal }));
    return { policy, count: restartCount, onBoot };
  }

  async pods(): Promise<PodView[]> {
    const { store } = this.#context;
    const members = Map.groupBy(store.containers.all(), (container) => container.podId ?? '');
    return Promise.all(store.pods.all().map((pod) => this.pod(pod, members.get(pod.id) ?? [])));
  }

  async pod(
    pod: PodRecord,
    members: readonly ContainerRecord[] = this.#context.store.containers.ofPod(pod.id),
  ): Promise<PodView> {
    const sandbox = this.#ofThisBoot(this.#context.store.sandboxes.get(pod.id) as SandboxRecord);
    const states = members.map((member) => ({
      id: member.id,
      name: member.name,
      status: this.stateOf(member),
    }));
    const lasting = states.filter((_, index) => members[index]?.spec.initContainer === undefined);
    const { network } = sandbox.spec;
    return {
      id: pod.id,
      name: pod.name,
      status: podStatus(
        this.#sandboxStatus(sandbox),
        lasting.map((member) => member.status),
      ),
      createdAtMs: pod.createdAtMs,
      members: states,
      backend: backendsOf(network),
      networks: networksOf(sandbox),
      addresses: addressesOf(sandbox),
      networkMode: networkMode(sandbox, false),
      attachments: this.#attachments(sandbox),
      ports: portsOf(sandbox),
      labels: pod.labels,
      cgroupParent: podCgroupPath(this.#context, pod.id) ?? '',
      shared: pod.shared,
      missing: await this.#sandboxes.missing(sandbox),
    };
  }

  /** What a sandbox had before a reboot it has no more. */
  #ofThisBoot(sandbox: SandboxRecord): SandboxRecord {
    if (sandbox.bootId === this.#context.facts.bootId) return sandbox;
    return { ...sandbox, attachments: {}, published: [] };
  }

  #attachments(sandbox: SandboxRecord | undefined): AttachmentView[] {
    return attachmentsIn(sandbox).map(({ network, backend, ifname, addresses, gateways, opaque }) => {
      const bridge = opaque.bridge ?? '';
      const behindUplink = backend === 'bridge' && this.#context.facts.rootless;
      return { network, backend, ifname, addresses, gateways, bridge, behindUplink };
    });
  }

  /** The sandbox counts as podman's infra container does. */
  #sandboxStatus(sandbox: SandboxRecord): string {
    const now = this.#sandboxes.state(sandbox);
    if (now === 'ready') return 'running';
    return sandbox.state === 'pinned' ? 'created' : 'exited';
  }
}

/** podman's reading of a pod's members, libpod GetPodStatus. */
function podStatus(sandbox: string, members: readonly string[]): string {
  // podman pauses the infra container with the others.
  const isPaused = members.includes('paused') && !members.includes('running');
  const all = [isPaused ? 'paused' : sandbox, ...members];
  const count = (state: string) => all.filter((each) => each === state).length;
  if (count('running') === all.length) return 'Running';
  if (count('running') > 0) return 'Degraded';
  if (count('paused') === all.length) return 'Paused';
  const ended = count('exited') + count('stopped');
  if (ended === all.length) return 'Exited';
  return ended > 0 ? 'Stopped' : 'Created';
}

/** Published ones, or, while nothing is published, those reserved for it. */
function portsOf(sandbox: SandboxRecord): ContainerView['ports'] {
  if (sandbox.published.length > 0) return sandbox.published;
  return sandbox.spec.ports.map((port) => ({ ...port, via: '' }));
}

export function networksOf(sandbox: SandboxRecord): string[] {
  return endpointsOf(sandbox).map(({ spec }) => spec.network);
}

/** `none`, `host`, …, or the backends of the pod's networks. */
function backendsOf(network: NetworkChoice): string {
  if (network.kind !== 'own') return network.kind;
  return [...new Set(network.endpoints.map(({ backend }) => backend))].join(',') || 'none';
}

function attachmentsIn(sandbox: SandboxRecord | undefined): Attachment[] {
  return sandbox ? attachmentsOf(sandbox) : [];
}

function addressesOf(sandbox: SandboxRecord | undefined): string[] {
  return attachmentsIn(sandbox).flatMap(({ addresses }) =>
    addresses.map((cidr) => cidr.split('/')[0] as string),
  );
}
