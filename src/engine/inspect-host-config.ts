import { readFileSync } from 'node:fs';
import { availableCapabilities } from '../container/capabilities.ts';
import { cgroupPathIn } from '../container/cgroup-usage.ts';
import { containerCapabilities } from '../container/oci-config.ts';
import { defaultPidsLimit } from '../container/resources.ts';
import { readHardLimits, rlimits } from '../container/rlimits.ts';
import { cgroupVersion } from '../host/cgroups.ts';
import { type IdMappings, mappingWords } from '../host/id-mappings.ts';
import { defaultShmSizeBytes } from '../sandbox/namespaces.ts';
import type { DeviceRate, ResourceSpec } from '../store/records/resources.ts';
import type { ContainerRecord, SandboxRecord, SharedNamespace } from '../store/records.ts';
import { cgroupPlace, cgroupsPath } from './container-cgroup.ts';
import type { Context } from './context.ts';

/** Limits, namespaces, devices and security of podman's InspectContainerHostConfig. */
export function inspectHostConfig(
  context: Context,
  record: ContainerRecord,
  sandbox: SandboxRecord | undefined,
): Record<string, unknown> {
  const { spec } = record;
  const { servers = [], searches = [], options = [] } = sandbox?.spec.dns ?? {};
  const { manager } = cgroupPlace(context);
  const isLimited = cgroupsPath(context, record) !== undefined;
  return {
    CgroupManager: manager,
    CgroupMode: spec.namespaces?.cgroup ?? (cgroupVersion() === 2 ? 'private' : 'host'),
    CgroupParent: spec.cgroup?.parent ?? '',
    Cgroups: spec.cgroup?.mode === 'enabled' || !spec.cgroup ? 'default' : spec.cgroup.mode,
    ...namespaceModes(context, record),
    ...inspectResources({ ...(isLimited ? { pidsLimit: defaultPidsLimit } : {}), ...spec.resources }),
    UsernsMode: spec.userns?.mode ?? '',
    IDMappings: spec.userns && inspectMappings(spec.userns),
    ShmSize: spec.shmSizeBytes ?? defaultShmSizeBytes,
    OomScoreAdj: spec.oomScoreAdj ?? 0,
    GroupAdd: spec.groups ?? [],
    Dns: servers,
    DnsSearch: searches,
    DnsOptions: options,
    ExtraHosts: (sandbox?.spec.hostEntries ?? []).map(({ host, address }) => `${host}:${address}`),
    Init: spec.initPath !== undefined,
    SecurityOpt: spec.security?.words ?? [],
    Devices: (spec.devices ?? []).map(({ source, destination, permissions }) => ({
      PathOnHost: source,
      PathInContainer: destination,
      CgroupPermissions: permissions,
    })),
    DeviceCgroupRules: spec.deviceRules ?? [],
    Sysctls: spec.sysctls ?? {},
    Ulimits: rlimits(readHardLimits(), spec.ulimits).map(({ type, soft, hard }) => ({
      Name: type,
      Soft: soft,
      Hard: hard,
    })),
  };
}

/** Of one that runs; nothing where it has no cgroup of its own. */
export function inspectCgroup(context: Context, record: ContainerRecord): Record<string, unknown> {
  const pid = record.process?.pid;
  if (pid === undefined || cgroupsPath(context, record) === undefined) return {};
  try {
    const path = cgroupPathIn(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), cgroupVersion());
    return path === undefined ? {} : { CgroupPath: path };
  } catch {
    return {}; // it has just ended
  }
}

function inspectMappings({ uids, gids }: IdMappings): Record<string, unknown> {
  return { UidMap: mappingWords(uids), GidMap: mappingWords(gids) };
}

function namespaceModes(context: Context, record: ContainerRecord): Record<string, string> {
  const pod = record.podId ? context.store.pods.get(record.podId) : undefined;
  const asked = record.spec.namespaces ?? {};
  const mode = (name: Extract<SharedNamespace, 'ipc' | 'uts' | 'pid'>) =>
    asked[name] ?? (pod?.shared.includes(name) ? 'pod' : 'private');
  return { IpcMode: mode('ipc'), PidMode: mode('pid'), UTSMode: mode('uts') };
}

/** What the first process has. Looked up by name, since the user's number is known only where its root is mounted. */
export function inspectCapabilities(context: Context, { spec }: ContainerRecord): Record<string, unknown> {
  const user = spec.user.split(':')[0] as string;
  const uid = ['', 'root', '0'].includes(user) ? 0 : -1;
  // Who made the container may have had more to give than who looks at it.
  const available = [...new Set([...availableCapabilities(context.facts.rootless), ...spec.capAdd])];
  const { bounding, effective } = containerCapabilities(spec, uid, available);
  return { EffectiveCaps: effective?.length ? effective : null, BoundingCaps: bounding };
}

/** Under the names that podman's HostConfig and `InspectPodData` share. */
export function inspectResources(spec: ResourceSpec): Record<string, unknown> {
  const { cpuPeriodUs: period = 0, cpuQuotaUs: quota = 0 } = spec;
  const rates = (list: readonly DeviceRate[] | undefined) =>
    list?.map(({ path, rate }) => ({ Path: path, Rate: rate })) ?? null;
  return {
    Memory: spec.memoryBytes ?? 0,
    MemorySwap: spec.memorySwapBytes ?? 0,
    MemoryReservation: spec.memoryReservationBytes ?? 0,
    MemorySwappiness: spec.memorySwappiness ?? -1,
    OomKillDisable: spec.oomKillDisable ?? false,
    CpuShares: spec.cpuShares ?? 0,
    CpuPeriod: period,
    CpuQuota: quota,
    // As podman has it: only where the period is the usual one.
    NanoCpus: period === 100_000 ? quota * 10_000 : 0,
    CpuRealtimePeriod: spec.cpuRealtimePeriodUs ?? 0,
    CpuRealtimeRuntime: spec.cpuRealtimeRuntimeUs ?? 0,
    CpusetCpus: spec.cpusetCpus ?? '',
    CpusetMems: spec.cpusetMems ?? '',
    PidsLimit: spec.pidsLimit ?? 0,
    BlkioWeight: spec.blkioWeight ?? 0,
    BlkioWeightDevice:
      spec.blkioWeightDevices?.map(({ path, weight }) => ({ Path: path, Weight: weight })) ?? null,
    BlkioDeviceReadBps: rates(spec.readBps),
    BlkioDeviceWriteBps: rates(spec.writeBps),
    BlkioDeviceReadIOps: rates(spec.readIops),
    BlkioDeviceWriteIOps: rates(spec.writeIops),
    CgroupConf: spec.unified ?? null,
  };
}

/** podman's InspectPodData has other names for limits, and leaves out what is not set. */
export function inspectPodLimits(spec: ResourceSpec): Record<string, unknown> {
  const rates = (list: readonly DeviceRate[] | undefined) =>
    list?.map(({ path, rate }) => ({ Path: path, Rate: rate }));
  const fields = {
    cpu_period: spec.cpuPeriodUs,
    cpu_quota: spec.cpuQuotaUs,
    cpu_shares: spec.cpuShares,
    cpuset_cpus: spec.cpusetCpus,
    cpuset_mems: spec.cpusetMems,
    memory_limit: spec.memoryBytes,
    memory_swap: spec.memorySwapBytes,
    blkio_weight: spec.blkioWeight,
    blkio_weight_device: spec.blkioWeightDevices?.map(({ path, weight }) => ({ Path: path, Weight: weight })),
    device_read_bps: rates(spec.readBps),
    device_write_bps: rates(spec.writeBps),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
