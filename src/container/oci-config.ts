import type { ContainerSpec, MountSpec } from '../store/records.ts';
import { type CapabilitySets, capabilitySets } from './capabilities.ts';
import type { HostDevice } from './host-devices.ts';
import type { NamespaceChoices } from './namespaces.ts';
import { bindsDevices, buildLinux, type OciLinux } from './oci-linux.ts';
import { type GeneratedFiles, initDestination, type OciMount, ociMounts } from './oci-mounts.ts';
import { buildProcess, type OciProcess } from './oci-process.ts';
import type { HardLimits } from './rlimits.ts';
import type { OciSeccomp } from './seccomp-profile.ts';
import type { ResolvedUser } from './user.ts';

/** config.json: https://github.com/opencontainers/runtime-spec/blob/v1.0.2/config.md */
export interface OciConfig {
  readonly ociVersion: string;
  readonly process: OciProcess;
  readonly root: { readonly path: string; readonly readonly?: boolean };
  readonly hostname?: string;
  readonly mounts: readonly OciMount[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly linux: OciLinux;
}

/** What is known only when a container starts. */
export interface OciConfigInput {
  readonly spec: ContainerSpec;
  /** The mounted root, as the runtime sees it. */
  readonly rootDir: string;
  readonly user: ResolvedUser;
  readonly namespaces: NamespaceChoices;
  /** The network namespace was made by another user namespace than the container's (`--network ns:PATH`). */
  readonly foreignNetwork?: boolean;
  /** False where the user namespace maps no gid 5, e.g. a single id; true if left out. */
  readonly ttyGroupMapped?: boolean;
  /** What the container is called inside; the pod's where it shares the pod's uts namespace. */
  readonly hostname: string;
  /** False where the uts namespace is somebody else's; true if left out. */
  readonly setHostname?: boolean;
  readonly generated: GeneratedFiles;
  readonly shm: 'private' | 'host' | 'none' | { readonly path: string };
  /** `spec.mounts` with volumes turned into their directories. */
  readonly mounts: readonly MountSpec[];
  /** True for everyone but root of the initial user namespace. */
  readonly rootless: boolean;
  readonly limits: HardLimits;
  readonly availableCapabilities: readonly string[];
  /** Of `loadSeccomp`; both absent where unconfined. */
  readonly seccomp?: OciSeccomp | undefined;
  readonly seccompAnnotations?: Readonly<Record<string, string>>;
  /** Absent where no cgroup can be made: then no resource is limited. */
  readonly cgroupsPath?: string | undefined;
  /** `hostDevices()` for privileged containers, and those that were asked for. */
  readonly devices: readonly HostDevice[];
  readonly consoleSize?: { readonly rows: number; readonly columns: number };
}

/** Capabilities of the container's first process; its bounding set is what the seccomp profile depends on. */
export function containerCapabilities(
  spec: ContainerSpec,
  uid: number,
  available: readonly string[],
): CapabilitySets {
  return capabilitySets({
    add: spec.capAdd,
    drop: spec.capDrop,
    privileged: spec.privileged,
    isRoot: uid === 0,
    available,
  });
}

/** Pure. Throws INVALID_ARGUMENT for mounts or capabilities that contradict each other. */
export function buildOciConfig(input: OciConfigInput): OciConfig {
  const { spec, namespaces, user, rootless } = input;
  const mounts = ociMounts({
    mounts: input.mounts,
    generated: input.generated,
    namespaces,
    shm: input.shm,
    readOnly: spec.readOnly,
    privileged: spec.privileged,
    rootless: rootless || namespaces.user !== undefined,
    foreignNetwork: input.foreignNetwork ?? false,
    ttyGroupMapped: input.ttyGroupMapped ?? true,
    cgroups: input.cgroupsPath !== undefined,
    boundDevices: bindsDevices(input)
      ? input.devices.map(({ path, destination = path }) => ({ source: path, destination }))
      : [],
    readOnlyTmpfs: spec.readOnlyTmpfs ?? true,
    procOptions: spec.security?.procOptions ?? [],
    initPath: spec.initPath,
    shmSizeBytes: spec.shmSizeBytes,
  });
  return {
    ociVersion: '1.0.2',
    process: buildProcess({
      args: spec.initPath ? [initDestination, '--', ...spec.args] : spec.args,
      env: spec.env,
      workdir: spec.workdir,
      user,
      hostname: input.hostname,
      terminal: spec.terminal,
      ...(input.consoleSize ? { consoleSize: input.consoleSize } : {}),
      capabilities: containerCapabilities(spec, user.uid, input.availableCapabilities),
      limits: input.limits,
      noNewPrivileges: spec.noNewPrivileges,
      ulimits: spec.ulimits,
      unsetEnv: spec.unsetEnv,
      umask: spec.umask,
      oomScoreAdj: spec.oomScoreAdj,
      apparmorProfile: spec.security?.apparmor,
    }),
    root: { path: input.rootDir, ...(spec.readOnly ? { readonly: true } : {}) },
    // Members of a pod all set the pod's name; the host's is nobody's to set.
    ...(namespaces.uts === 'host' || input.setHostname === false ? {} : { hostname: input.hostname }),
    mounts,
    annotations: {
      'io.container.manager': 'peapod',
      'org.opencontainers.image.stopSignal': String(spec.stopSignal),
      // crun(1): leaves the groups of whoever starts it.
      ...(spec.groups?.includes('keep-groups') ? { 'run.oci.keep_original_groups': '1' } : {}),
      ...spec.annotations,
      ...input.seccompAnnotations,
    },
    linux: buildLinux(input, mounts),
  };
}
