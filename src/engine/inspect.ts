import { join } from 'node:path';
import { initDestination } from '../container/oci-mounts.ts';
import { sandboxFiles } from '../sandbox/namespaces.ts';
import type { HealthcheckSpec, HealthRecord } from '../store/records/supervision.ts';
import type { ContainerRecord, SandboxRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import { execSessions } from './exec-sessions.ts';
import { inspectCapabilities, inspectCgroup, inspectHostConfig } from './inspect-host-config.ts';
import { binds, inspectMounts, tmpfs } from './inspect-mounts.ts';
import { networkMode, networkSettings, portBindings } from './inspect-network.ts';
import { inspectGraphDriver } from './inspect-storage.ts';
import { inspectLog } from './parse-log.ts';
import { endpointsOf } from './sandbox-networks.ts';
import type { Views } from './views-of.ts';

const never = '0001-01-01T00:00:00Z';

/** As Go's zero time where there is none. */
export function inspectedTime(ms: number | undefined): string {
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
  const state = views.stateOf(record);
  const image = spec.rootfs.kind === 'image' ? store.images.get(spec.rootfs.imageId) : undefined;
  // Where nobody could reach them, or they are a pod's, podman shows none.
  const isOwn = record.sandboxId === id && sandbox !== undefined && endpointsOf(sandbox).length > 0;
  const exposed = isOwn ? spec.exposedPorts : [];
  const isRunning = state === 'running' || state === 'paused';
  return {
    Id: id,
    Created: inspectedTime(record.createdAtMs),
    Path: argv[0] ?? '',
    Args: argv.slice(1),
    State: {
      ...inspectState(record, state, paths.exits),
      ...(isRunning ? inspectCgroup(context, record) : {}),
      Health: inspectHealth(supervision?.health),
    },
    Image: spec.rootfs.kind === 'image' ? spec.rootfs.imageId : '',
    ImageDigest: image?.digest ?? '',
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
    // A container has its caller's label, and none of its own.
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: spec.security?.apparmor ?? '',
    ...inspectCapabilities(context, record),
    ConmonPidFile: spec.conmonPidFile ?? join(runtimeDir, 'conmon.pid'),
    Name: record.name,
    Dependencies: spec.requires ?? [],
    RestartCount: supervision?.restartCount ?? 0,
    Driver: 'overlay',
    GraphDriver: inspectGraphDriver(context, record, { image, isRunning }),
    Mounts: inspectMounts(context, spec.mounts),
    NetworkSettings: networkSettings(sandbox, exposed, netnsPath(context, sandbox)),
    Namespace: '',
    IsInfra: false,
    ExecIDs: execSessions(context, record).flatMap(({ id, isRunning }) => (isRunning ? [id] : [])),
    IsService: false,
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
      HealthcheckOnFailureAction: spec.healthcheck?.onFailure ?? 'none',
      sdNotifyMode: 'ignore',
      CreateCommand: record.createCommand,
      Passwd: !spec.passwd?.none,
      Secrets: (spec.secrets ?? [])
        .filter(({ type }) => type === 'mount')
        .map(({ name, id: ID, uid, gid, mode }) => ({ Name: name, ID, UID: uid, GID: gid, Mode: mode })),
    },
    HostConfig: {
      NetworkMode: networkMode(sandbox, record.podId !== undefined && record.sandboxId === record.podId),
      PortBindings: sandbox ? portBindings(sandbox, exposed) : {},
      AutoRemove: spec.remove,
      RestartPolicy: { Name: spec.restart?.policy ?? 'no', MaximumRetryCount: spec.restart?.maxRetries ?? 0 },
      Privileged: spec.privileged,
      ReadonlyRootfs: spec.readOnly,
      CapAdd: spec.capAdd,
      CapDrop: spec.capDrop,
      ...inspectHostConfig(context, record, sandbox),
      ContainerIDFile: spec.cidFile ?? '',
      // podman has no others, either.
      Runtime: 'oci',
      PublishAllPorts: spec.publishAll ?? false,
      VolumesFrom: spec.volumesFrom ?? null,
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
    StartedAt: inspectedTime(record.startedAtMs),
    FinishedAt: inspectedTime(record.finishedAtMs),
    ExitFile: join(exits, record.id),
  };
}

function inspectHealth(health: HealthRecord | undefined): Record<string, unknown> {
  const log = health?.log.map(({ startMs, endMs, exitCode, output }) => ({
    Start: inspectedTime(startMs),
    End: inspectedTime(endMs),
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
  };
}

/** Empty where it has none of its own. */
export function netnsPath(context: Context, sandbox: SandboxRecord | undefined): string {
  if (!sandbox?.spec.namespaces.includes('net')) return '';
  if (sandbox.spec.network.kind === 'netns') return sandbox.spec.network.path;
  return sandboxFiles(context.paths.sandbox(sandbox.id)).namespace('net');
}
