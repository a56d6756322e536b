import { join } from 'node:path';
import { PeapodError } from '../errors.ts';
import type { Paths } from '../host/paths.ts';
import type { VolumeRecord } from '../store/records.ts';

type Options = Readonly<Record<string, string>>;

function invalid(message: string, hint?: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', message, hint ? { hint } : {});
}

const known = ['type', 'device', 'o'];

/**
 * `-o type=…`, `-o device=…`, `-o o=…` of `volume create`, with the ids among the latter also under `UID` and `GID`
 * as podman has it. Throws INVALID_ARGUMENT for what the driver cannot do.
 */
export function parseVolumeDriverOptions(words: readonly string[], rootless: boolean): Options {
  const options: Record<string, string> = {};
  for (const word of words) {
    const at = word.indexOf('=');
    const key = at < 0 ? word : word.slice(0, at);
    if (!known.includes(key)) {
      throw invalid(
        `invalid mount option ${key} for driver 'local': invalid argument`,
        "write -o type=…, -o device=… or -o o=…, as mount's -t, source and -o",
      );
    }
    options[key] = at < 0 ? '' : word.slice(at + 1);
  }
  for (const option of mountWords(options)) {
    const [key, value] = option.split('=') as [string, string?];
    if (key !== 'uid' && key !== 'gid') continue;
    if (!/^\d+$/.test(value ?? ''))
      throw invalid(`cannot convert ${key.toUpperCase()} ${value ?? ''} to integer`);
    options[key.toUpperCase()] = value as string;
  }
  checkMountable(options, rootless);
  return options;
}

function checkMountable(options: Options, rootless: boolean): void {
  const { type, device } = options;
  const words = mountWords(options);
  if (isBind(options)) {
    if (!device?.startsWith('/'))
      throw invalid('a volume of type bind needs -o device=DIRECTORY, an absolute path');
    const strange = words.find((word) => !bindWords.has(word));
    if (strange !== undefined) throw invalid(`"${strange}" is no option of a bind mount`);
    return;
  }
  if (type === undefined) {
    const limit = words.find((word) => /^(size|inodes)=/.test(word));
    if (limit !== undefined) {
      throw invalid(
        'volume options size and inodes not supported. Filesystem does not support Project Quota',
        'a tmpfs has a size: -o type=tmpfs -o device=tmpfs -o o=size=64m',
      );
    }
    const left = words.find((word) => !/^[ug]id=|^noquota$/.test(word));
    if (device !== undefined || left !== undefined)
      throw invalid('without a type there is nothing to mount', 'add -o type=…, or o=bind');
    return;
  }
  if (type === 'tmpfs') return;
  if (device === undefined) throw invalid(`a volume of type ${type} needs -o device=…`);
  if (rootless) {
    throw invalid(
      `the kernel lets only root mount ${type}: volumes of an unprivileged user are directories, bind or tmpfs`,
      'mount it as root, then use -o type=bind -o device=DIRECTORY',
    );
  }
}

const bindWords = new Set(
  'bind rbind ro rw dev nodev suid nosuid exec noexec shared rshared slave rslave private rprivate'.split(
    ' ',
  ),
);

function mountWords(options: Options): string[] {
  return (options.o ?? '').split(',').filter((word) => word !== '');
}

function isBind(options: Options): boolean {
  return options.type === 'bind' || mountWords(options).some((word) => word === 'bind' || word === 'rbind');
}

/** Ids that its root was given at creation. */
export function ownerOf({ options }: Pick<VolumeRecord, 'options'>): { uid?: number; gid?: number } {
  return {
    ...(options.UID === undefined ? {} : { uid: Number(options.UID) }),
    ...(options.GID === undefined ? {} : { gid: Number(options.GID) }),
  };
}

/** Where a volume's files are found, and how they get there. */
export interface VolumePlace {
  /** The volume's own directory: lock, and `_data`. */
  readonly dir: string;
  /** What containers mount. */
  readonly data: string;
  /** Options that a container's mount gets unless its own say otherwise. */
  readonly options: readonly string[];
  /** A file system that the first container mounts on `data`, and the last one takes away. */
  readonly mount?: { readonly type: string; readonly device: string; readonly options: string };
}

export function placeOf(
  paths: Paths,
  { name, options }: Pick<VolumeRecord, 'name' | 'options'>,
): VolumePlace {
  const dir = join(paths.volumes, name);
  const words = mountWords(options).filter((word) => word !== 'noquota');
  if (isBind(options)) return { dir, data: options.device as string, options: words };
  const data = join(dir, '_data');
  if (options.type === undefined) return { dir, data, options: [] };
  const { type, device = type } = options;
  return { dir, data, options: [], mount: { type, device, options: words.join(',') } };
}
