import { PeapodError } from '../errors.ts';
import type { ContainerRecord, PodRecord, SandboxSpec } from '../store/records.ts';
import { askedUserns, type UsernsFlags } from './container-flags.ts';
import type { Context } from './context.ts';
import { checkHostname, checkName, friendlyName, newId } from './names.ts';
import { checkNewFile, writeNewFile } from './new-file.ts';
import type { Operations } from './operations.ts';
import { parseLabels, parseShare } from './parse-options.ts';
import { podCgroup } from './pod-cgroup-spec.ts';
import { parseKernelOptions, parsePodOptions } from './pod-options.ts';
import type { Pods } from './pods.ts';
import type { PodCreateRequest } from './requests.ts';
import { resolveSandboxSpec } from './sandbox-spec.ts';
import type { Sandboxes } from './sandboxes.ts';
import type { PlannedUserns } from './user-namespaces.ts';

export interface PodCreation {
  readonly context: Context;
  readonly operations: Operations;
  readonly sandboxes: Sandboxes;
  readonly pods: Pods;
}

/** A pod that could be made: of what was asked for, nothing is wrong but what `sandbox` throws. */
export interface PlannedPod {
  readonly pod: PodRecord;
  readonly userns: PlannedUserns | undefined;
  /**
   * Its network, with the ports that are open to choose, as if the sandbox of that id were gone. Throws
   * INVALID_ARGUMENT, PORT_IN_USE and what backends throw.
   */
  sandbox(replaces?: string): Promise<SandboxSpec>;
}

/** A pod with its namespaces, and no network yet. Returns its id. Throws INVALID_ARGUMENT, NAME_IN_USE, PORT_IN_USE. */
export async function createPod(
  parts: PodCreation,
  request: PodCreateRequest,
  createCommand: readonly string[],
): Promise<string> {
  const { context, pods } = parts;
  const { pod, userns, sandbox } = await planPod(context, request, createCommand);
  const old = request.replace && request.name ? context.store.names.idOf('pod', request.name) : undefined;
  if (old) {
    await sandbox(old);
    checkNewFile(request.podIdFile, '--pod-id-file');
    await pods.remove(old, { force: true });
  }
  const spec = await sandbox();
  context.interrupt.check();
  await makePod(parts, { pod, spec, userns }, async () => {
    if (request.podIdFile) writeNewFile(request.podIdFile, pod.id, '--pod-id-file');
  });
  return pod.id;
}

/** Makes nothing. Throws INVALID_ARGUMENT. */
export async function planPod(
  context: Context,
  request: PodCreateRequest,
  createCommand: readonly string[],
): Promise<PlannedPod> {
  const { store, facts } = context;
  if (request.name !== undefined) checkName(request.name);
  if (request.hostname !== undefined) checkHostname(request.hostname);
  const labels = parseLabels(request.labels, request.labelFiles);
  const shared = parseShare(request.share);
  const options = parsePodOptions(request, shared, process.cwd(), {
    rootless: facts.rootless,
    find: (container) => donor(context, container),
  });
  const userns = await planPodUserns(context, request.userns);
  const id = newId();
  const name = request.name ?? friendlyName(store.names);
  const cgroup = podCgroup(context, request);
  const sandbox = async (replaces?: string): Promise<SandboxSpec> => {
    const hostname = request.hostname ?? name.slice(0, 64);
    const network = await resolveSandboxSpec(context, request, { hostname, namespaces: shared, replaces });
    return { ...network, ...parseKernelOptions(request, network), ...(cgroup ? { cgroup } : {}) };
  };
  const pod = { id, name, createdAtMs: Date.now(), labels, shared, createCommand, options };
  return { pod, userns, sandbox };
}

export interface NewPod {
  readonly pod: PodRecord;
  readonly spec: SandboxSpec;
  readonly userns: PlannedUserns | undefined;
}

/** Writes a pod down and makes its namespaces, then does `more`. Where anything fails, nothing of it stays. */
export async function makePod(
  { context, operations, sandboxes, pods }: PodCreation,
  { pod, spec, userns }: NewPod,
  more: () => Promise<void>,
): Promise<void> {
  const { store, facts, interrupt } = context;
  const { id, name } = pod;
  await operations.creating(
    id,
    () => {
      store.names.claim(name, 'pod', id);
      store.sandboxes.insert(id, { ...spec, ...(userns ? { userns: userns.settle() } : {}) }, facts.bootId);
      store.pods.insert(pod);
      store.ports.reserve(id, spec.ports);
    },
    async () => {
      const record = store.sandboxes.get(id);
      if (record) await sandboxes.pin(record);
      interrupt.check();
      await more();
      context.events.pod('create', pods.require(id));
    },
    () => pods.dismantle(id),
  );
}

/** Not that of a container: a pod depends on nobody. */
export async function planPodUserns(
  context: Context,
  flags: UsernsFlags | undefined,
): Promise<PlannedUserns | undefined> {
  const asked = askedUserns(flags, context.facts.env);
  if (!asked) return undefined;
  const [{ planUserns }, { podIds }] = await Promise.all([
    import('./user-namespaces.ts'),
    import('./auto-size.ts'),
  ]);
  return planUserns(context, asked, { size: async () => podIds });
}

/** Of `--volumes-from`. Throws NOT_FOUND. */
function donor({ store }: Context, nameOrId: string): ContainerRecord {
  const { names, containers } = store;
  const id = names.resolve('container', nameOrId);
  const donor = id === undefined ? undefined : containers.get(id);
  if (donor) return donor;
  throw new PeapodError(
    'NOT_FOUND',
    `looking up container "${nameOrId}" for volumes-from: no container with name or ID "${nameOrId}" found: no such container`,
  );
}
