import { statSync } from 'node:fs';
import { isAbsolute, normalize, resolve } from 'node:path';
import { PeapodError } from '../errors.ts';
import type { MountSpec } from '../store/records.ts';
import { checkName } from './names.ts';
import { parseSize } from './parse-size.ts';
import { checkVolumeOptions } from './parse-volume.ts';

function invalid(message: string, hint?: string): PeapodError {
  return new PeapodError('INVALID_ARGUMENT', message, hint ? { hint } : {});
}

const types = ['bind', 'tmpfs', 'volume', 'image', 'devpts'] as const;
type MountType = (typeof types)[number];

/** What every type takes as it is. */
const plainFlags = new Set('ro rw suid nosuid dev nodev exec noexec'.split(' '));
const bindFlags = new Set(
  'shared rshared private rprivate slave rslave unbindable runbindable bind rbind z Z U O'.split(' '),
);

interface Collected {
  source: string;
  destination: string;
  options: string[];
}

/** `--mount type=bind,source=…,target=…[,options]`. Throws INVALID_ARGUMENT in podman's words. */
export function parseMount(word: string, cwd: string): MountSpec {
  const fields = word.split(',').map((part): [string, string | undefined] => {
    const at = part.indexOf('=');
    return at < 0 ? [part, undefined] : [part.slice(0, at), part.slice(at + 1)];
  });
  const type = mountType(fields);
  const mount: Collected = { source: '', destination: '', options: [] };
  for (const [key, value] of fields) if (key !== 'type') collect(mount, type, key, value);
  if (type === 'image' && (mount.source === '' || mount.destination === ''))
    throw invalid(
      'must set source and destination for image volume',
      'source=IMAGE,target=/path/in/container',
    );
  if (mount.destination === '') throw invalid('must set volume destination', 'target=/path/in/container');
  if (!isAbsolute(mount.destination))
    throw invalid(`invalid container path "${mount.destination}", must be an absolute path`);
  const destination = normalize(mount.destination).replace(/(.)\/$/, '$1');
  if (destination === '/') throw invalid(`"${word}" would cover the container's root`);
  return { ...complete(mount, type, cwd), type, destination };
}

function mountType(fields: readonly (readonly [string, string | undefined])[]): MountType {
  const word = fields.find(([key]) => key === 'type')?.[1] ?? 'volume';
  const type = types.find((known) => known === word);
  if (type) return type;
  throw invalid(`invalid filesystem type "${word}"`, `choose from ${types.join(', ')}`);
}

function collect(mount: Collected, type: MountType, key: string, value: string | undefined): void {
  const isOn = value === undefined || value === 'true';
  const add = (option: string) => mount.options.push(option);
  const unknown = () => invalid(`${key}: invalid mount option`);
  if (type === 'image' && (key === 'rw' || key === 'readwrite')) {
    if (!isOn && value !== 'false') throw invalid(`invalid rw value "${value}": invalid mount option`);
    add(isOn ? 'rw' : 'ro');
    return;
  }
  if (value !== undefined && !isOn && value !== 'false' && (plainFlags.has(key) || bindFlags.has(key)))
    throw unknown();
  switch (key) {
    case 'target':
    case 'dst':
    case 'destination':
      if (!value) throw invalid('must set volume destination');
      mount.destination = value;
      return;
    case 'source':
    case 'src':
      if (type === 'tmpfs' || type === 'devpts') throw invalid(`source is not supported with ${type} mounts`);
      mount.source = value ?? '';
      return;
    case 'readonly':
      add(isOn ? 'ro' : 'rw');
      return;
    case 'ro':
    case 'rw':
      add((key === 'ro') === isOn ? 'ro' : 'rw');
      return;
    case 'consistency': // Docker's for other systems than Linux, and nothing there either
      return;
  }
  if (type === 'image') throw unknown();
  if (plainFlags.has(key)) {
    if (isOn) add(key);
  } else if (type === 'tmpfs') collectTmpfs(add, key, value, unknown);
  else if (type === 'devpts') collectDevpts(add, key, value, unknown);
  else collectBind(add, key, value, isOn, unknown);
}

function collectBind(
  add: (option: string) => void,
  key: string,
  value: string | undefined,
  isOn: boolean,
  unknown: () => PeapodError,
): void {
  if (bindFlags.has(key)) {
    if (isOn) add(key);
  } else if (key === 'bind-propagation' && value && bindFlags.has(value)) add(value);
  else if (key === 'bind-nonrecursive') add(isOn ? 'bind' : 'rbind');
  else if (key === 'relabel' && (value === 'shared' || value === 'private'))
    add(value === 'shared' ? 'z' : 'Z');
  else if (key === 'chown') {
    if (isOn) add('U');
  } else throw unknown();
}

function collectTmpfs(
  add: (option: string) => void,
  key: string,
  value: string | undefined,
  unknown: () => PeapodError,
): void {
  if (key === 'tmpfs-size' && value) add(`size=${parseSize(value, 'tmpfs-size')}`);
  else if (key === 'tmpfs-mode' && value && /^[0-7]{1,4}$/.test(value)) add(`mode=${value}`);
  else if (key === 'tmpcopyup' || key === 'notmpcopyup') add(key);
  else if (key === 'U' || key === 'chown') add('U');
  else throw unknown();
}

function collectDevpts(
  add: (option: string) => void,
  key: string,
  value: string | undefined,
  unknown: () => PeapodError,
): void {
  const isId = (key === 'uid' || key === 'gid' || key === 'max') && /^\d+$/.test(value ?? '');
  const isMode = key === 'mode' && /^[0-7]{1,4}$/.test(value ?? '');
  if (!isId && !isMode) throw unknown();
  add(`${key}=${value}`);
}

function complete(mount: Collected, type: MountType, cwd: string): Pick<MountSpec, 'source' | 'options'> {
  const { source, options } = mount;
  if (type === 'tmpfs' || type === 'devpts') return { source: '', options };
  if (type === 'volume') {
    if (source !== '') checkName(source);
    return { source, options: checkVolumeOptions(options, 'volume') };
  }
  if (type === 'image') return { source, options: options.includes('rw') ? ['rw'] : ['ro'] };
  if (source === '') throw invalid('must set source for bind mounts', 'source=/path/on/this/host');
  const path = isAbsolute(source) ? normalize(source) : resolve(cwd, source);
  if (!statSync(path, { throwIfNoEntry: false }))
    throw invalid(`statfs ${path}: no such file or directory`, 'bind mounts need a source that exists');
  return { source: path, options: checkVolumeOptions(options, 'bind') };
}

/** `--volumes-from CONTAINER[:ro|rw|z]`. */
export function parseVolumesFrom(word: string): {
  readonly container: string;
  readonly options: readonly string[];
} {
  const [container = '', flags, ...more] = word.split(':');
  const options = flags === undefined ? [] : flags.split(',');
  const wrong = options.find((option) => !['ro', 'rw', 'z'].includes(option));
  if (container === '' || more.length > 0 || wrong !== undefined) {
    throw invalid(`invalid --volumes-from "${word}"`, 'CONTAINER, or CONTAINER:ro');
  }
  if (options.includes('ro') && options.includes('rw'))
    throw invalid(`invalid --volumes-from "${word}": cannot be both rw and ro`);
  return { container, options };
}
