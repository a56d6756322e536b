import { PeapodError } from '../errors.ts';
import type { LogSpec } from '../store/records/isolation.ts';
import type { MemberDefaults } from '../store/records/pod-options.ts';
import type { ContainerRecord, ContainerSpec, ImageRecord } from '../store/records.ts';
import { shownName } from './container-spec.ts';
import { exposedPorts } from './exposed-ports.ts';
import { resolveHealthcheck } from './health-spec.ts';
import { parseDevices } from './parse-devices.ts';
import { parseEnvironment } from './parse-options.ts';
import { parseSecurityOptions, readSecurityHost } from './parse-security.ts';
import { parseSignal } from './parse-signal.ts';
import { parseVolume } from './parse-volume.ts';

/** What is a container's own stays with it: a name made of its id, files that it writes for others to read. */
export function specOfClone({ id, spec }: ContainerRecord, cloneId: string): ContainerSpec {
  const { cidFile: _, pidFile: __, conmonPidFile: ___, log, ...rest } = spec;
  return {
    ...rest,
    ...(log ? { log: withoutPath(log) } : {}),
    hostname: spec.hostname === id.slice(0, 12) ? cloneId.slice(0, 12) : spec.hostname,
  };
}

function withoutPath({ path: _, ...log }: LogSpec): LogSpec {
  return log;
}

/** What a container takes from its image. */
interface Defaults {
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly user: string;
  readonly workdir: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly stopSignal: number;
  readonly healthcheck: ContainerSpec['healthcheck'];
  readonly exposedPorts: readonly string[];
  readonly volumes: readonly string[];
}

function defaultsOf(image: ImageRecord | undefined): Defaults {
  const config = image?.config.config ?? {};
  return {
    env: parseEnvironment(config.Env ?? [], [], {}),
    labels: config.Labels ?? {},
    user: config.User ?? '',
    workdir: config.WorkingDir || '/',
    entrypoint: config.Entrypoint ?? [],
    command: config.Cmd ?? [],
    stopSignal: parseSignal(config.StopSignal ?? 'SIGTERM'),
    healthcheck: resolveHealthcheck({ none: false }, config.Healthcheck),
    exposedPorts: exposedPorts(config, []),
    volumes: Object.keys(config.Volumes ?? {}),
  };
}

/** Another image, undefined for `host`: what the container had of the old one it has of the new. Throws INVALID_ARGUMENT. */
export function withImage(
  spec: ContainerSpec,
  old: ImageRecord | undefined,
  image: ImageRecord | undefined,
  name: string,
): ContainerSpec {
  const [before, now] = [defaultsOf(old), defaultsOf(image)];
  const { entrypoint, command, healthcheck: _, ...rest } = spec;
  const pick = <K extends keyof Defaults & keyof ContainerSpec>(key: K) =>
    (Bun.deepEquals(spec[key], before[key], true) ? now[key] : spec[key]) as ContainerSpec[K];
  // A command goes with its entrypoint.
  const isDefault = Bun.deepEquals(entrypoint, before.entrypoint, true);
  const next = {
    entrypoint: isDefault ? now.entrypoint : entrypoint,
    command: isDefault ? pick('command') : command,
  };
  const args = [...next.entrypoint, ...next.command];
  if (args.length === 0) {
    throw new PeapodError(
      'INVALID_ARGUMENT',
      'no command or entrypoint provided, and no CMD or ENTRYPOINT from image',
      { hint: 'the original has the command of its image: choose an image that has one, too' },
    );
  }
  const healthcheck = pick('healthcheck');
  const places = new Set(spec.mounts.map(({ destination }) => destination));
  const volumes = now.volumes.filter((destination) => !places.has(destination));
  return {
    ...rest,
    ...next,
    args,
    imageName: image ? shownName(image, name) : 'host',
    rootfs: image ? { kind: 'image', imageId: image.id } : { kind: 'host' },
    env: { ...wanted(now.env, spec), ...without(spec.env, before.env) },
    labels: { ...now.labels, ...without(spec.labels, before.labels) },
    user: pick('user'),
    workdir: pick('workdir'),
    stopSignal: pick('stopSignal'),
    ...(healthcheck ? { healthcheck } : {}),
    exposedPorts: [
      ...new Set([
        ...now.exposedPorts,
        ...spec.exposedPorts.filter((port) => !before.exposedPorts.includes(port)),
      ]),
    ],
    mounts: [
      ...spec.mounts,
      ...volumes.map((destination) => ({ type: 'volume' as const, source: '', destination, options: [] })),
    ],
  };
}

type Words = Readonly<Record<string, string>>;

function without(all: Words, some: Words): Words {
  return Object.fromEntries(Object.entries(all).filter(([key, value]) => some[key] !== value));
}

function wanted(env: Words, { unsetEnv = [] }: ContainerSpec): Words {
  if (unsetEnv === 'all') return {};
  return Object.fromEntries(Object.entries(env).filter(([name]) => !unsetEnv.includes(name)));
}

/** What a pod gives to its containers, for one that was made elsewhere: the container's own words win. */
export function withMemberDefaults(
  spec: ContainerSpec,
  members: MemberDefaults = {},
  rootless: boolean,
): ContainerSpec {
  const words = [...new Set([...(members.securityOptions ?? []), ...(spec.security?.words ?? [])])];
  const mounts = [
    ...(members.volumes ?? []).map((word) => parseVolume(word, '/')),
    ...(members.inherited ?? []),
  ];
  const { devices = [] } = parseDevices({ devices: members.devices }, rootless);
  const free = <T extends { readonly destination: string }>(own: readonly T[], more: readonly T[]) => [
    ...own,
    ...more.filter(({ destination }) => !own.some((one) => one.destination === destination)),
  ];
  const { pid, uts } = members;
  const namespaces = { ...(pid ? { pid } : {}), ...(uts ? { uts } : {}), ...spec.namespaces };
  return {
    ...spec,
    mounts: free(spec.mounts, mounts),
    ...(devices.length > 0 ? { devices: free(spec.devices ?? [], devices) } : {}),
    ...(words.length > 0 ? parseSecurityOptions(words, '/', readSecurityHost) : {}),
    ...(Object.keys(namespaces).length > 0 ? { namespaces } : {}),
    ...(members.noHosts ? { noHosts: true } : {}),
  };
}
