import type { NamespaceSpec } from '../store/records/isolation.ts';
import type { MemberDefaults, PodOptions } from '../store/records/pod-options.ts';
import type {
  ContainerRecord,
  ContainerSpec,
  PodRecord,
  SandboxRecord,
  SandboxSpec,
} from '../store/records.ts';
import { freeName, handOver, makeClone, planClone, refusePorts, withoutPorts } from './clone-container.ts';
import { specOfClone } from './clone-spec.ts';
import type { CreateSinks } from './containers.ts';
import type { NewContainer } from './make-container.ts';
import { checkHostname, checkName, newId } from './names.ts';
import { parseLabels } from './parse-options.ts';
import type { EngineParts } from './parts.ts';
import { podCgroup } from './pod-cgroup-spec.ts';
import { makePod, planPodUserns } from './pod-creation.ts';
import { parseKernelOptions, parsePodOptions } from './pod-options.ts';
import type { PodSettings } from './requests.ts';

/** `pod clone`. */
export interface PodCloneRequest {
  /** Undefined for that of the original with `-clone` behind it. */
  readonly name?: string | undefined;
  /** The original goes with its containers, running or not, and gives its ports to the clone. */
  readonly destroy: boolean;
  readonly start: boolean;
  /** Of what `pod create` takes, that which is to be different. */
  readonly changes: PodSettings;
}

/** Makes a pod, and its containers, from what another was made from. Returns the id. Throws as `cloneContainer`. */
export async function clonePod(
  parts: EngineParts,
  source: PodRecord,
  request: PodCloneRequest,
  createCommand: readonly string[],
  warn: CreateSinks['warn'],
): Promise<string> {
  const { context, operations, pods } = parts;
  if (request.name !== undefined) checkName(request.name);
  const id = newId();
  const name = request.name ?? freeName(context, source.name);
  const pod = {
    ...source,
    id,
    name,
    createdAtMs: Date.now(),
    createCommand,
    ...changedRecord(parts, source, request),
  };
  const own = cloneSandbox(parts, source, pod, request);
  const { userns: before } = own;
  const userns =
    (await planPodUserns(context, request.changes.userns)) ??
    (before && (await (await import('./user-namespaces.ts')).usernsOfClone(context, before)));
  const make = async (keepPorts: boolean) => {
    const made: (readonly [originalId: string, clone: NewContainer])[] = [];
    const sandbox = keepPorts ? own : { ...own, ports: [] };
    await makePod(parts, { pod, spec: sandbox, userns }, async () => {
      for (const [member, plan] of await planMembers(parts, source, pod, warn)) {
        await makeClone(parts, member, keepPorts ? plan : withoutPorts(plan), false);
        made.push([member.id, plan]);
      }
    });
    return made;
  };
  if (!request.destroy) {
    refusePorts(context, own);
    await make(true);
  } else {
    await operations.during(source.id, 'update', async () => {
      const members = await make(false);
      handOver(context, source.id, [[source.id, { record: pod, own }], ...members]);
      await pods.dismantle(source.id);
    });
  }
  if (request.start) await pods.start(id);
  return id;
}

function changedRecord(
  { context, containers }: EngineParts,
  source: PodRecord,
  { changes }: PodCloneRequest,
): Pick<PodRecord, 'labels' | 'options'> {
  const { members = {} } = parsePodOptions(changes, source.shared, process.cwd(), {
    rootless: context.facts.rootless,
    find: (name) => containers.require(name),
  });
  const merged = mergedMembers(source.options.members ?? {}, members);
  const options: PodOptions = {
    ...source.options,
    ...(Object.keys(merged).length > 0 ? { members: merged } : {}),
  };
  return { labels: { ...source.labels, ...parseLabels(changes.labels, changes.labelFiles) }, options };
}

function mergedMembers(old: MemberDefaults, now: MemberDefaults): MemberDefaults {
  const lists = ['volumes', 'volumesFrom', 'securityOptions', 'devices', 'inherited'] as const;
  const both = lists
    .map((key) => [key, [...(old[key] ?? []), ...(now[key] ?? [])]] as const)
    .filter(([, list]) => list.length > 0);
  return { ...old, ...now, ...Object.fromEntries(both) };
}

function cloneSandbox(
  { context }: EngineParts,
  source: PodRecord,
  pod: PodRecord,
  { changes }: PodCloneRequest,
): SandboxSpec {
  if (changes.hostname !== undefined) checkHostname(changes.hostname);
  const { spec } = context.store.sandboxes.get(source.id) as SandboxRecord;
  const { sysctls, ...kernel } = parseKernelOptions(changes, spec);
  const cgroup = podCgroup(context, changes);
  const resources = { ...spec.cgroup?.resources, ...cgroup?.resources };
  const hostname = spec.hostname === source.name.slice(0, 64) ? pod.name.slice(0, 64) : spec.hostname;
  return {
    ...spec,
    hostname: changes.hostname ?? hostname,
    ...kernel,
    ...(sysctls ? { sysctls: { ...spec.sysctls, ...sysctls } } : {}),
    ...(cgroup ? { cgroup: { ...spec.cgroup, ...cgroup, resources } } : {}),
  };
}

/** The oldest first, so that what one requires is there. */
async function planMembers(
  parts: EngineParts,
  source: PodRecord,
  pod: PodRecord,
  warn: CreateSinks['warn'],
): Promise<(readonly [member: ContainerRecord, clone: NewContainer])[]> {
  const members = parts.context.store.containers.ofPod(source.id);
  const cloneIds = new Map(members.map(({ id }) => [id, newId()]));
  const plans: (readonly [ContainerRecord, NewContainer])[] = [];
  for (const member of members) {
    const id = cloneIds.get(member.id) as string;
    const spec = among(specOfClone(member, id), cloneIds);
    const clone = { ...member, id, spec, createCommand: pod.createCommand };
    plans.push([member, await planClone(parts, member, clone, pod, { name: undefined, limits: {}, warn })]);
  }
  return plans;
}

/** Members that know each other: clones know clones. */
function among(spec: ContainerSpec, cloneIds: ReadonlyMap<string, string>): ContainerSpec {
  const cloneOf = (id: string) => cloneIds.get(id) ?? id;
  const namespaces = Object.entries(spec.namespaces ?? {}).map(([name, word]) => {
    const [kind, id] = word.split(':');
    return [name, kind === 'container' && id ? `container:${cloneOf(id)}` : word];
  });
  return {
    ...spec,
    ...(spec.requires ? { requires: spec.requires.map(cloneOf) } : {}),
    ...(namespaces.length > 0 ? { namespaces: Object.fromEntries(namespaces) as NamespaceSpec } : {}),
  };
}
