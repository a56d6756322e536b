import { join } from 'node:path';
import { initDestination } from '../container/oci-mounts.ts';
import { sandboxFiles } from '../sandbox/namespaces.ts';
import type { HealthcheckSpec, HealthRecord } from '../store/records/supervision.ts';
import type { ContainerRecord, PodRecord, SandboxRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import { inspectCapabilities, inspectHostConfig, inspectPodLimits } from './inspect-host-config.ts';
import { binds, inspectMounts, tmpfs } from './inspect-mounts.ts';
import { networkMode, networkSettings, portBindings } from './inspect-network.ts';
import { networkNames } from './name-servers.ts';
import { inspectLog } from './parse-log.ts';
import { attachmentsOf, endpointsOf } from './sandbox-networks.ts';
import type { Sandboxes } from './sandboxes.ts';
import type { Views } from './views-of.ts';

const never = '0001-01-01T00:00:00Z';

function time(ms: number | undefined): string {
  return ms === undefined ? never : new Date(ms).toISOString();
}

/** podman's InspectContainerData: the keys that scripts read, with true values only. */
export function inspectContainer(
  context: Context,
  views: Views,
  record: ContainerRecord,
): Record<string, unknown> {
  const { paths, store } = context;
  const { spec, id } = record;
  const sandbox = store.sandboxes.get(record.sandboxId);
  const runtimeDir = paths.containerRuntime(id);
  const argv = spec.initPath ? [initDestination, '--', ...spec.args] : spec.args;
  const supervision = store.supervision.get(id);
  return {
    Id: id,
    Created: time(record.createdAtMs),
    Path: argv[0] ?? '',
    Args: argv.slice(1),
    State: {
      ...inspectState(record, views.stateOf(record), paths.exits),
      Health: inspectHealth(supervision?.health),
    },
    Image: spec.rootfs.kind === 'image' ? spec.rootfs.imageId : '',
    ImageName: spec.imageName,
    Rootfs: spec.rootfs.kind === 'directory' ? spec.rootfs.path : '',
    Pod: record.podId ?? '',
    ResolvConfPath: join(runtimeDir, 'resolv.conf'),
    HostnamePath: join(runtimeDir, 'hostname'),
    HostsPath: join(runtimeDir, 'hosts'),
    StaticDir: paths.container(id),
    OCIConfigPath: join(runtimeDir, 'config.json'),
    OCIRuntime: 'crun',
    PidFile: spec.pidFile ?? join(runtimeDir, 'pidfile'),
    AppArmorProfile: spec.security?.apparmor ?? '',
    ...inspectCapabilities(context, record),
    ConmonPidFile: spec.conmonPidFile ?? join(runtimeDir, 'conmon.pid'),
    Name: record.name,
    Dependencies: spec.requires ?? [],
    RestartCount: supervision?.restartCount ?? 0,
    Driver: 'overlay',
    Mounts: inspectMounts(context, spec.mounts),
    NetworkSettings: networkSettings(sandbox, netnsPath(context, sandbox)),
    Namespace: '',
    IsInfra: false,
    Config: {
      Hostname: spec.hostname,
      User: spec.user,
      AttachStdin: spec.openStdin,
      Tty: spec.terminal,
      OpenStdin: spec.openStdin,
      Env: Object.entries(spec.env).map(([key, value]) => `${key}=${value}`),
      Cmd: spec.command,
      Image: spec.imageName,
      WorkingDir: spec.workdir,
      Entrypoint: spec.entrypoint.join(' '),
      Labels: spec.labels,
      Annotations: spec.annotations,
      StopSignal: spec.stopSignal,
      StopTimeout: spec.stopTimeoutSeconds,
      Timeout: spec.timeoutSeconds ?? 0,
      Umask: (spec.umask ?? 0o022).toString(8).padStart(4, '0'),
      ...(spec.timezone ? { Timezone: spec.timezone } : {}),
      ...inspectHealthcheck(spec.healthcheck),
      CreateCommand: record.createCommand,
      Passwd: !spec.passwd?.none,
      Secrets: (spec.secrets ?? [])
        .filter(({ type }) => type === 'mount')
        .map(({ name, id: ID, uid, gid, mode }) => ({ Name: name, ID, UID: uid, GID: gid, Mode: mode })),
    },
    HostConfig: {
      NetworkMode: networkMode(sandbox, record.podId !== undefined && record.sandboxId === record.podId),
      PortBindings: sandbox ? portBindings(sandbox) : {},
      AutoRemove: spec.remove,
      RestartPolicy: { Name: spec.restart?.policy ?? 'no', MaximumRetryCount: spec.restart?.maxRetries ?? 0 },
      Privileged: spec.privileged,
      ReadonlyRootfs: spec.readOnly,
      CapAdd: spec.capAdd,
      CapDrop: spec.capDrop,
      ...inspectHostConfig(context, record, sandbox),
      Binds: binds(spec.mounts),
      Tmpfs: tmpfs(spec.mounts),
      LogConfig: inspectLog(context, record),
    },
  };
}

function inspectState(record: ContainerRecord, state: string, exits: string): Record<string, unknown> {
  return {
    OciVersion: '1.0.2',
    Status: state,
    Running: state === 'running',
    Paused: state === 'paused',
    Restarting: state === 'restarting',
    OOMKilled: record.oomKilled,
    Dead: false,
    Pid: state === 'running' ? (record.process?.pid ?? 0) : 0,
    ConmonPid: state === 'running' ? (record.monitor?.pid ?? 0) : 0,
    ExitCode: record.exitCode ?? 0,
    Error: record.error ?? '',
    StartedAt: time(record.startedAtMs),
    FinishedAt: time(record.finishedAtMs),
    ExitFile: join(exits, record.id),
  };
}

function inspectHealth(health: HealthRecord | undefined): Record<string, unknown> {
  const log = health?.log.map(({ startMs, endMs, exitCode, output }) => ({
    Start: time(startMs),
    End: time(endMs),
    ExitCode: exitCode,
    Output: output,
  }));
  return { Status: health?.status ?? '', FailingStreak: health?.failingStreak ?? 0, Log: log ?? null };
}

/** Times in nanoseconds. */
function inspectHealthcheck(spec: HealthcheckSpec | undefined): Record<string, unknown> {
  if (!spec) return {};
  const nanoseconds = (ms: number) => Math.round(ms * 1e6);
  return {
    Healthcheck: {
      Test: spec.test,
      ...(spec.startPeriodMs > 0 ? { StartPeriod: nanoseconds(spec.startPeriodMs) } : {}),
      ...(spec.intervalMs > 0 ? { Interval: nanoseconds(spec.intervalMs) } : {}),
      Timeout: nanoseconds(spec.timeoutMs),
      Retries: spec.retries,
    },
    HealthcheckOnFailureAction: spec.onFailure,
  };
}

/** podman's InspectPodData; `Network` is peapod's own, since there is no infra container to look at. */
export async function inspectPod(
  context: Context,
  views: Views,
  sandboxes: Sandboxes,
  pod: PodRecord,
): Promise<Record<string, unknown>> {
  const sandbox = context.store.sandboxes.get(pod.id) as SandboxRecord;
  const view = await views.pod(pod);
  const { spec } = sandbox;
  const { network } = spec;
  const endpoints = endpointsOf(sandbox);
  const attachments = attachmentsOf(sandbox);
  const drift = await sandboxes.networks.drift(sandbox);
  return {
    Id: pod.id,
    Name: pod.name,
    Created: time(pod.createdAtMs),
    CreateCommand: pod.createCommand,
    State: view.status,
    Hostname: spec.hostname,
    Labels: pod.labels,
    CreateCgroup: spec.cgroup !== undefined,
    CgroupParent: view.cgroupParent,
    ...inspectPodLimits(spec.cgroup?.resources ?? {}),
    CreateInfra: false,
    InfraContainerID: '',
    InfraConfig: {
      PortBindings: portBindings(sandbox),
      HostNetwork: network.kind === 'host',
      StaticIP: endpoints[0]?.spec.staticAddresses[0] ?? '',
      StaticMAC: endpoints[0]?.spec.macAddress ?? '',
      DNSServer: spec.dns.servers,
      DNSSearch: spec.dns.searches,
      DNSOption: spec.dns.options,
      HostAdd: spec.hostEntries.map(({ host, address }) => `${host}:${address}`),
      Networks: view.networks,
      NetworkOptions: Object.fromEntries(endpoints.map((one) => [one.spec.network, one.spec.options])),
    },
    ExitPolicy: pod.options.exitPolicy ?? 'continue',
    SharedNamespaces: pod.shared,
    NumContainers: view.members.length,
    Containers: view.members.map(({ id, name, status }) => ({ Id: id, Name: name, State: status })),
    Network: {
      Backend: view.backend,
      Networks: view.networks,
      Attachments: attachments.map((attachment) => ({
        Network: attachment.network,
        Backend: attachment.backend,
        Interface: attachment.ifname,
        Addresses: attachment.addresses,
        Gateways: attachment.gateways,
        MacAddress: attachment.macAddress ?? '',
        MTU: attachment.mtuBytes,
        DNS: attachment.dns,
      })),
      Addresses: attachments.flatMap(({ addresses }) => addresses),
      DNS: spec.dns.servers.length > 0 ? spec.dns.servers : networkNames(attachments).servers,
      Ports: view.ports.map((port) => ({
        HostIp: port.hostIp,
        HostPort: port.hostPort,
        ContainerPort: port.containerPort,
        Protocol: port.protocol,
        Via: port.via,
      })),
      NamespacePath: netnsPath(context, sandbox),
      Missing: view.missing,
      // What the kernel or the firewall has lost of it.
      Drift: drift,
    },
  };
}

function netnsPath(context: Context, sandbox: SandboxRecord | undefined): string {
  if (!sandbox?.spec.namespaces.includes('net')) return '';
  if (sandbox.spec.network.kind === 'netns') return sandbox.spec.network.path;
  return sandboxFiles(context.paths.sandbox(sandbox.id)).namespace('net');
}
