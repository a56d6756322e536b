import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type FillRequest, findDirectory } from '../container/fill-volumes.ts';
import { type RootfsPlan, volumeOverlays } from '../container/rootfs.ts';
import type { ResolvedUser } from '../container/user.ts';
import { PeapodError } from '../errors.ts';
import { waitForLock } from '../host/locks.ts';
import { detachMount } from '../host/mounts.ts';
import type { ContainerRecord, MountSpec, VolumeRecord } from '../store/records.ts';
import type { Context } from './context.ts';
import { placeOf, type VolumePlace } from './volume-options.ts';

export interface MountedVolumes {
  /** The container's mounts; the source of a volume is its directory. */
  readonly mounts: readonly MountSpec[];
  /** Commands for where containers live, after the root is mounted and before the container is made. */
  readonly before: readonly (readonly string[])[];
  /** Writes down what the commands have done. */
  settle(): void;
}

/** Mounts, fills and gives away a container's volumes; costs nothing but a look for one in use already. */
export function mountVolumes(
  context: Context,
  record: ContainerRecord,
  plan: RootfsPlan,
  user: ResolvedUser,
): MountedVolumes {
  const fills: FillRequest['volumes'][number][] = [];
  const mounting: string[][] = [];
  const giving: (readonly string[])[] = [];
  const settled: (() => void)[] = [];
  const mounts = record.spec.mounts.map((mount, index): MountSpec => {
    const volume = mount.type === 'volume' ? requireVolume(context, mount.source) : undefined;
    const place = volume && prepare(context, volume);
    if (volume && place) {
      if (place.mount) mounting.push(mountOnce(place.dir, place.data, place.mount));
      const fill = firstUse(mount, volume, place, plan, user);
      if (fill.needed) fills.push(fill.request);
      if (volume.needsChown || fill.request.copy)
        settled.push(() =>
          context.store.volumes.setNeeds(volume.name, {
            chown: false,
            ...(fill.request.copy ? { copyUp: false } : {}),
          }),
        );
    }
    const source = place?.data ?? mount.source;
    if (mount.options.includes('U')) giving.push(['chown', '-R', '-h', `${user.uid}:${user.gid}`, source]);
    const resolved = place ? { ...mount, source, options: merged(mount.options, place.options) } : mount;
    if (!mount.options.includes('O')) return resolved;
    const layers = layersOf(context, record, resolved, index);
    giving.push(...layers.before);
    const overlay = overlaid(context, resolved, layers);
    if (!record.spec.userns) return overlay;
    // Nobody in the container's user namespace may mount what lies outside: it gets the whole.
    const at = join(context.paths.container(record.id), volumeOverlays, String(index), 'merged');
    giving.push(
      ['mkdir', '-p', at],
      ['mount', '-t', 'overlay', 'overlay', '-o', overlay.options.join(','), at],
    );
    return { ...resolved, type: 'bind', source: at };
  });
  const filling = fills.length > 0 ? [fillCommand(context, { root: plan.path, volumes: fills })] : [];
  return {
    mounts,
    before: [...mounting, ...filling, ...giving],
    settle: () => {
      for (const write of settled) write();
    },
  };
}

function requireVolume(context: Context, name: string): VolumeRecord {
  const volume = context.store.volumes.get(name);
  if (volume) return volume;
  throw new PeapodError('NOT_FOUND', `no volume with name "${name}" found: no such volume`);
}

export function makeDirectory(
  context: Context,
  volume: Pick<VolumeRecord, 'name' | 'options'>,
): VolumePlace & { readonly own: string } {
  const place = placeOf(context.paths, volume);
  const own = join(place.dir, '_data');
  if (mkdirSync(own, { recursive: true, mode: 0o755 }) !== undefined) chmodSync(own, 0o755);
  return { ...place, own };
}

/** The directory that a container mounts exists from now on. Throws NOT_FOUND for a device that does not. */
export function prepare(context: Context, volume: Pick<VolumeRecord, 'name' | 'options'>): VolumePlace {
  const { own, ...place } = makeDirectory(context, volume);
  if (place.data !== own && !statSync(place.data, { throwIfNoEntry: false })) {
    throw new PeapodError(
      'NOT_FOUND',
      `volume ${volume.name}: statfs ${place.data}: no such file or directory`,
      { hint: 'its device has to exist while containers use it' },
    );
  }
  return place;
}

/** What an image has at the same place goes into an empty volume once, and so does that directory's owner. */
function firstUse(
  mount: MountSpec,
  volume: VolumeRecord,
  place: VolumePlace,
  plan: RootfsPlan,
  { uid, gid }: ResolvedUser,
): { needed: boolean; request: FillRequest['volumes'][number] } {
  const { needsChown, needsCopyUp } = volume;
  const wanted = needsCopyUp && !mount.options.includes('nocopy');
  const found = needsChown || wanted ? findDirectory(plan.places, mount.destination) : 'absent';
  const copy = wanted && found === 'full';
  return {
    needed: copy || (needsChown && (found !== 'absent' || uid !== 0 || gid !== 0)),
    request: {
      dir: place.dir,
      data: place.data,
      destination: mount.destination,
      copy,
      ...(needsChown ? { owner: { uid, gid } } : {}),
    },
  };
}

/** mountpoint(1) and mount(8) under one lock: of two containers that start, one mounts. */
function mountOnce(dir: string, data: string, mount: NonNullable<VolumePlace['mount']>): string[] {
  const options = mount.options === '' ? [] : ['-o', mount.options];
  const words = ['mount', '-t', mount.type, ...options, mount.device, data];
  const script = 'at=$1; shift; mountpoint -q "$at" || exec "$@"';
  return ['flock', join(dir, 'lock'), 'sh', '-c', script, 'sh', data, ...words];
}

function fillCommand(context: Context, request: FillRequest): string[] {
  return [...context.facts.self, 'internal', 'fill-volumes', JSON.stringify(request)];
}

const opposites: readonly (readonly string[])[] = [
  ['ro', 'rw'],
  ['dev', 'nodev'],
  ['suid', 'nosuid'],
  ['exec', 'noexec'],
  ['bind', 'rbind'],
];

/** The container's own options go before the volume's. */
function merged(own: readonly string[], volumes: readonly string[]): readonly string[] {
  const decided = (option: string) =>
    own.includes(option) ||
    opposites.some((pair) => pair.includes(option) && own.some((each) => pair.includes(each)));
  return [...own, ...volumes.filter((option) => !decided(option))];
}

interface Layers {
  readonly upper: string;
  readonly work: string;
  readonly before: readonly (readonly string[])[];
}

/** Where a mount with `:O` writes: anew at each start, unless the user has said where. */
function layersOf(context: Context, record: ContainerRecord, mount: MountSpec, index: number): Layers {
  const given = (key: string) =>
    mount.options.find((option) => option.startsWith(`${key}=`))?.slice(key.length + 1);
  const [ownUpper, ownWork] = [given('upperdir'), given('workdir')];
  if (ownUpper !== undefined && ownWork !== undefined) return { upper: ownUpper, work: ownWork, before: [] };
  const base = join(context.paths.container(record.id), volumeOverlays, String(index));
  const [upper, work] = [join(base, 'upper'), join(base, 'work')];
  const before = [
    ['rm', '-rf', upper, work],
    ['mkdir', '-p', upper, work],
    ['chown', `--reference=${mount.source}`, upper],
    ['chmod', `--reference=${mount.source}`, upper],
  ];
  return { upper, work, before };
}

/** The runtime lays an overlay over the source, which stays as it is. */
function overlaid(context: Context, mount: MountSpec, { upper, work }: Layers): MountSpec {
  if (/[:,\\]/.test(mount.source)) {
    throw new PeapodError(
      'INVALID_ARGUMENT',
      `the directory ${mount.source} has a character that overlayfs cannot take`,
      { hint: 'rename it without colon, comma and backslash' },
    );
  }
  const options = [`lowerdir=${mount.source}`, `upperdir=${upper}`, `workdir=${work}`];
  if (context.facts.rootless) options.push('userxattr');
  if (mount.options.includes('ro')) options.push('ro');
  return { ...mount, type: 'overlay', source: 'overlay', options };
}

const lockWaitMs = 30_000;

/** Takes away file systems that were mounted for volumes of this container and that no other one uses. Idempotent. */
export async function releaseVolumes(
  context: Context,
  record: ContainerRecord,
  isRunning: (container: ContainerRecord) => boolean,
): Promise<void> {
  const { volumes, containers, operations } = context.store;
  // One that another command is at may have mounted its volumes already.
  const inUse = (id: string) => {
    const other = containers.get(id);
    const operation = operations.get(id);
    return (other && isRunning(other)) || (operation !== undefined && !operations.isAbandoned(operation));
  };
  for (const { type, source } of record.spec.mounts) {
    const volume = type === 'volume' ? volumes.get(source) : undefined;
    if (volume) await unmountUnused(context, volume, (id) => id !== record.id && inUse(id));
  }
}

/** Where none of its containers is in use. */
export async function unmountUnused(
  context: Context,
  volume: VolumeRecord,
  inUse: (containerId: string) => boolean,
): Promise<void> {
  const { dir, data, mount } = placeOf(context.paths, volume);
  if (!mount) return;
  const lock = await waitForLock(join(dir, 'lock'), 'exclusive', lockWaitMs);
  try {
    if (context.store.volumes.usersOf(volume.name).some(inUse)) return;
    if (!context.separateMounts) detachMount(data);
    else await (await context.inside()).run(['umount', '-l', data], { accept: 'any' });
  } finally {
    lock?.release();
  }
}
