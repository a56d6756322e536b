import { readFileSync } from 'node:fs';
import { aboveCeiling } from '../container/rlimits.ts';
import { PeapodError } from '../errors.ts';
import { cgroupVersion } from '../host/cgroups.ts';
import type { ContainerSpec, NetworkChoice, SharedNamespace } from '../store/records.ts';
import { admitResources, readCgroupHost } from './admit-resources.ts';
import { cgroupPlace } from './container-cgroup.ts';
import type { Context } from './context.ts';
import { sysctlNamespace } from './parse-devices.ts';

/** What a container is put into. */
export interface Surroundings {
  readonly pod: { readonly name: string; readonly shared: readonly SharedNamespace[] } | undefined;
  /** Of its own sandbox; undefined for a member of a pod's network. */
  readonly network: NetworkChoice | undefined;
}

function invalid(message: string, hint?: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', message, hint ? { hint } : {});
}

/**
 * Holds a container's spec against this host, this caller and its pod. Returns what can be kept of it; what
 * podman only warns about goes to `warn`. Throws INVALID_ARGUMENT, HOST_UNFIT. Touches nothing.
 */
export function admitContainer(
  context: Context,
  spec: ContainerSpec,
  around: Surroundings,
  warn: (message: string) => void,
): ContainerSpec {
  checkUlimits(context, spec);
  checkFirstProcess(spec, around);
  checkSharedMemory(spec, around);
  for (const name of Object.keys(spec.sysctls ?? {})) checkSysctl(name, spec, around);
  checkCgroupParent(context, spec);
  const cgroup = spec.cgroup ?? { mode: 'enabled' };
  const asked = spec.resources ?? {};
  if (Object.keys(asked).length === 0) return spec;
  const mayLimit = cgroupPlace(context).manager !== 'disabled';
  const host = readCgroupHost(cgroupVersion(), context.facts.rootless, mayLimit);
  return { ...spec, resources: admitResources(asked, cgroup, host, warn) };
}

const CAP_SYS_RESOURCE = 24n;

/** Inside of a user namespace nobody may raise a hard limit; without the capability root may not, either. */
function checkUlimits(context: Context, { ulimits }: ContainerSpec): void {
  if (ulimits === undefined || ulimits === 'host') return;
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const mayRaise = !context.facts.rootless && ((BigInt(`0x${effective}`) >> CAP_SYS_RESOURCE) & 1n) === 1n;
  const above = mayRaise ? undefined : aboveCeiling(ulimits, readFileSync('/proc/self/limits', 'utf8'));
  if (!above) return;
  const { name, hard } = above.limit;
  throw new PeapodError(
    'HOST_UNFIT',
    `ulimit ${name}: the hard limit ${hard === -1 ? 'unlimited' : hard} is above the caller's own, ${above.ceiling}`,
    { hint: `ask for ${name}=${above.ceiling} at most, or raise the limit of whoever runs peapod` },
  );
}

function checkFirstProcess({ initPath, namespaces }: ContainerSpec, { pod }: Surroundings): void {
  const pid = namespaces?.pid ?? (pod?.shared.includes('pid') ? 'pod' : 'private');
  if (initPath === undefined || pid === 'private') return;
  throw invalid("cannot add init binary as PID 1 (PID namespace isn't private)", 'leave out --init');
}

function checkSharedMemory({ shmSizeBytes, namespaces }: ContainerSpec, { pod }: Surroundings): void {
  const ipc = namespaces?.ipc;
  if (shmSizeBytes === undefined) return;
  if (ipc === undefined && pod?.shared.includes('ipc')) {
    throw invalid(
      `--shm-size cannot be set on a container of pod ${pod.name}: its members share one /dev/shm`,
      'give it an ipc namespace of its own: --ipc private',
    );
  }
  if (ipc === undefined || ipc === 'private' || ipc === 'shareable') return;
  throw invalid(`cannot set shmsize when running in the {${ipc.replace(':', ' ')}} IPC Namespace`);
}

/** A setting of a namespace that is not the container's own would change it for others. */
function checkSysctl(name: string, spec: ContainerSpec, { pod, network }: Surroundings): void {
  const kind = sysctlNamespace(name);
  const owner =
    kind === 'net'
      ? network === undefined
        ? `pod ${pod?.name}`
        : foreignOwner(network.kind === 'host' ? 'host' : network.kind === 'own' ? 'private' : 'container:')
      : spec.namespaces?.ipc === undefined && pod?.shared.includes('ipc')
        ? `pod ${pod.name}`
        : foreignOwner(spec.namespaces?.ipc ?? 'private');
  if (owner === undefined) return;
  throw invalid(
    `sysctl '${name}' is not allowed: the ${kind} namespace is that of ${owner}`,
    `leave out --sysctl ${name}`,
  );
}

function foreignOwner(mode: string): string | undefined {
  if (mode === 'host') return 'the host';
  return mode.includes(':') ? 'somebody else' : undefined;
}

/** A slice is systemd's, a path is a directory's: each manager knows its own alone. */
function checkCgroupParent(context: Context, { cgroup }: ContainerSpec): void {
  const parent = cgroup?.parent;
  if (parent === undefined) return;
  const { manager } = cgroupPlace(context);
  if (manager === 'disabled')
    throw new PeapodError('HOST_UNFIT', '--cgroup-parent: no cgroup is delegated to this user');
  if (manager === 'cgroupfs' && parent.endsWith('.slice'))
    throw invalid('systemd slice received as cgroup parent when using cgroupfs: invalid argument');
  if (manager === 'systemd' && !parent.endsWith('.slice'))
    throw invalid(
      'did not receive systemd slice as cgroup parent when using systemd to manage cgroups: invalid argument',
    );
}
