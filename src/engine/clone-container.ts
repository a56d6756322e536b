import { PeapodError } from '../errors.ts';
import type {
  ContainerRecord,
  ContainerSpec,
  PodRecord,
  SandboxRecord,
  SandboxSpec,
} from '../store/records.ts';
import { admitContainer } from './admit-container.ts';
import { stillRunning } from './alive.ts';
import { specOfClone, withImage, withMemberDefaults } from './clone-spec.ts';
import type { ResourceFlags } from './container-flags.ts';
import { imageFor } from './container-image.ts';
import type { CreateSinks } from './containers.ts';
import type { Context } from './context.ts';
import { makeContainer, type NewContainer } from './make-container.ts';
import { checkName, newId } from './names.ts';
import { parseResources } from './parse-resources.ts';
import type { EngineParts } from './parts.ts';
import { refuseDependents } from './remove.ts';
import { resolveSandboxSpec } from './sandbox-spec.ts';
import { copySecrets } from './secret-uses.ts';
import type { PlannedUserns } from './user-namespaces.ts';
import { nameAnonymous } from './volume-records.ts';

/** `container clone`. */
export interface CloneRequest {
  /** Undefined for that of the original with `-clone` behind it. */
  readonly name?: string | undefined;
  /** Undefined for its own; may be `host`. */
  readonly image?: string | undefined;
  /** Undefined for its own, or none. */
  readonly pod?: string | undefined;
  /** The original goes, and gives its ports to the clone. */
  readonly destroy: boolean;
  /** Also where it runs. */
  readonly force: boolean;
  readonly run: boolean;
  readonly limits: ResourceFlags;
}

/**
 * Makes a container from what another was made from; what that has written is not copied. Returns the id. Throws
 * PORT_IN_USE where the original keeps its ports, and as a creation does.
 */
export async function cloneContainer(
  parts: EngineParts,
  source: ContainerRecord,
  request: CloneRequest,
  createCommand: readonly string[],
  { progress, warn }: CreateSinks,
): Promise<string> {
  const { context, lifecycle, pods } = parts;
  const { destroy, force, run } = request;
  if (force && !destroy) throw invalid('cannot set --force without --destroy: invalid argument');
  if (destroy && !force && lifecycle.isRunning(source)) throw stillRunning(source, 'running');
  if (destroy) refuseDependents(context, source.id);
  if (request.name !== undefined) checkName(request.name);
  const podName = request.pod ?? source.podId;
  const pod = podName === undefined ? undefined : pods.require(podName);
  const image =
    request.image === undefined
      ? undefined
      : {
          name: request.image,
          record: await imageFor(context, { image: request.image }, 'missing', progress),
        };
  const id = newId();
  const old =
    source.spec.rootfs.kind === 'image' ? context.store.images.get(source.spec.rootfs.imageId) : undefined;
  const copy = specOfClone(source, id);
  const asked = image ? withImage(copy, old, image.record, image.name) : copy;
  const made = await planClone(parts, source, { ...source, id, spec: asked, createCommand }, pod, {
    name: request.name,
    limits: request.limits,
    warn,
  });
  if (!destroy) {
    refusePorts(context, made.own);
    await makeClone(parts, source, made, run);
    return id;
  }
  const { operations } = parts;
  await operations.during(source.id, 'update', async () => {
    await makeClone(parts, source, withoutPorts(made), false);
    handOver(context, source.id, [[source.id, made]]);
    await lifecycle.dismantle(source.id, undefined, false);
  });
  if (run) await lifecycle.start(id);
  return id;
}

/** Everything is decided and checked; `clone` is the record as it is to be, but for its name and place. */
export async function planClone(
  { context }: EngineParts,
  source: ContainerRecord,
  clone: ContainerRecord,
  pod: PodRecord | undefined,
  how: { name: string | undefined; limits: ResourceFlags; warn: (message: string) => void },
): Promise<NewContainer> {
  const { store, facts } = context;
  const sharesNetwork = pod?.shared.includes('net') ?? false;
  const podHostname = pod?.shared.includes('uts') && store.sandboxes.get(pod.id)?.spec.hostname;
  const joins = withMemberDefaults(clone.spec, pod?.options.members, facts.rootless);
  const before = joins.resources ?? {};
  const resources = { ...before, ...parseResources(how.limits, before) };
  const hostname = podHostname && !joins.namespaces?.uts ? podHostname : joins.hostname;
  const own = sharesNetwork ? undefined : await ownSandbox(context, source, hostname);
  if (sharesNetwork && source.sandboxId === source.id) {
    how.warn(`the network of container ${source.name} stays behind: its clone has that of pod ${pod?.name}`);
  }
  const limited = Object.keys(resources).length > 0 ? { ...joins, resources } : joins;
  const spec = admitContainer(context, { ...limited, hostname }, { pod, network: own?.network }, how.warn);
  const { mounts, anonymous } = nameAnonymous(spec.mounts, newId);
  const { podId: _, ...rest } = plain(clone);
  const record: ContainerRecord = {
    ...rest,
    name: how.name ?? freeName(context, source.name),
    ...(pod ? { podId: pod.id } : {}),
    sandboxId: sharesNetwork && pod ? pod.id : clone.id,
    createdAtMs: Date.now(),
    spec: { ...withoutUserns(spec), mounts },
    bootId: facts.bootId,
  };
  return { record, own, anonymous, userns: await cloneUserns(context, clone.spec, pod) };
}

/** A member has that of its pod. */
async function cloneUserns(
  context: Context,
  { userns }: ContainerSpec,
  pod: PodRecord | undefined,
): Promise<PlannedUserns | undefined> {
  const sandbox = pod && context.store.sandboxes.get(pod.id);
  if (!userns && !sandbox?.spec.userns) return undefined;
  const { usernsOfClone, usernsOfPod } = await import('./user-namespaces.ts');
  return sandbox ? usernsOfPod(sandbox) : usernsOfClone(context, userns);
}

/** Writes the clone down, and has it run where that is asked for. */
export function makeClone(
  parts: EngineParts,
  source: ContainerRecord,
  made: NewContainer,
  run: boolean,
): Promise<void> {
  const { context } = parts;
  const check = () => {
    const { podId } = made.record;
    if (podId !== undefined && !context.store.pods.get(podId)) parts.pods.require(podId);
  };
  const prepare = async () => copySecrets(context, source, made.record.id);
  return makeContainer(parts, made, { check, prepare }, { start: run });
}

/**
 * At once: clones get the ports of their originals, and what is to be removed is so from now on, whoever does it. The caller holds
 * the operation on it.
 */
export function handOver(
  { store }: Context,
  leavingId: string,
  clones: readonly (readonly [
    originalId: string,
    clone: Pick<NewContainer, 'own'> & { record: { id: string } },
  ])[],
): void {
  store.db.transaction(() => {
    for (const [originalId, { record, own }] of clones) {
      if (!own || own.ports.length === 0) continue;
      store.ports.release(originalId, own.ports);
      store.ports.reserve(record.id, own.ports);
      const { spec } = store.sandboxes.get(record.id) as SandboxRecord;
      store.sandboxes.setSpec(record.id, { ...spec, ports: own.ports });
    }
    store.operations.end(leavingId);
    store.operations.begin(leavingId, 'remove');
  });
}

export function withoutPorts<T extends { readonly own: SandboxSpec | undefined }>(made: T): T {
  return made.own ? { ...made, own: { ...made.own, ports: [] } } : made;
}

/** Told before anything is made. */
export function refusePorts({ store }: Context, own: SandboxSpec | undefined): void {
  for (const port of own?.ports ?? []) {
    const conflict = store.ports.conflict(port);
    if (!conflict) continue;
    const { code, message } = conflict;
    throw new PeapodError(code, message, {
      hint: 'with --destroy the clone takes the ports of the original over',
    });
  }
}

/** `web-clone`, or where there is one, `web-clone1` and so on, as podman has it. */
export function freeName({ store }: Context, name: string): string {
  const wanted = `${name}-clone`;
  if (store.names.isFree(wanted)) return wanted;
  for (let number = 1; ; number += 1) if (store.names.isFree(wanted + number)) return wanted + number;
}

/** As the original's, or that of any container where the original had its pod's. */
async function ownSandbox(context: Context, source: ContainerRecord, hostname: string): Promise<SandboxSpec> {
  const sandbox = source.sandboxId === source.id ? context.store.sandboxes.get(source.id) : undefined;
  if (sandbox) return { ...withoutUserns(sandbox.spec), hostname };
  const flags = {
    networks: [],
    networkAliases: [],
    ports: [],
    dnsServers: [],
    dnsSearch: [],
    dnsOptions: [],
    addHosts: [],
  };
  return resolveSandboxSpec(context, flags, { hostname, namespaces: ['net'] });
}

/** What becomes of it is said apart. */
function withoutUserns<T extends { readonly userns?: unknown }>({
  userns: _,
  ...rest
}: T): Omit<T, 'userns'> {
  return rest;
}

/** Nothing of its life. */
function plain(record: ContainerRecord): ContainerRecord {
  const {
    process: _,
    monitor: __,
    startedAtMs: ___,
    finishedAtMs: ____,
    exitCode: _____,
    error: ______,
    ...rest
  } = record;
  return { ...rest, state: 'created', oomKilled: false };
}

function invalid(message: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', message);
}
