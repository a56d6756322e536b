import type { ContainerSpec, MountSpec } from '../store/records.ts';
import { type CapabilitySets, capabilitySets } from './capabilities.ts';
import type { HostDevice } from './host-devices.ts';
import { maskedPaths, readonlyPaths } from './masked-paths.ts';
import { type NamespaceChoices, type OciNamespace, ociNamespaces } from './namespaces.ts';
import { type GeneratedFiles, type OciMount, ociMounts, rootfsPropagation } from './oci-mounts.ts';
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

interface OciLinux {
  readonly sysctl?: Readonly<Record<string, string>>;
  readonly resources: {
    readonly devices?: readonly OciDeviceRule[];
    readonly pids?: { readonly limit: number };
  };
  readonly cgroupsPath?: string;
  readonly namespaces: readonly OciNamespace[];
  readonly devices?: readonly OciDevice[];
  readonly seccomp?: OciSeccomp;
  readonly rootfsPropagation?: string;
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
}

interface OciDeviceRule {
  readonly allow: boolean;
  readonly type?: 'b' | 'c';
  readonly major?: number;
  readonly minor?: number;
  readonly access: string;
}

interface OciDevice {
  readonly path: string;
  readonly type: 'b' | 'c';
  readonly major: number;
  readonly minor: number;
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
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
  readonly generated: GeneratedFiles;
  readonly shm: 'private' | 'host' | { readonly path: string };
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
  readonly pidsLimit?: number;
  /** For privileged containers: `hostDevices()`. */
  readonly devices: readonly HostDevice[];
  readonly consoleSize?: { readonly rows: number; readonly columns: number };
}

const defaultPidsLimit = 2048;

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
    rootless,
    foreignNetwork: input.foreignNetwork ?? false,
    ttyGroupMapped: input.ttyGroupMapped ?? true,
    cgroups: input.cgroupsPath !== undefined,
    boundDevices: rootless ? input.devices.map(({ path }) => ({ source: path, destination: path })) : [],
  });
  return {
    ociVersion: '1.0.2',
    process: buildProcess({
      args: spec.args,
      env: spec.env,
      workdir: spec.workdir,
      user,
      hostname: input.hostname,
      terminal: spec.terminal,
      ...(input.consoleSize ? { consoleSize: input.consoleSize } : {}),
      capabilities: containerCapabilities(spec, user.uid, input.availableCapabilities),
      limits: input.limits,
      noNewPrivileges: spec.noNewPrivileges,
    }),
    root: { path: input.rootDir, ...(spec.readOnly ? { readonly: true } : {}) },
    // Members of a pod all set the pod's name; the host's is nobody's to set.
    ...(namespaces.uts === 'host' ? {} : { hostname: input.hostname }),
    mounts,
    annotations: {
      'io.container.manager': 'peapod',
      'org.opencontainers.image.stopSignal': String(spec.stopSignal),
      ...spec.annotations,
      ...input.seccompAnnotations,
    },
    linux: linuxPart(input, mounts),
  };
}

function linuxPart(input: OciConfigInput, mounts: readonly OciMount[]): OciLinux {
  const { spec, namespaces } = input;
  const propagation = rootfsPropagation(mounts);
  const ownNetwork = namespaces.network !== 'host' && !input.foreignNetwork;
  const devices = spec.privileged && !input.rootless ? input.devices.map(deviceNode) : [];
  // A bound /sys brings the host's settings with it.
  const boundSys = mounts.some(({ destination, type }) => destination === '/sys' && type === 'bind');
  return {
    // Lets root of the container ping without CAP_NET_RAW.
    ...(ownNetwork ? { sysctl: { 'net.ipv4.ping_group_range': '0 0' } } : {}),
    resources:
      input.cgroupsPath === undefined
        ? {}
        : {
            devices: [{ allow: spec.privileged, access: 'rwm' }],
            pids: { limit: input.pidsLimit ?? defaultPidsLimit },
          },
    ...(input.cgroupsPath === undefined ? {} : { cgroupsPath: input.cgroupsPath }),
    namespaces: ociNamespaces(namespaces),
    ...(devices.length ? { devices } : {}),
    ...(input.seccomp ? { seccomp: input.seccomp } : {}),
    ...(propagation ? { rootfsPropagation: propagation } : {}),
    ...(spec.privileged
      ? {}
      : { maskedPaths: [...maskedPaths, ...(boundSys ? ['/sys/kernel'] : [])], readonlyPaths }),
  };
}

function deviceNode(device: HostDevice): OciDevice {
  const { path, type, major, minor, fileMode } = device;
  return { path, type, major, minor, fileMode, uid: 0, gid: 0 };
}
