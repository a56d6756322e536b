import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { checkCapabilities } from '../container/capabilities.ts';
import { PeapodError } from '../errors.ts';
import type { KeptIds, NamespaceSpec } from '../store/records/isolation.ts';
import type { PasswdSpec } from '../store/records/passwd.ts';
import type { ContainerSpec, ImageRecord, MountSpec, RootfsSpec } from '../store/records.ts';
import { resolveCommand } from './container-command.ts';
import { resolveEnvironment } from './container-environment.ts';
import { resolveMounts } from './container-mounts.ts';
import { exposedPorts } from './exposed-ports.ts';
import { resolveHealthcheck } from './health-spec.ts';
import { parseCgroup } from './parse-cgroup.ts';
import { parseDevices } from './parse-devices.ts';
import { parseLog } from './parse-log.ts';
import { parseAnnotations, parseLabels } from './parse-options.ts';
import { parseProcess } from './parse-process.ts';
import { parseResources } from './parse-resources.ts';
import { parseSecurityOptions, readSecurityHost } from './parse-security.ts';
import { parseSignal } from './parse-signal.ts';
import type { ContainerCreateRequest } from './requests.ts';
import { parseRestart } from './restart-policy.ts';

export interface SpecInputs {
  /** Absent for `host` and `--rootfs`. */
  readonly image: ImageRecord | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly hostname: string;
  /** False if left out. */
  readonly rootless?: boolean;
  /** Whom it runs as where nobody says it. */
  readonly keep?: KeptIds | undefined;
  /** See `resolvePasswd`. */
  readonly passwd?: PasswdSpec | undefined;
  /** None but the default ones if left out. */
  readonly namespaces?: NamespaceSpec;
  /** Of `--volumes-from`. */
  readonly inherited?: readonly MountSpec[];
}

/** Merges a request with its image's defaults. Throws INVALID_ARGUMENT; touches nothing. */
export function resolveContainerSpec(request: ContainerCreateRequest, inputs: SpecInputs): ContainerSpec {
  const image = inputs.image?.config.config ?? {};
  refuseManagers(request);
  const healthcheck = resolveHealthcheck(request.health, image.Healthcheck);
  const restart = parseRestart(request.restart, request.remove);
  checkCapabilities(request.capAdd, request.capDrop);
  const security = parseSecurityOptions(request.securityOptions, inputs.cwd, readSecurityHost);
  const { keep, rootless = false } = inputs;
  const { entrypoint, command } = resolveCommand(request, image.Entrypoint ?? [], image.Cmd ?? []);
  const args = [...entrypoint, ...command];
  if (args.length === 0) {
    throw new PeapodError(
      'INVALID_ARGUMENT',
      `no command or entrypoint provided, and no CMD or ENTRYPOINT from image`,
      {
        hint: 'give the command behind the image: peapod run IMAGE COMMAND',
      },
    );
  }
  return {
    ...resolveRootfs(request, inputs),
    args,
    entrypoint,
    command,
    env: resolveEnvironment(request, inputs.env, image.Env ?? []),
    workdir: checkWorkdir(request.workdir || image.WorkingDir || '/'),
    ...(request.workdir ? { workdirMustExist: true } : {}),
    user: request.user ?? (image.User || (keep ? `${keep.uid}:${keep.gid}` : '')),
    ...(inputs.passwd ? { passwd: inputs.passwd } : {}),
    hostname: inputs.hostname,
    labels: { ...image.Labels, ...parseLabels(request.labels, request.labelFiles) },
    annotations: parseAnnotations(request.annotations ?? []),
    terminal: request.tty,
    openStdin: request.interactive,
    mounts: resolveMounts(request, inputs.cwd, Object.keys(image.Volumes ?? {}), inputs.inherited),
    capAdd: request.capAdd,
    capDrop: request.capDrop,
    privileged: request.privileged,
    ...security,
    readOnly: request.readOnly,
    ...(request.readOnlyTmpfs === false ? { readOnlyTmpfs: false } : {}),
    resources: parseResources(request.resources ?? {}),
    ...(Object.keys(inputs.namespaces ?? {}).length > 0 ? { namespaces: inputs.namespaces } : {}),
    ...parseCgroup(request.cgroup ?? {}),
    ...parseProcess(request.process ?? {}, inputs.env.PATH),
    ...parseDevices(request.deviceFlags ?? {}, rootless),
    ...parseLog(request.logDriver, request.logOptions ?? [], { cwd: inputs.cwd, tty: request.tty }),
    ...unsetVariables(request),
    ...fileSwitches(request),
    ...pidFiles(request, inputs.cwd),
    ...shownOnly(request),
    stopSignal: parseSignal(request.stopSignal ?? image.StopSignal ?? 'SIGTERM'),
    stopTimeoutSeconds: request.stopTimeoutSeconds ?? 10,
    remove: request.remove,
    ...removeImage(request),
    ...(restart ? { restart } : {}),
    ...(healthcheck ? { healthcheck } : {}),
    exposedPorts: exposedPorts(image, request.expose),
  };
}

function resolveRootfs(
  request: ContainerCreateRequest,
  inputs: SpecInputs,
): { imageName: string; rootfs: RootfsSpec } {
  if (request.rootfs !== undefined) {
    const overlay = request.rootfs.endsWith(':O');
    const path = resolve(inputs.cwd, overlay ? request.rootfs.slice(0, -2) : request.rootfs);
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
      throw new PeapodError('INVALID_ARGUMENT', `--rootfs ${path}: no such directory`, {
        hint: 'give a directory that holds a root file system, with :O behind it to leave it untouched',
      });
    }
    return { imageName: path, rootfs: { kind: 'directory', path, overlay } };
  }
  if (inputs.image) {
    const imageName = shownName(inputs.image, request.image);
    return { imageName, rootfs: { kind: 'image', imageId: inputs.image.id } };
  }
  return { imageName: 'host', rootfs: { kind: 'host' } };
}

/** What `ps` shows of an image that was asked for so. */
export function shownName(image: ImageRecord, asked: string | undefined): string {
  return image.names.includes(asked ?? '') ? (asked as string) : (image.names[0] ?? image.id);
}

/** What needs a service manager inside, or one that waits outside. */
function refuseManagers({ systemd = 'false', sdnotify = 'ignore' }: ContainerCreateRequest): void {
  if (!['true', 'false', 'always'].includes(systemd))
    throw new PeapodError('INVALID_ARGUMENT', '--systemd values must be one of "true, false, always"');
  if (!['container', 'conmon', 'ignore'].includes(sdnotify)) {
    throw new PeapodError(
      'INVALID_ARGUMENT',
      `invalid sdnotify value "${sdnotify}": must be container, conmon or ignore`,
    );
  }
  const refused =
    systemd !== 'false'
      ? `--systemd=${systemd}`
      : sdnotify !== 'ignore'
        ? `--sdnotify=${sdnotify}`
        : undefined;
  if (!refused) return;
  throw new PeapodError('INVALID_ARGUMENT', `${refused} is not supported`, {
    hint: refused.startsWith('--systemd')
      ? 'containers are not prepared for a systemd of their own'
      : 'a container is up when peapod run -d has ended',
  });
}

function unsetVariables({ environment }: ContainerCreateRequest): Pick<ContainerSpec, 'unsetEnv'> {
  if (environment?.unsetAll) return { unsetEnv: 'all' };
  return environment?.unset?.length ? { unsetEnv: environment.unset } : {};
}

function fileSwitches(
  request: ContainerCreateRequest,
): Pick<ContainerSpec, 'noHosts' | 'noHostname' | 'timeoutSeconds'> {
  if (request.noHosts && request.addHosts.length > 0)
    throw new PeapodError('INVALID_ARGUMENT', '--no-hosts and --add-host cannot be set together');
  return {
    ...(request.noHosts ? { noHosts: true } : {}),
    ...(request.noHostname ? { noHostname: true } : {}),
    ...(request.timeoutSeconds ? { timeoutSeconds: request.timeoutSeconds } : {}),
  };
}

function pidFiles(
  request: ContainerCreateRequest,
  cwd: string,
): Pick<ContainerSpec, 'pidFile' | 'conmonPidFile'> {
  return {
    ...(request.pidFile ? { pidFile: resolve(cwd, request.pidFile) } : {}),
    ...(request.conmonPidFile ? { conmonPidFile: resolve(cwd, request.conmonPidFile) } : {}),
  };
}

function shownOnly(
  request: ContainerCreateRequest,
): Pick<ContainerSpec, 'cidFile' | 'publishAll' | 'volumesFrom'> {
  return {
    ...(request.cidFile ? { cidFile: request.cidFile } : {}),
    ...(request.publishAll ? { publishAll: true } : {}),
    ...(request.volumesFrom?.length ? { volumesFrom: request.volumesFrom } : {}),
  };
}

function removeImage(request: ContainerCreateRequest): Pick<ContainerSpec, 'removeImage'> {
  if (!request.removeImage) return {};
  if (request.image !== undefined && request.image !== 'host') return { removeImage: true };
  throw new PeapodError('INVALID_ARGUMENT', '--rmi: the container has no image that could be removed');
}

function checkWorkdir(path: string): string {
  if (!path.startsWith('/')) {
    throw new PeapodError(
      'INVALID_ARGUMENT',
      `--workdir ${path}: the container's working directory must be absolute`,
    );
  }
  return path;
}
