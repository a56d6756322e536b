import { hostname as hostnameOfHost } from 'node:os';
import { PeapodError } from '../errors.ts';
import type { KeptIds, NamespaceSpec } from '../store/records/isolation.ts';
import type { PasswdSpec } from '../store/records/passwd.ts';
import type {
  ContainerRecord,
  ImageRecord,
  MountSpec,
  PodRecord,
  SandboxRecord,
  SandboxSpec,
  SecretUse,
  SharedNamespace,
} from '../store/records.ts';
import { admitContainer } from './admit-container.ts';
import { requireTools } from './container-cgroup.ts';
import { askedUserns, type NamespaceFlags, type PasswdFlags } from './container-flags.ts';
import { imageFor } from './container-image.ts';
import { inheritedMounts } from './container-mounts.ts';
import { hostnameFor, isShareable } from './container-namespaces.ts';
import { resolveContainerSpec } from './container-spec.ts';
import type { AfterCreate, Containers, CreateSinks } from './containers.ts';
import type { Context } from './context.ts';
import type { ProgressSink } from './engine.ts';
import { exposedPorts, openPorts } from './exposed-ports.ts';
import { parseInitContainer } from './init-containers.ts';
import type { Lifecycle } from './lifecycle.ts';
import { makeContainer } from './make-container.ts';
import { checkHostname, checkName, friendlyName, newId } from './names.ts';
import { checkNewFile, writeNewFile } from './new-file.ts';
import type { Operations } from './operations.ts';
import { parseNamespaces } from './parse-namespaces.ts';
import { parseShare } from './parse-options.ts';
import { checkMemberFlags, withPodDefaults } from './pod-options.ts';
import type { Pods } from './pods.ts';
import { parsePullPolicy } from './pull-policy.ts';
import type { ContainerCreateRequest, PodCreateRequest } from './requests.ts';
import { resolveRequires } from './requires.ts';
import { resolveSandboxSpec } from './sandbox-spec.ts';
import type { PlannedUserns } from './user-namespaces.ts';
import { nameAnonymous } from './volume-records.ts';

/** Where a pod shares none, what was said of the network is for the container alone. */
const noNetwork = {
  networks: [],
  networkAliases: [],
  ports: [],
  ip: undefined,
  ip6: undefined,
  macAddress: undefined,
} satisfies Partial<PodCreateRequest>;

/** Containers: resolved from a request, written down, made. */
export class ContainerCreation {
  readonly #context: Context;
  readonly #operations: Operations;
  readonly #lifecycle: Lifecycle;
  readonly #pods: Pods;
  readonly #containers: Containers;

  constructor(
    context: Context,
    operations: Operations,
    lifecycle: Lifecycle,
    pods: Pods,
    containers: Containers,
  ) {
    this.#context = context;
    this.#operations = operations;
    this.#lifecycle = lifecycle;
    this.#pods = pods;
    this.#containers = containers;
  }

  /**
   * Everything is checked first; then the rows are written, then the container is made (and started).
   * Where that fails, nothing of it stays, nor of a pod that `--pod new:` made for it.
   */
  async create(
    request: ContainerCreateRequest,
    createCommand: readonly string[],
    after: AfterCreate,
    { progress, warn }: CreateSinks,
  ): Promise<string> {
    if (request.name !== undefined) checkName(request.name);
    if (request.hostname !== undefined) checkHostname(request.hostname);
    if (request.pod !== undefined && !request.pod.startsWith('new:')) {
      checkMemberFlags(request, this.#pods.require(request.pod));
    }
    requireTools(this.#context);
    const policy = parsePullPolicy(request.pull);
    const image = await imageFor(this.#context, request, policy, progress);
    const newPod = request.pod?.startsWith('new:') ? await this.#newPod(request, createCommand) : undefined;
    try {
      // A new pod has taken its user namespace for itself.
      const inPod = newPod ? { ...request, userns: undefined } : request;
      return await this.#createIn(inPod, createCommand, after, image, newPod ?? request.pod, warn);
    } catch (error) {
      if (newPod) {
        await this.#context.interrupt.shielded(() => this.#pods.remove(newPod, { force: true }));
      }
      throw error;
    }
  }

  async #createIn(
    asRequested: ContainerCreateRequest,
    createCommand: readonly string[],
    after: AfterCreate,
    image: ImageRecord | undefined,
    podName: string | undefined,
    warn: ProgressSink,
  ): Promise<string> {
    const { store, facts, interrupt } = this.#context;
    const id = newId();
    const pod = podName ? this.#pods.require(podName) : undefined;
    const request = pod ? withPodDefaults(asRequested, pod.options) : asRequested;
    const initContainer = this.#initContainer(request, pod);
    const sharesNetwork = pod?.shared.includes('net') ?? false;
    const podSandbox = pod ? store.sandboxes.get(pod.id) : undefined;
    const namespaces = this.#namespaces(request.namespaces ?? {});
    const hostname =
      hostnameFor(request.hostname, namespaces.uts) ??
      (pod?.shared.includes('uts') && !namespaces.uts ? podSandbox?.spec.hostname : undefined) ??
      (request.networks.includes('host') ? hostnameOfHost() : id.slice(0, 12));
    const userns = await this.#userns(request, image, podSandbox);
    const asked = resolveContainerSpec(request, {
      image,
      env: facts.env,
      cwd: process.cwd(),
      hostname,
      rootless: facts.rootless,
      keep: userns?.keep,
      passwd: await this.#passwd(request.passwd ?? {}, userns?.keep),
      inherited: inheritedMounts(
        request.volumesFrom ?? [],
        (donor) => this.#containers.require(donor),
        pod?.options.members?.inherited,
      ),
      namespaces,
    });
    const requires = resolveRequires(this.#context, request.requires, pod?.id);
    const secrets = await this.#secrets(request.secrets);
    const { mounts, anonymous } = nameAnonymous(await this.#withImages(asked.mounts), newId);
    const old = request.replace && request.name ? this.#containers.find(request.name) : undefined;
    const own = sharesNetwork ? undefined : await this.#ownSandbox(request, hostname, image, old?.id);
    const around = { pod, network: own?.network };
    const spec = admitContainer(this.#context, asked, around, warn);
    const name = request.name ?? friendlyName(store.names);
    interrupt.check();
    const record: ContainerRecord = {
      id,
      name,
      ...(pod ? { podId: pod.id } : {}),
      sandboxId: sharesNetwork && pod ? pod.id : id,
      createdAtMs: Date.now(),
      spec: {
        ...spec,
        mounts,
        ...(pod?.options.members?.noHosts ? { noHosts: true } : {}),
        ...(secrets.length > 0 ? { secrets } : {}),
        ...(initContainer ? { initContainer } : {}),
        ...(requires.length > 0 ? { requires } : {}),
      },
      createCommand,
      state: 'created',
      bootId: facts.bootId,
      oomKilled: false,
    };
    const parts = { context: this.#context, operations: this.#operations, lifecycle: this.#lifecycle };
    if (old) {
      checkNewFile(request.cidFile, '--cidfile');
      await this.#lifecycle.remove(old.id, { force: true });
    }
    await makeContainer(
      parts,
      { record, own, anonymous, userns },
      {
        check: () => {
          if (pod && !store.pods.get(pod.id)) this.#pods.require(podName as string);
        },
        prepare: async () => {
          if (secrets.length > 0) (await import('./secret-uses.ts')).keepSecrets(this.#context, record);
          if (request.cidFile) writeNewFile(request.cidFile, id, '--cidfile');
        },
      },
      after,
    );
    return id;
  }

  async #withImages(mounts: readonly MountSpec[]): Promise<readonly MountSpec[]> {
    if (!mounts.some(({ type }) => type === 'image')) return mounts;
    return (await import('./image-mounts.ts')).resolveImages(this.#context, mounts);
  }

  async #passwd(flags: PasswdFlags, keep: KeptIds | undefined): Promise<PasswdSpec | undefined> {
    const isPlain = flags.passwd !== false && !flags.entry && !flags.hostUsers?.length && !keep;
    return isPlain ? undefined : (await import('./host-users.ts')).resolvePasswd(this.#context, flags, keep);
  }

  /** A member has that of its pod. */
  async #userns(
    request: ContainerCreateRequest,
    image: ImageRecord | undefined,
    pod: SandboxRecord | undefined,
  ): Promise<PlannedUserns | undefined> {
    const asked = askedUserns(request.userns, this.#context.facts.env);
    if (pod ? !pod.spec.userns : !asked) return undefined;
    const { planUserns, usernsOfPod } = await import('./user-namespaces.ts');
    if (pod) return usernsOfPod(pod);
    return planUserns(this.#context, asked ?? {}, {
      findContainer: (name) => this.#containers.require(name),
      size: async () => (await import('./auto-size.ts')).autoSize(this.#context, request, image),
    });
  }

  #initContainer(request: ContainerCreateRequest, pod: PodRecord | undefined) {
    const members = pod ? this.#context.store.containers.ofPod(pod.id) : [];
    return parseInitContainer(request, members, (member) => this.#lifecycle.isRunning(member));
  }

  async #secrets(words: readonly string[]): Promise<SecretUse[]> {
    if (words.length === 0) return [];
    return (await import('./secret-uses.ts')).parseSecretUses(this.#context, words);
  }

  async #newPod(request: ContainerCreateRequest, createCommand: readonly string[]): Promise<string> {
    const old = request.replace && request.name ? this.#containers.find(request.name) : undefined;
    const pod: PodCreateRequest = {
      ...request,
      ...(parseShare(request.share).includes('net') ? {} : noNetwork),
      name: request.pod?.slice('new:'.length) || undefined,
      labels: [],
      labelFiles: [],
      podIdFile: undefined,
      limits: undefined,
      cgroupParent: undefined,
      replace: false,
      // These are the container's own.
      volumes: [],
      volumesFrom: [],
      devices: [],
      securityOptions: [],
    };
    const replaced = old && { id: old.id, remove: () => this.#lifecycle.remove(old.id, { force: true }) };
    return this.#pods.create(pod, createCommand, replaced);
  }

  async #ownSandbox(
    request: ContainerCreateRequest,
    hostname: string,
    image: ImageRecord | undefined,
    replaces: string | undefined,
  ): Promise<SandboxSpec> {
    // ipc and uts are the container's alone: the runtime makes them with it.
    const namespaces: SharedNamespace[] = ['net'];
    const exposed = exposedPorts(image?.config.config ?? {}, request.expose);
    const morePorts = request.publishAll ? openPorts(exposed) : [];
    return resolveSandboxSpec(this.#context, request, { hostname, namespaces, morePorts, replaces });
  }

  #namespaces(flags: NamespaceFlags): NamespaceSpec {
    const found = parseNamespaces(flags, (name) => this.#containers.require(name).id);
    const donor = found.ipc?.startsWith('container:')
      ? this.#containers.require(found.ipc.slice('container:'.length))
      : undefined;
    const donorPod = donor?.podId ? this.#context.store.pods.get(donor.podId) : undefined;
    if (donor && !isShareable(donor, donorPod?.shared.includes('ipc') ?? false)) {
      throw new PeapodError('INVALID_ARGUMENT', `container ${donor.name} does not share its IPC namespace`, {
        hint: 'run that container with --ipc shareable, or both in one pod',
      });
    }
    return found;
  }
}
