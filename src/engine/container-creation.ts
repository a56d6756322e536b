import { hostname as hostnameOfHost } from 'node:os';
import { PeapodError } from '../errors.ts';
import type { KeptIds, NamespaceSpec } from '../store/records/isolation.ts';
import type { PasswdSpec } from '../store/records/passwd.ts';
import type {
  ContainerRecord,
  ImageRecord,
  MountSpec,
  PodRecord,
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
import { makeContainer, type NewContainer } from './make-container.ts';
import { checkHostname, checkName, friendlyName, newId } from './names.ts';
import { checkNewFile, writeNewFile } from './new-file.ts';
import { checkNewNames, newPodRequest, wantsNewPod } from './new-pod.ts';
import type { Operations } from './operations.ts';
import { parseNamespaces } from './parse-namespaces.ts';
import type { PlannedPod } from './pod-creation.ts';
import { checkMemberFlags, withPodDefaults } from './pod-options.ts';
import type { Pods } from './pods.ts';
import { parsePullPolicy } from './pull-policy.ts';
import type { ContainerCreateRequest } from './requests.ts';
import { resolveRequires } from './requires.ts';
import { resolveSandboxSpec } from './sandbox-spec.ts';
import type { PlannedUserns } from './user-namespaces.ts';
import { nameAnonymous } from './volume-records.ts';

/** The pod that a container is made in. */
interface Home {
  readonly pod: PodRecord;
  readonly sandbox: SandboxSpec | undefined;
  /** Of one that is not made yet. */
  readonly planned?: Pick<PlannedPod, 'userns' | 'sandbox'>;
}

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
   * Everything is checked first; then what it replaces goes, then the rows are written and the container is made (and
   * started). Where that fails, nothing of it stays, nor of a pod that `--pod new:` made for it.
   */
  async create(
    request: ContainerCreateRequest,
    createCommand: readonly string[],
    after: AfterCreate,
    { progress, warn }: CreateSinks,
  ): Promise<string> {
    if (request.name !== undefined) checkName(request.name);
    if (request.hostname !== undefined) checkHostname(request.hostname);
    const isNew = wantsNewPod(request);
    if (request.pod !== undefined && !isNew) checkMemberFlags(request, this.#pods.require(request.pod));
    requireTools(this.#context);
    const policy = parsePullPolicy(request.pull);
    const image = await imageFor(this.#context, request, policy, progress);
    const { names } = this.#context.store;
    const old = request.replace && request.name ? names.idOf('container', request.name) : undefined;
    const home = isNew ? await this.#newPod(request, createCommand, old) : this.#homeOf(request);
    // A new pod has taken its user namespace for itself.
    const inPod = isNew ? { ...request, userns: undefined } : request;
    const container = await this.#plan(inPod, createCommand, { image, home, replaces: old, warn });
    this.#context.interrupt.check();
    if (old) {
      checkNewFile(request.cidFile, '--cidfile');
      await this.#lifecycle.remove(old, { force: true });
    }
    if (!home?.planned) {
      await this.#make(request, container, after);
      return container.record.id;
    }
    const { pod, planned } = home;
    // Once more: now its ports have to be free on the host, too.
    const spec = old ? await planned.sandbox() : (home.sandbox as SandboxSpec);
    await this.#pods.make({ pod, spec, userns: planned.userns });
    try {
      await this.#make(request, container, after);
    } catch (error) {
      await this.#context.interrupt.shielded(() => this.#pods.remove(pod.id, { force: true }));
      throw error;
    }
    return container.record.id;
  }

  /** Touches nothing. */
  async #plan(
    asRequested: ContainerCreateRequest,
    createCommand: readonly string[],
    {
      image,
      home,
      replaces,
      warn,
    }: {
      readonly image: ImageRecord | undefined;
      readonly home: Home | undefined;
      readonly replaces: string | undefined;
      readonly warn: ProgressSink;
    },
  ): Promise<NewContainer> {
    const { store, facts } = this.#context;
    const id = newId();
    const pod = home?.pod;
    const request = pod ? withPodDefaults(asRequested, pod.options) : asRequested;
    const initContainer = this.#initContainer(request, pod);
    const sharesNetwork = pod?.shared.includes('net') ?? false;
    const namespaces = this.#namespaces(request.namespaces ?? {});
    const hostname =
      hostnameFor(request.hostname, namespaces.uts) ??
      (pod?.shared.includes('uts') && !namespaces.uts ? home?.sandbox?.hostname : undefined) ??
      (request.networks.includes('host') ? hostnameOfHost() : id.slice(0, 12));
    const userns = await this.#userns(request, image, home);
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
    const own = sharesNetwork ? undefined : await this.#ownSandbox(request, hostname, image, replaces);
    const around = { pod, network: own?.network };
    const spec = admitContainer(this.#context, asked, around, warn);
    const isFree = (word: string) => word !== pod?.name && store.names.isFree(word);
    const name = request.name ?? friendlyName({ isFree });
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
    return { record, own, anonymous, userns };
  }

  async #make(
    { cidFile }: ContainerCreateRequest,
    container: NewContainer,
    after: AfterCreate,
  ): Promise<void> {
    const parts = { context: this.#context, operations: this.#operations, lifecycle: this.#lifecycle };
    const { id, podId, spec } = container.record;
    await makeContainer(
      parts,
      container,
      {
        check: () => {
          if (podId !== undefined) this.#pods.require(podId);
        },
        prepare: async () => {
          if (spec.secrets) (await import('./secret-uses.ts')).keepSecrets(this.#context, container.record);
          if (cidFile) writeNewFile(cidFile, id, '--cidfile');
        },
      },
      after,
    );
  }

  #homeOf({ pod: name }: ContainerCreateRequest): Home | undefined {
    if (name === undefined) return undefined;
    const pod = this.#pods.require(name);
    return { pod, sandbox: this.#context.store.sandboxes.get(pod.id)?.spec };
  }

  async #newPod(
    request: ContainerCreateRequest,
    createCommand: readonly string[],
    replaces: string | undefined,
  ): Promise<Home> {
    const asked = newPodRequest(request);
    checkNewNames(this.#context, asked.name, request.name);
    const { pod, ...planned } = await this.#pods.plan(asked, createCommand);
    return { pod, sandbox: await planned.sandbox(replaces), planned };
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
    home: Home | undefined,
  ): Promise<PlannedUserns | undefined> {
    const asked = askedUserns(request.userns, this.#context.facts.env);
    const planned = home?.planned?.userns;
    const podSandbox = home && this.#context.store.sandboxes.get(home.pod.id);
    if (home ? !(planned ?? podSandbox?.spec.userns) : !asked) return undefined;
    const { planUserns, usernsOfPlannedPod, usernsOfPod } = await import('./user-namespaces.ts');
    if (home && planned) return usernsOfPlannedPod(this.#context, home.pod.id, planned);
    if (podSandbox) return usernsOfPod(podSandbox);
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
