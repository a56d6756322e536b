import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { availableCapabilities } from '../container/capabilities.ts';
import { askedDevices, type HostDevice, hostDevices } from '../container/host-devices.ts';
import { buildOciConfig, containerCapabilities } from '../container/oci-config.ts';
import type { GeneratedFiles } from '../container/oci-mounts.ts';
import { readHardLimits } from '../container/rlimits.ts';
import { loadSeccomp, type SeccompFilter } from '../container/seccomp.ts';
import type { ResolvedUser } from '../container/user.ts';
import { outsideId, rootOutside } from '../host/id-mappings.ts';
import { defaultShmSizeBytes } from '../sandbox/namespaces.ts';
import type { ContainerRecord, MountSpec } from '../store/records.ts';
import { cgroupsPath } from './container-cgroup.ts';
import { containerNamespaces, type PodOf, shareableShm } from './container-namespaces.ts';
import type { Context } from './context.ts';
import { timezoneFile } from './parse-process.ts';
import type { ReadySandbox } from './sandboxes.ts';

export interface BundleInput {
  readonly record: ContainerRecord;
  /** Where the runtime finds the root. */
  readonly rootDir: string;
  readonly user: ResolvedUser;
  readonly sandbox: ReadySandbox;
  readonly podOf: PodOf;
  /** The container's, with volumes turned into binds. */
  readonly mounts: readonly MountSpec[];
  /** Variables that only the container may know: not of its spec. */
  readonly secretEnv: Readonly<Record<string, string>>;
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
    rootDir: input.rootDir,
    user,
    namespaces: choices,
    foreignNetwork: isForeign(sandbox),
    ttyGroupMapped: !spec.userns || outsideId(spec.userns.gids, ttyGroup) !== undefined,
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

const ttyGroup = 5;

/** sysfs is mounted by who owns the network namespace. */
function isForeign({ record }: ReadySandbox): boolean {
  const { network, userns } = record.spec;
  if (network.kind === 'container') return userns !== undefined && userns.source.kind !== 'sandbox';
  return network.kind === 'netns';
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
  const { shmSizeBytes = defaultShmSizeBytes, userns } = record.spec;
  const root = userns && rootOutside(userns);
  const whose = root ? `,uid=${root.uid},gid=${root.gid}` : '';
  const options = `nosuid,nodev,noexec,mode=1777,size=${shmSizeBytes}${whose}`;
  return [['mount', '-t', 'tmpfs', '-o', options, 'shm', dir]];
}
