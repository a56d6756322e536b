import type { IdMapping } from '../host/id-mappings.ts';
import type { HostDevice } from './host-devices.ts';
import { shieldedPaths } from './masked-paths.ts';
import { type OciNamespace, ociNamespaces } from './namespaces.ts';
import type { OciConfigInput } from './oci-config.ts';
import { type OciMount, rootfsPropagation } from './oci-mounts.ts';
import { defaultPidsLimit, type OciDeviceRule, type OciResources, ociResources } from './resources.ts';
import type { OciSeccomp } from './seccomp-profile.ts';

/** `linux` of config.json: https://github.com/opencontainers/runtime-spec/blob/v1.0.2/config-linux.md */
export interface OciLinux {
  readonly sysctl?: Readonly<Record<string, string>>;
  readonly resources: OciResources;
  readonly cgroupsPath?: string;
  readonly namespaces: readonly OciNamespace[];
  readonly devices?: readonly OciDevice[];
  readonly seccomp?: OciSeccomp;
  readonly rootfsPropagation?: string;
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
  readonly personality?: { readonly domain: string };
  readonly uidMappings?: readonly IdMapping[];
  readonly gidMappings?: readonly IdMapping[];
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

export function buildLinux(input: OciConfigInput, mounts: readonly OciMount[]): OciLinux {
  const { spec, namespaces } = input;
  const propagation = rootfsPropagation(mounts);
  const sysctl = sysctls(input);
  const devices = bindsDevices(input) ? [] : input.devices.map(deviceNode);
  // A bound /sys brings the host's settings with it.
  const boundSys = mounts.some(({ destination, type }) => destination === '/sys' && type === 'bind');
  return {
    ...(Object.keys(sysctl).length > 0 ? { sysctl } : {}),
    resources: resources(input),
    ...(input.cgroupsPath === undefined ? {} : { cgroupsPath: input.cgroupsPath }),
    namespaces: ociNamespaces(namespaces),
    // It is made already: the runtime learns from them whom to give the standard streams.
    ...(spec.userns ? { uidMappings: spec.userns.uids, gidMappings: spec.userns.gids } : {}),
    ...(devices.length ? { devices } : {}),
    ...(input.seccomp ? { seccomp: input.seccomp } : {}),
    ...(propagation ? { rootfsPropagation: propagation } : {}),
    ...(spec.personality ? { personality: { domain: spec.personality } } : {}),
    ...(spec.privileged ? {} : shieldedPaths(spec.security, boundSys ? ['/sys/kernel'] : [])),
  };
}

/** No device node can be made in a user namespace. */
export function bindsDevices({ rootless, namespaces }: OciConfigInput): boolean {
  return rootless || namespaces.user !== undefined;
}

function sysctls(input: OciConfigInput): Record<string, string> {
  const ownNetwork = input.namespaces.network !== 'host' && !input.foreignNetwork;
  // Lets root of the container ping without CAP_NET_RAW.
  const standard = ownNetwork ? { 'net.ipv4.ping_group_range': '0 0' } : {};
  return { ...standard, ...input.spec.sysctls };
}

function resources({ spec, cgroupsPath, devices }: OciConfigInput): OciResources {
  if (cgroupsPath === undefined) return {};
  const rules: OciDeviceRule[] = spec.privileged
    ? [{ allow: true, access: 'rwm' }]
    : [
        { allow: false, access: 'rwm' },
        ...devices.map(({ type, major, minor, permissions }) => ({
          allow: true,
          type,
          major,
          minor,
          access: permissions ?? 'rwm',
        })),
        ...(spec.deviceRules ?? []).map(parseRule),
      ];
  return { devices: rules, ...ociResources({ pidsLimit: defaultPidsLimit, ...spec.resources }) };
}

/** `c 189:* rwm`; checked when the container was created. */
function parseRule(rule: string): OciDeviceRule {
  const [type, numbers = '', access = ''] = rule.split(' ') as ['a' | 'b' | 'c', string, string];
  const [major, minor] = numbers.split(':');
  return {
    allow: true,
    type,
    ...(major === '*' ? {} : { major: Number(major) }),
    ...(minor === '*' ? {} : { minor: Number(minor) }),
    access,
  };
}

function deviceNode(device: HostDevice): OciDevice {
  const { path, destination, type, major, minor, fileMode } = device;
  return { path: destination ?? path, type, major, minor, fileMode, uid: 0, gid: 0 };
}
