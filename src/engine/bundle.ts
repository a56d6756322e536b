import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { availableCapabilities } from '../container/capabilities.ts';
import { askedDevices, type HostDevice, hostDevices } from '../container/host-devices.ts';
import { buildOciConfig, containerCapabilities } from '../container/oci-config.ts';
import type { GeneratedFiles } from '../container/oci-mounts.ts';
import { readHardLimits } from '../container/rlimits.ts';
import type { RootfsPlan } from '../container/rootfs.ts';
import { loadSeccomp, type SeccompFilter } from '../container/seccomp.ts';
import type { ResolvedUser } from '../container/user.ts';
import type { IdMappings } from '../container/user-namespace.ts';
import type { ContainerRecord, MountSpec } from '../store/records.ts';
import { cgroupsPath } from './container-cgroup.ts';
import { containerNamespaces, type PodOf, shareableShm } from './container-namespaces.ts';
import type { Context } from './context.ts';
import { timezoneFile } from './parse-process.ts';
import type { ReadySandbox } from './sandboxes.ts';

export interface BundleInput {
  readonly record: ContainerRecord;
  readonly plan: RootfsPlan;
  readonly user: ResolvedUser;
  readonly sandbox: ReadySandbox;
  readonly podOf: PodOf;
  /** The container's, with volumes turned into binds. */
  readonly mounts: readonly MountSpec[];
  /** Variables that only the container may know: not of its spec. */
  readonly secretEnv: Readonly<Record<string, string>>;
  /** Undefined without a user namespace of its own. */
  readonly idMappings: IdMappings | undefined;
  readonly crunPath: string;
}

/** Writes config.json, and the files beside it that no network changes. Returns the filter to remember. */
export function writeBundle(context: Context, input: BundleInput): SeccompFilter {
  const { paths, facts } = context;
  const { record, user, sandbox } = input;
  const { id, spec } = record;
  const available = availableCapabilities(facts.rootless);
  const seccomp = loadSeccomp({
    profile: spec.privileged ? 'unconfined' : spec.seccompProfile,
    capabilities: containerCapabilities(spec, user.uid, available).bounding,
    cacheDir: join(paths.runRoot, 'seccomp'),
    runtimePath: input.crunPath,
  });
  const { choices, shm, hostname } = containerNamespaces(context, record, sandbox, input.podOf);
  const config = buildOciConfig({
    spec: { ...spec, env: { ...spec.env, ...input.secretEnv } },
    rootDir: input.plan.path,
    user,
    namespaces: choices,
    foreignNetwork: sandbox.record.spec.network.kind === 'netns' || input.idMappings !== undefined,
    idMappings: input.idMappings,
    hostname: spec.hostname,
    setHostname: hostname !== undefined,
    generated: generatedFiles(context, record, sandbox),
    shm,
    mounts: input.mounts,
    rootless: facts.rootless,
    limits: readHardLimits(),
    availableCapabilities: available,
    seccomp: seccomp.seccomp,
    seccompAnnotations: seccomp.annotations,
    cgroupsPath: cgroupsPath(context, record),
    devices: devicesOf(record, facts.rootless),
  });
  writeFileSync(join(paths.containerRuntime(id), 'config.json'), JSON.stringify(config), { mode: 0o600 });
  return seccomp;
}

function generatedFiles(context: Context, record: ContainerRecord, sandbox: ReadySandbox): GeneratedFiles {
  const { spec } = record;
  const dir = context.paths.containerRuntime(record.id);
  const localtime = spec.timezone === undefined ? undefined : join(dir, 'localtime');
  if (localtime) copyFileSync(timezoneFile(spec.timezone as string), localtime);
  return {
    ...(spec.noHosts ? {} : { hosts: join(dir, 'hosts') }),
    ...(spec.noHostname ? {} : { hostname: join(dir, 'hostname') }),
    ...(sandbox.record.spec.dns.servers.includes('none') ? {} : { resolvConf: join(dir, 'resolv.conf') }),
    containerenv: join(dir, '.containerenv'),
    ...(localtime ? { localtime } : {}),
  };
}

function devicesOf({ spec }: ContainerRecord, rootless: boolean): HostDevice[] {
  const asked = askedDevices(spec.devices ?? []);
  const taken = new Set(asked.map(({ destination }) => destination));
  const all = spec.privileged ? hostDevices(rootless) : [];
  return [...all.filter(({ path }) => !taken.has(path)), ...asked];
}

/** Mounts the /dev/shm that others may share. It goes with the runtime directory. */
export function sharedMemoryCommands(context: Context, record: ContainerRecord): string[][] {
  if (record.spec.namespaces?.ipc !== 'shareable') return [];
  const dir = shareableShm(context, record.id);
  mkdirSync(dir, { recursive: true });
  const options = `nosuid,nodev,noexec,mode=1777,size=${record.spec.shmSizeBytes ?? 65_536_000}`;
  return [['mount', '-t', 'tmpfs', '-o', options, 'shm', dir]];
}
