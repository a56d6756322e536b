import { isAbsolute, normalize, resolve } from 'node:path';
import { PeapodError } from '../errors.ts';
import type { MemberDefaults, PodOptions } from '../store/records/pod-options.ts';
import type { ContainerRecord, PodRecord, SandboxSpec, SharedNamespace } from '../store/records.ts';
import { inheritedMounts } from './container-mounts.ts';
import { parseDevices, parseSysctls, sysctlNamespace } from './parse-devices.ts';
import { parseSecurityOptions, readSecurityHost } from './parse-security.ts';
import { parseSize } from './parse-size.ts';
import { parseVolume } from './parse-volume.ts';
import type { ContainerCreateRequest, PodCreateRequest, PodSettings } from './requests.ts';

function invalid(message: string, hint?: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', message, hint ? { hint } : {});
}

/** Checks what members will get, so that it is told now. Throws INVALID_ARGUMENT. */
export function parsePodOptions(
  request: PodSettings & Partial<Pick<PodCreateRequest, 'exitPolicy' | 'addHosts'>>,
  shared: readonly SharedNamespace[],
  cwd: string,
  { rootless, find }: { readonly rootless: boolean; readonly find: (name: string) => ContainerRecord },
): PodOptions {
  const { exitPolicy = 'continue', volumes = [], securityOptions = [], pid, uts, noHosts } = request;
  const { devices = [], volumesFrom = [] } = request;
  if (exitPolicy !== 'continue' && exitPolicy !== 'stop')
    throw invalid(`invalid pod exit policy: "${exitPolicy}"`, 'choose from continue, stop');
  if (noHosts && request.addHosts?.length) throw invalid('--no-hosts and --add-host cannot be set together');
  for (const word of volumes) parseVolume(word, cwd);
  parseSecurityOptions(securityOptions, cwd, readSecurityHost);
  parseDevices({ devices }, rootless);
  const inherited = inheritedMounts(volumesFrom, find);
  const members: MemberDefaults = {
    ...(volumes.length > 0 ? { volumes: volumes.map((word) => withAbsoluteSource(word, cwd)) } : {}),
    ...(securityOptions.length > 0
      ? { securityOptions: securityOptions.map((word) => withAbsoluteProfile(word, cwd)) }
      : {}),
    ...(devices.length > 0 ? { devices } : {}),
    ...(volumesFrom.length > 0 ? { volumesFrom, inherited } : {}),
    ...(pid ? { pid: checkMode('pid', pid, shared) } : {}),
    ...(uts ? { uts: checkMode('uts', uts, shared) } : {}),
    ...(noHosts ? { noHosts } : {}),
  };
  return {
    ...(exitPolicy === 'stop' ? { exitPolicy } : {}),
    ...(Object.keys(members).length > 0 ? { members } : {}),
  };
}

/** What the kernel keeps for the pod's namespaces. Throws INVALID_ARGUMENT for what they do not have. */
export function parseKernelOptions(
  request: PodSettings,
  { namespaces, network }: SandboxSpec,
): Pick<SandboxSpec, 'sysctls' | 'shmSizeBytes'> {
  const sysctls = parseSysctls(request.sysctls ?? []);
  for (const name of Object.keys(sysctls)) {
    const namespace = sysctlNamespace(name) as SharedNamespace;
    const own = namespaces.includes(namespace) && (namespace !== 'net' || network.kind === 'own');
    if (!own)
      throw invalid(`sysctl '${name}' is not allowed: the pod has no ${namespace} namespace of its own`);
  }
  const { shmSize } = request;
  if (shmSize !== undefined && !namespaces.includes('ipc'))
    throw invalid(
      '--shm-size needs a pod that shares its ipc namespace',
      'give it to the containers instead',
    );
  return {
    ...(Object.keys(sysctls).length > 0 ? { sysctls } : {}),
    ...(shmSize === undefined ? {} : { shmSizeBytes: parseSize(shmSize, '--shm-size') }),
  };
}

/** A member's own words win over those of its pod. */
export function withPodDefaults(
  request: ContainerCreateRequest,
  { members }: PodOptions,
): ContainerCreateRequest {
  if (!members) return request;
  const taken = new Set([...request.volumes.map(destinationOf), ...request.tmpfs.map(tmpfsDestination)]);
  const volumes = (members.volumes ?? []).filter((word) => !taken.has(destinationOf(word)));
  const { pid, uts } = members;
  return {
    ...request,
    volumes: [...volumes, ...request.volumes],
    deviceFlags: {
      ...request.deviceFlags,
      devices: [...(members.devices ?? []), ...(request.deviceFlags?.devices ?? [])],
    },
    securityOptions: [...(members.securityOptions ?? []), ...request.securityOptions],
    namespaces: { ...(pid ? { pid } : {}), ...(uts ? { uts } : {}), ...defined(request.namespaces ?? {}) },
  };
}

/** What belongs to the pod's network is the pod's to say. Throws INVALID_ARGUMENT. */
export function checkMemberFlags(request: ContainerCreateRequest, pod: PodRecord): void {
  const { userns, uidmaps = [], gidmaps = [], subuidname, subgidname } = request.userns ?? {};
  if (userns)
    throw invalid(
      '--userns and --pod cannot be set together',
      "the user namespace is the pod's: give --userns to peapod pod create",
    );
  if (uidmaps.length > 0 || gidmaps.length > 0 || subuidname || subgidname)
    throw invalid(
      `cannot specify a new uid/gid map when entering pod ${pod.name}: the user namespace is the pod's`,
      'give the map to peapod pod create',
    );
  const sharesUts = pod.shared.includes('uts') && !request.namespaces?.uts;
  if (sharesUts && request.hostname !== undefined) {
    throw new PeapodError(
      'INVALID_ARGUMENT',
      `--hostname cannot be set on a container of pod ${pod.name}: its members share one`,
      { hint: 'give --hostname to peapod pod create' },
    );
  }
  const refused = [
    request.ports.length > 0 && '-p',
    request.publishAll && '-P',
    request.networks.length > 0 && '--network',
    request.ip !== undefined && '--ip',
    request.macAddress !== undefined && '--mac-address',
  ].find((flag) => flag !== false);
  if (!refused || !pod.shared.includes('net')) return;
  throw new PeapodError(
    'INVALID_ARGUMENT',
    `${refused} cannot be set on a container of pod ${pod.name}: the network is the pod's`,
    { hint: `give ${refused} to peapod pod create` },
  );
}

function checkMode(name: 'pid' | 'uts', mode: string, shared: readonly SharedNamespace[]): string {
  if (mode !== 'host' && mode !== 'private')
    throw invalid(`--${name} ${mode}: a pod's containers can have host or private`);
  // podman shares uts by default, and lets --uts have its way.
  if (name === 'pid' && shared.includes(name))
    throw invalid(`--pid ${mode} and --share pid cannot be set together`);
  return mode;
}

function withAbsoluteSource(word: string, cwd: string): string {
  const [source = '', ...rest] = word.split(':');
  return rest.length > 0 && /^[.~]/.test(source) ? [resolve(cwd, source), ...rest].join(':') : word;
}

function withAbsoluteProfile(word: string, cwd: string): string {
  const [, key, path = ''] = /^(seccomp[=:])(.*)$/s.exec(word) ?? [];
  return key === undefined || path === 'unconfined' || isAbsolute(path) ? word : key + resolve(cwd, path);
}

function destinationOf(word: string): string {
  const [first = '', second] = word.split(':');
  return normalize(second ?? first);
}

function tmpfsDestination(word: string): string {
  return normalize(word.split(':')[0] as string);
}

function defined<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}
