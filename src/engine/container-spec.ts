import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { checkCapabilities } from '../container/capabilities.ts';
import { PeapodError } from '../errors.ts';
import type { ContainerSpec, ImageRecord, MountSpec, RootfsSpec } from '../store/records.ts';
import { resolveHealthcheck } from './health-spec.ts';
import { parseEnvironment, parseLabels, parseSignal } from './parse-options.ts';
import { parseTmpfs, parseVolume } from './parse-volume.ts';
import type { ContainerCreateRequest } from './requests.ts';
import { parseRestart } from './restart-policy.ts';

export interface SpecInputs {
  /** Absent for `host` and `--rootfs`. */
  readonly image: ImageRecord | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly hostname: string;
}

/** Merges a request with its image's defaults. Throws INVALID_ARGUMENT; touches nothing. */
export function resolveContainerSpec(request: ContainerCreateRequest, inputs: SpecInputs): ContainerSpec {
  const image = inputs.image?.config.config ?? {};
  const healthcheck = resolveHealthcheck(request.health, image.Healthcheck);
  const restart = parseRestart(request.restart, request.remove);
  checkCapabilities(request.capAdd, request.capDrop);
  const security = parseSecurityOptions(request.securityOptions);
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
    env: resolveEnvironment(request, inputs, image.Env ?? []),
    workdir: checkWorkdir(request.workdir ?? (image.WorkingDir || '/')),
    user: request.user ?? image.User ?? '',
    hostname: inputs.hostname,
    labels: { ...image.Labels, ...parseLabels(request.labels, request.labelFiles) },
    annotations: {},
    terminal: request.tty,
    openStdin: request.interactive,
    mounts: resolveMounts(request, inputs.cwd, Object.keys(image.Volumes ?? {})),
    capAdd: request.capAdd,
    capDrop: request.capDrop,
    privileged: request.privileged,
    ...security,
    readOnly: request.readOnly,
    stopSignal: parseSignal(request.stopSignal ?? image.StopSignal ?? 'SIGTERM'),
    stopTimeoutSeconds: request.stopTimeoutSeconds ?? 10,
    remove: request.remove,
    ...(restart ? { restart } : {}),
    ...(healthcheck ? { healthcheck } : {}),
    exposedPorts: Object.keys(image.ExposedPorts ?? {}),
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
    const imageName = inputs.image.names.includes(request.image ?? '')
      ? (request.image as string)
      : (inputs.image.names[0] ?? inputs.image.id);
    return { imageName, rootfs: { kind: 'image', imageId: inputs.image.id } };
  }
  return { imageName: 'host', rootfs: { kind: 'host' } };
}

/** `--entrypoint` takes the image's command away with its entrypoint, as podman has it. */
function resolveCommand(
  request: ContainerCreateRequest,
  imageEntrypoint: readonly string[],
  imageCommand: readonly string[],
): { entrypoint: string[]; command: string[] } {
  const entrypoint =
    request.entrypoint === undefined ? [...imageEntrypoint] : parseEntrypoint(request.entrypoint);
  const useImageCommand = request.command.length === 0 && request.entrypoint === undefined;
  return { entrypoint, command: useImageCommand ? [...imageCommand] : [...request.command] };
}

function parseEntrypoint(word: string): string[] {
  if (word === '') return [];
  if (!word.startsWith('[')) return [word];
  try {
    const list: unknown = JSON.parse(word);
    if (Array.isArray(list) && list.every((item) => typeof item === 'string')) return list;
  } catch {
    // podman takes what is no JSON as one word, too
  }
  return [word];
}

function resolveEnvironment(
  request: ContainerCreateRequest,
  inputs: SpecInputs,
  imageEnv: readonly string[],
): Record<string, string> {
  const callers = request.envHost
    ? Object.fromEntries(
        Object.entries(inputs.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
      )
    : {};
  return {
    ...callers,
    ...parseEnvironment(imageEnv, [], {}),
    ...parseEnvironment(request.env, request.envFiles, inputs.env),
  };
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

/** Flags win over the image's volumes at the same place; two flags at one place are an error. */
function resolveMounts(
  request: ContainerCreateRequest,
  cwd: string,
  imageVolumes: readonly string[],
): MountSpec[] {
  const asked = [
    ...request.volumes.map((word) => parseVolume(word, cwd)),
    ...request.tmpfs.map((word) => parseTmpfs(word)),
  ];
  const places = new Set<string>();
  for (const { destination } of asked) {
    if (places.has(destination)) {
      throw new PeapodError('INVALID_ARGUMENT', `${destination}: duplicate mount destination`);
    }
    places.add(destination);
  }
  const fromImage = imageVolumes
    .filter((path) => !places.has(path))
    .map((path): MountSpec => ({ type: 'volume', source: '', destination: path, options: [] }));
  return [...asked, ...fromImage];
}

function parseSecurityOptions(words: readonly string[]): {
  noNewPrivileges: boolean;
  seccompProfile: string;
} {
  let noNewPrivileges = false;
  let seccompProfile = '';
  for (const word of words) {
    const [key, value = ''] = word.split(/[=:](.*)/s);
    if (key === 'no-new-privileges' && ['', 'true', 'false'].includes(value))
      noNewPrivileges = value !== 'false';
    else if (key === 'seccomp' && value !== '') seccompProfile = value;
    else {
      throw new PeapodError('INVALID_ARGUMENT', `invalid --security-opt "${word}"`, {
        hint: 'seccomp=PROFILE.json, seccomp=unconfined and no-new-privileges are known',
      });
    }
  }
  return { noNewPrivileges, seccompProfile };
}
